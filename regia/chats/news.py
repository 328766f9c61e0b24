"""What nodes say to each other of chats. Ids of handles only: who misses it sees the same in the tables later."""

from typing import Final, Literal

import msgspec
from msgspec import Struct

TOPIC: Final = "chats"
TYPING: Final = "chats/typing"
"""Visitors who are writing: for whoever shows agents what happens."""

Kind = Literal["left", "came", "typing"]


class Told(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`value` is the handle it is about, `id` the envelope that came; `node` who says it."""

    node: str
    kind: Kind
    value: str
    id: str | None = None
    name: str | None = None


class Writing(Struct, frozen=True, kw_only=True):
    """A visitor writes at the moment."""

    connector: str
    handle: str


class News:
    """What one node says and hears."""

    def __init__(self, node: str) -> None:
        self._node = node

    def left(self, value: str) -> str:
        return self._body("left", value)

    def came(self, value: str, id_: str) -> str:
        return self._body("came", value, id=id_)

    def typing(self, value: str, name: str | None) -> str:
        return self._body("typing", value, name=name)

    def read(self, body: str) -> Told | None:
        """What another node said; None for our own words, and for what a node of another version says."""
        try:
            told = msgspec.json.decode(body, type=Told)
        except msgspec.DecodeError:
            return None
        return None if told.node == self._node else told

    def _body(self, kind: Kind, value: str, **more: str | None) -> str:
        return msgspec.json.encode(Told(node=self._node, kind=kind, value=value, **more)).decode()


def writing(connector: str, value: str) -> str:
    """What is said where a visitor writes."""
    return msgspec.json.encode(Writing(connector=connector, handle=value)).decode()
