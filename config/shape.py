"""What a settings model says about the values of a document, read from its type annotations before it validates them.

Three questions are answered: which values are secrets, text or none of our business (`kinds`), which keys are known
at a place (`known_keys`), and which values bear a mark (`marked`). Models, dataclasses, typed dictionaries, mappings,
lists, unions and aliases are followed.
"""

import collections.abc
import dataclasses
import types
import typing
from collections.abc import Iterator
from enum import Enum
from typing import Annotated, Any, Final, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, RootModel, SecretBytes, SecretStr
from pydantic.fields import FieldInfo

from config.document import Loc
from config.secrets import UrlMark

M = TypeVar("M")


class Kind(Enum):
    """What is done with a value before the model sees it. Where members of a union differ, the first kind counts."""

    SECRET = 1
    URL = 2
    TEXT = 3


_UNIONS: Final = (Union, types.UnionType)
_LISTS: Final = (collections.abc.Sequence, collections.abc.Set)
_SCALARS: Final = (str, int, float, bool)
_OPAQUE: Final = (Any, object, dict, list)
"""Values under these are handed on as they stand: who validates them later resolves them."""


def kinds(annotation: Any, data: Any, loc: Loc = ()) -> dict[Loc, Kind]:
    """The values of `data`, by their way from its root, that are secrets or text under `annotation`."""
    found: dict[Loc, Kind] = {}
    for shape, is_url in _alternatives(annotation, data):
        for place, kind in _kinds(shape, is_url, data, loc):
            found[place] = min(kind, found.get(place, kind), key=lambda kind: kind.value)
    return found


def _kinds(shape: Any, is_url: bool, data: Any, loc: Loc) -> Iterator[tuple[Loc, Kind]]:
    if isinstance(shape, type) and issubclass(shape, SecretStr | SecretBytes):
        yield loc, Kind.URL if is_url else Kind.SECRET
    elif isinstance(data, dict | list):
        for part, value in data.items() if isinstance(data, dict) else enumerate(data):
            child = _child(shape, part)
            if child is not None:
                yield from kinds(child, value, (*loc, part)).items()
    elif isinstance(data, str) and shape not in _OPAQUE:
        yield loc, Kind.TEXT


def known_keys(annotation: Any, data: Any, loc: Loc) -> frozenset[str]:
    """The keys that may stand in the mapping at `loc`; empty where any key may, or none."""
    if not loc:
        shapes = (one for shape, _ in _alternatives(annotation, data) for one in _mappings(shape, data))
        return frozenset(key for shape in shapes for key in _fields(shape) or ())
    value = data[loc[0]]
    children = (_child(shape, loc[0]) for shape, _ in _alternatives(annotation, data))
    return frozenset(key for child in children if child is not None for key in known_keys(child, value, loc[1:]))


def _mappings(shape: Any, data: Any) -> Iterator[Any]:
    """The type itself; of a list, where one mapping stands for a list of one, that of its items."""
    origin = get_origin(shape)
    if isinstance(data, dict) and isinstance(origin, type) and issubclass(origin, _LISTS):
        yield from (one for one, _ in _alternatives(get_args(shape)[0], data))
    else:
        yield shape


def marked(annotation: Any, data: Any, kind: type[M], loc: Loc = ()) -> Iterator[tuple[Loc, M]]:
    """The values of `data` whose annotation bears a mark of this kind, by their way from its root."""
    if get_origin(annotation) is Annotated:
        yield from ((loc, mark) for mark in get_args(annotation)[1:] if isinstance(mark, kind))
    if isinstance(data, dict | list):
        for shape, _ in _alternatives(annotation, data):
            for part, value in data.items() if isinstance(data, dict) else enumerate(data):
                child = _child(shape, part)
                if child is not None:
                    yield from marked(child, value, kind, (*loc, part))


def _alternatives(annotation: Any, data: Any, *, is_url: bool = False) -> Iterator[tuple[Any, bool]]:
    """The types `data` may have under `annotation`, without wrappers, each with whether it is marked as an address."""
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *marks = get_args(annotation)
        is_url = is_url or any(isinstance(mark, UrlMark) for mark in marks)
        yield from _alternatives(inner, data, is_url=is_url)
    elif origin in _UNIONS:
        members = [m for arm in get_args(annotation) for m in _alternatives(arm, data, is_url=is_url)]
        yield from [member for member in members if _fits(member[0], data)] or members
    elif isinstance(annotation, type) and issubclass(annotation, RootModel):
        yield from _alternatives(_annotated(annotation.model_fields["root"]), data, is_url=is_url)
    elif hasattr(annotation, "__value__"):  # a named alias
        yield from _alternatives(annotation.__value__, data, is_url=is_url)
    elif annotation is not types.NoneType:
        yield annotation, is_url


def _fits(shape: Any, data: Any) -> bool:
    """False where a `Literal` field, such as the tag of a union, says that `data` is another member."""
    fields = _fields(shape)
    if fields is None or not isinstance(data, dict):
        return True
    literals = ((key, get_args(hint)) for key, hint in fields.items() if get_origin(hint) is Literal)
    return all(data.get(key, options[0]) in options for key, options in literals)


def _child(shape: Any, part: str | int) -> Any:
    """The annotation of what stands under `part`; None where nothing may, or nothing is known."""
    fields = _fields(shape)
    if fields is not None:
        return fields.get(str(part))
    origin = get_origin(shape)
    arguments = get_args(shape)
    if isinstance(origin, type) and issubclass(origin, collections.abc.Mapping):
        return arguments[-1]
    if origin is tuple and isinstance(part, int) and Ellipsis not in arguments:
        return arguments[part] if part < len(arguments) else None
    if isinstance(origin, type) and issubclass(origin, _LISTS):
        return arguments[0]
    return None if shape in _OPAQUE or shape in _SCALARS else shape


def _fields(shape: Any) -> dict[str, Any] | None:
    """Keys and annotations of a type with named fields; None for any other type."""
    if not isinstance(shape, type) or get_origin(shape) is not None:
        return None
    if issubclass(shape, BaseModel):
        return {key: _annotated(info) for name, info in shape.model_fields.items() for key in _keys(shape, name, info)}
    if dataclasses.is_dataclass(shape) or typing.is_typeddict(shape):
        return typing.get_type_hints(shape, include_extras=True)
    return None


def _keys(model: type[BaseModel], name: str, info: FieldInfo) -> tuple[str, ...]:
    alias = info.validation_alias if isinstance(info.validation_alias, str) else info.alias
    if alias is None:
        return (name,)
    by_name = model.model_config.get("populate_by_name") or model.model_config.get("validate_by_name")
    return (alias, name) if by_name else (alias,)


def _annotated(info: FieldInfo) -> Any:
    return Annotated[(info.annotation, *info.metadata)] if info.metadata else info.annotation
