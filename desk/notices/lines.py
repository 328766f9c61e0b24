"""What a notice says of each contact, read from what is stored of it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, Connection, RowMapping

from normalizer.inbound import reference_number
from storage import notice_items

What = Literal["contact", "warning", "breach"]
SNIPPET: Final = 100
"""Characters of a customer's words."""
_NOT_IN_A_LINE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")
_ADDRESS: Final = re.compile(r"https?://[^\s\x00-\x1f\x7f<>\"]{1,2000}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One contact. `label` is what people call its category; `since_ms`: since when somebody waits in its conversation, None
    where nobody does; `link` leads to its ticket, or where the configuration says. `due_ms` is the end of a `promise`."""

    what: What
    message: str
    conversation: str
    brand: str
    channel: str
    category: str
    label: str
    priority: int
    reference: str
    received_ms: int
    since_ms: int | None
    ticket: str | None
    link: str | None
    snippet: str | None
    promise: str | None = None
    due_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What is known of rules and configuration: what people call a brand's category, and where a contact without a ticket's
    address is looked at (with `{message}`, `{conversation}` and `{reference}` to be filled in)."""

    label: Callable[[str, str], str]
    link: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a notice is about: `total` contacts, how many of each label, and the oldest of them."""

    total: int
    counts: tuple[tuple[str, int], ...]
    lines: tuple[Line, ...]


def told(connection: Connection, this: ColumnElement[bool], look: Look, *, most: int, snippet: bool) -> Told:
    """The contacts that are still stored, at most so many of them one by one."""
    counts: dict[str, int] = {}
    for _, brand, category, count in notice_items.counted(connection, this):
        label = look.label(brand, category)
        counts[label] = counts.get(label, 0) + count
    rows = notice_items.contacts(connection, this, most)
    urls = notice_items.ticket_urls(connection, {row["conversation_id"] for row in rows if row["ticket"] is not None})
    lines = tuple(_line(row, urls.get((row["conversation_id"], row["ticket"])), look, snippet=snippet) for row in rows)
    by_number = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return Told(total=sum(counts.values()), counts=tuple(by_number), lines=lines)


def _line(row: RowMapping, url: str | None, look: Look, *, snippet: bool) -> Line:
    data: dict[str, Any] = orjson.loads(row["envelope"])["data"]
    reference = reference_number(UUID(row["id"]))
    ids = {"message": row["id"], "conversation": row["conversation_id"], "reference": reference}
    known = url if url is not None and _ADDRESS.fullmatch(url) else None
    return Line(
        what=row["what"],
        brand=row["brand"],
        channel=row["channel"],
        category=row["category"],
        label=look.label(row["brand"], row["category"]),
        priority=data["routing"]["priority"],
        received_ms=row["received_ms"],
        since_ms=row["since_ms"],
        ticket=_short(row["ticket"]),
        link=known or (None if look.link is None else look.link.format_map(ids)),
        snippet=_short(data["text"] or data["subject"]) if snippet else None,
        promise=row["promise"],
        due_ms=row["due_ms"],
        **ids,
    )


def _short(text: str | None) -> str | None:
    """One line, and not a long one."""
    words = " ".join(_NOT_IN_A_LINE.sub(" ", (text or "")[: 10 * SNIPPET]).split())
    return (words if len(words) <= SNIPPET else f"{words[: SNIPPET - 1]}…") or None
