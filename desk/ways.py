"""By which ways a customer can be answered now: of each address and channel the last contact that can be."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import Connection, RowMapping, select

from desk.answerable import TEXT, closes, unanswerable
from desk.refusals import RefusalReason
from desk.replies import Channels
from normalizer.inbound import Handle
from storage import lookup
from storage.schema import handles, messages

_LATEST: Final = 40
"""Contacts that are looked at, newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """`message` is the contact that is answered, `to` where the answer goes. `until_ms`: when the channel takes free texts no
    more. `refused` is why it cannot be answered; `approved`: by an approved template it can be all the same. `files`: the kinds
    of files that may go along. `link` is that of the address with the customer."""

    message: str
    link: str
    brand: str
    channel: str
    connector: str
    to: Handle
    at_ms: int
    subject: str | None
    language: str | None
    until_ms: int | None
    refused: RefusalReason | None
    approved: bool
    files: tuple[str, ...]

    @property
    def can_be(self) -> bool:
        """Whether something can be sent by it."""
        return self.refused is None or self.approved


def ways(connection: Connection, customer_id: str, channels: Channels, now_ms: int, *, message: str = "") -> list[Way]:
    """Those of the customer at the top, the one with the latest contact first; what can be answered before what cannot. With
    `message` its way answers that one."""
    links = select(handles.c.id).where(handles.c.customer_id == customer_id)
    query = select(messages).where(messages.c.handle_id.in_(links)).order_by(messages.c.at_ms.desc()).limit(_LATEST)
    found: dict[tuple[str, str, Handle], Way] = {}
    for row in connection.execute(query).mappings():
        one = way(connection, row, channels, now_ms)
        key = (one.connector, one.channel, one.to)
        if key not in found or (one.can_be and not found[key].can_be):
            found[key] = one
    if message and (named := lookup.message(connection, message)) is not None:
        one = way(connection, named, channels, now_ms)
        found[one.connector, one.channel, one.to] = one
    return sorted(found.values(), key=lambda one: not one.can_be)


def way(connection: Connection, row: RowMapping, channels: Channels, now_ms: int) -> Way:
    """That of one stored contact."""
    data: dict[str, Any] = orjson.loads(row["envelope"])["data"]
    refused = unanswerable(connection, row, channels.can_send, now_ms)
    until = closes(connection, row, data)
    return Way(
        message=row["id"],
        link=row["handle_id"],
        brand=row["brand"],
        channel=row["channel"],
        connector=row["connector"],
        to=Handle(**(data["reply"]["via"] or data["sender"]["handle"])),
        at_ms=row["at_ms"],
        subject=data["subject"],
        language=data["language"],
        until_ms=None if until is None else round(datetime.fromisoformat(until).timestamp() * 1000),
        refused=refused,
        approved=refused == "window_closed" and channels.takes_templates(row["connector"]),
        files=_files(data["reply"]["allowed"]),
    )


def chosen(found: Iterable[Way], message: str) -> Way | None:
    """The way that answers a message; without one the first."""
    return next((one for one in found if message in ("", one.message)), None)


def _files(allowed: Collection[str]) -> tuple[str, ...]:
    return tuple(kind for kind in allowed if kind != TEXT)
