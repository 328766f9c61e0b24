"""What the annotations of a model say: which values are secrets or text, and which keys are known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypedDict

import pytest
from pydantic import BaseModel, Field, JsonValue, RootModel, SecretStr

from config.document import Loc
from config.secrets import Secret, SecretUrl
from config.shape import Kind, kinds, known_keys


class Leaf(BaseModel):
    token: Secret
    name: str = ""


class Aliased(BaseModel):
    token: Secret = Field(alias="key")


class ByName(BaseModel, populate_by_name=True):
    token: Secret = Field(alias="key")


class Tagged(BaseModel):
    type: Literal["tagged"]
    value: SecretStr


class Other(BaseModel):
    type: Literal["other", "another"]
    value: str


class Tree(BaseModel):
    token: Secret
    children: "list[Tree]" = []


class Typed(TypedDict):
    token: Secret


@dataclass
class Data:
    token: Annotated[Secret, "note"]


Listed = RootModel[list[Leaf]]
S, U, T = Kind.SECRET, Kind.URL, Kind.TEXT
LEAF = {"token": "x", "name": "y", "extra": "z"}


@pytest.mark.parametrize(
    ("annotation", "data", "expected"),
    [
        (Leaf, LEAF, {("token",): S, ("name",): T}),
        (Leaf | None, LEAF, {("token",): S, ("name",): T}),
        (Leaf, {"token": None, "name": 3}, {("token",): S}),
        (Leaf, "text", {(): T}),
        (Aliased, {"key": "x", "token": "y"}, {("key",): S}),
        (ByName, {"token": "y"}, {("token",): S}),
        (dict[str, Leaf], {"a": {"token": "x"}}, {("a", "token"): S}),
        (Mapping[str, list[Secret]], {"a": ["x", "y"]}, {("a", 0): S, ("a", 1): S}),
        (Sequence[Leaf], [{"token": "x"}], {(0, "token"): S}),
        (tuple[str, Secret], ["x", "y", "z"], {(0,): T, (1,): S}),
        (tuple[Secret, ...], ["x", "y"], {(0,): S, (1,): S}),
        (set[str], ["x"], {(0,): T}),
        (Listed, [{"token": "x"}], {(0, "token"): S}),
        (Typed, {"token": "x"}, {("token",): S}),
        (Data, {"token": "x"}, {("token",): S}),
        (Tree, {"token": "x", "children": [{"token": "y"}]}, {("token",): S, ("children", 0, "token"): S}),
        (SecretUrl | None, "x", {(): U}),
        (Annotated[SecretUrl, Field(min_length=1)], "x", {(): U}),
        (str | Secret, "x", {(): S}),
        (Tagged | Other, {"type": "another", "value": "x"}, {("type",): T, ("value",): T}),
        (Tagged | Other, {"type": "tagged", "value": "x"}, {("type",): T, ("value",): S}),
        (Tagged | Other, {"type": "nothing", "value": "x"}, {("type",): T, ("value",): S}),
        (JsonValue, ["x", {"a": "y"}], {(0,): T, (1, "a"): T}),
        (Any, {"a": "x"}, {}),
        (Any | None, "x", {}),
        (dict[str, Any] | None, {"a": {"b": "x"}}, {}),
        (dict[str, object] | str, {"a": "x"}, {}),
        (dict, {"a": "x"}, {}),
    ],
)
def test_kinds(annotation: Any, data: Any, expected: dict[Loc, Kind]) -> None:
    assert kinds(annotation, data) == expected


@pytest.mark.parametrize(
    ("annotation", "data", "loc", "expected"),
    [
        (Leaf, {}, (), {"token", "name"}),
        (ByName, {}, (), {"token", "key"}),
        (dict[str, list[Leaf]], {"a": [{}]}, ("a", 0), {"token", "name"}),
        (Tagged | Other, {"type": "other"}, (), {"type", "value"}),
        (Leaf | Tagged, {"type": "other"}, (), {"token", "name"}),
        (dict[str, str], {}, (), set()),
        (Leaf, {"token": {}}, ("token",), set()),
    ],
)
def test_known_keys(annotation: Any, data: Any, loc: Loc, expected: set[str]) -> None:
    assert known_keys(annotation, data, loc) == expected
