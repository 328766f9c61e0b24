"""Customers found as somebody types: by id, reference number, order number, address, or name.

Each way has an index. What stands in the middle of an address or a name is looked for in the index alone, never in the rows.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, and_, or_, select

from identity import said
from identity.people import handle_key
from identity.views.lookup import address
from normalizer.inbound import Handle, ids_of_reference
from normalizer.values import Invalid
from storage.schema import customers, handles, mentions, messages
from storage.schema_customers import SHORT_NAME

How = Literal["id", "reference", "order", "handle", "claim", "name"]

SHORTEST: Final = 2
"""Characters that are looked for in addresses and names."""
_LONGEST: Final = 200
_WORDS: Final = 5
_INNER: Final = 3
"""The same in the middle of addresses."""
_NUMBER: Final = re.compile(r"[+0-9][0-9 ()./-]*", re.ASCII)
_DIGITS: Final = 3
_VOWELS: Final = ("a", "e", "i", "o", "u")
_GRAVE: Final = "\u0300"
"""Italian names have accents at the end: Niccolò."""
_MENTIONS: Final = 200
"""Mentions of one thing that are looked at, the latest first: everybody may type the same address."""
_LAST: Final = "\U0010ffff"
"""Behind every text that begins with what stands before it."""


@dataclass(frozen=True, slots=True)
class Found:
    """A customer at the top, and by what of theirs they were found; `value` is that address, name or number. By `claim`: they
    only said that the address is theirs."""

    customer: str
    how: How
    value: str


def search(
    connection: Connection, typed: str, *, spaces: Iterable[str], whole: bool = False, limit: int = 20
) -> tuple[Found, ...]:
    """The customers that fit, each once, the surest first. `whole`: only by what was typed to its end, so that nobody can spell
    an address out letter by letter. `spaces` are the brands there are."""
    text = " ".join(typed.replace("\0", " ").split())[:_LONGEST]
    if not text:
        return ()
    return tuple(islice(_each_once(_found(connection, text, tuple(spaces), limit, whole=whole)), limit))


def _each_once(found: Iterable[Found]) -> Iterator[Found]:
    seen: set[str] = set()
    for one in found:
        if one.customer not in seen:
            seen.add(one.customer)
            yield one


def _found(connection: Connection, text: str, spaces: tuple[str, ...], limit: int, *, whole: bool) -> Iterator[Found]:
    surely = False
    for one in _by_whole(connection, text, spaces):
        surely = True
        yield one
    if not (surely or whole) and len(text) >= SHORTEST:
        yield from _by_part(connection, text, limit)


def _by_whole(connection: Connection, text: str, spaces: tuple[str, ...]) -> Iterator[Found]:
    yield from _by_id(connection, text)
    yield from _by_message(connection, text)
    yield from _by_order(connection, text, spaces)
    yield from _by_address(connection, text, spaces)
    yield from _by_claim(connection, text, spaces)


def _by_id(connection: Connection, text: str) -> Iterator[Found]:
    for row in connection.execute(select(customers.c.root_id).where(customers.c.id == text)):
        yield Found(row.root_id, "id", text)


def _by_message(connection: Connection, text: str) -> Iterator[Found]:
    """By the number a customer was given, or the id of an envelope."""
    bounds = ids_of_reference(text) or _id(text)
    if bounds is None:
        return
    low, high = map(str, bounds)
    query = select(handles.c.customer_id).join(messages, messages.c.handle_id == handles.c.id)
    for row in connection.execute(query.where(messages.c.id >= low, messages.c.id <= high)):
        yield Found(row.customer_id, "reference", text.upper())


def _id(text: str) -> tuple[UUID, UUID] | None:
    try:
        return UUID(text), UUID(text)
    except ValueError:
        return None


def _by_order(connection: Connection, text: str, spaces: tuple[str, ...]) -> Iterator[Found]:
    for customer in _mentioning(connection, (one.key for space in spaces for one in said.orders(space, [text]))):
        yield Found(customer, "order", text)


def _by_claim(connection: Connection, text: str, spaces: tuple[str, ...]) -> Iterator[Found]:
    """By a whole address that they typed somewhere, and write from another."""
    for handle in _addresses(text):
        keys = (said.claim(handle_key(space, "claimed", handle)).key for space in spaces)
        for customer in _mentioning(connection, keys):
            yield Found(customer, "claim", handle.value)


def _mentioning(connection: Connection, keys: Iterable[str]) -> Iterator[str]:
    query = select(handles.c.customer_id).join(mentions, mentions.c.handle_id == handles.c.id)
    query = query.where(mentions.c.key.in_(list(keys))).order_by(mentions.c.at_ms.desc()).limit(_MENTIONS)
    for row in connection.execute(query):
        yield row.customer_id


def _by_address(connection: Connection, text: str, spaces: tuple[str, ...]) -> Iterator[Found]:
    """By a whole one, in whatever spelling; also one that was theirs once."""
    keys = [
        handle_key(space, standing, handle)
        for handle in _addresses(text)
        for space in spaces
        for standing in ("verified", "claimed")
    ]
    which = or_(handles.c.key.in_(keys), handles.c.value == text)
    query = select(handles.c.customer_id, handles.c.value).where(which)
    for row in connection.execute(query.order_by(handles.c.ended_ms.is_not(None), handles.c.standing.desc())):
        yield Found(row.customer_id, "handle", row.value)


def _addresses(text: str) -> Iterator[Handle]:
    for kind in ("email", "phone"):
        try:
            yield address(kind, text)
        except Invalid:
            continue


def _by_part(connection: Connection, text: str, limit: int) -> Iterator[Found]:
    value, is_number = handles.c.value, _is_number(text)
    owner = select(handles.c.customer_id, value).limit(limit)
    for start in _begin(text):
        yield from _handles(connection, owner.where(*_begins(connection, start)))
    if not is_number and "@" not in text:
        named = select(customers.c.root_id, customers.c.name).where(SHORT_NAME, _has_words(connection, text)).limit(limit)
        for row in connection.execute(named):
            yield Found(row.root_id, "name", row.name)
    if len(text) >= _INNER and (is_number or " " not in text):
        inner = _digits(text) if is_number else text.lower()
        yield from _handles(connection, owner.where(value.contains(inner, autoescape=True)))


def _handles(connection: Connection, query: Select[tuple[str, str]]) -> Iterator[Found]:
    for row in connection.execute(query):
        yield Found(row.customer_id, "handle", row.value)


def _begins(connection: Connection, start: str) -> Iterator[ColumnElement[bool]]:
    """As each database finds it by the index: SQLite's LIKE does not, and PostgreSQL orders letters by its own rules."""
    value = handles.c.value
    if connection.dialect.name == "sqlite":
        yield value >= start
        yield value < start + _LAST
    else:
        yield value.startswith(start, autoescape=True)


def _begin(text: str) -> tuple[str, ...]:
    """How an address may begin that is typed like this."""
    if not _is_number(text):
        return tuple({text, text.lower()})
    digits = _digits(text)
    return (f"+{digits}",) if text.startswith("+") else (f"+{digits.removeprefix('00')}", f"+39{digits}", digits)


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None and len(_digits(text)) >= _DIGITS


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def _has_words(connection: Connection, text: str) -> ColumnElement[bool]:
    """Every word stands in the name, with or without accents, in whatever case."""
    # SQLite's LIKE knows no case of ASCII letters anyway; to ask for it costs thrice the time.
    like = "contains" if connection.dialect.name == "sqlite" else "icontains"
    has = getattr(customers.c.name, like)
    return and_(*(or_(*(has(one, autoescape=True) for one in _spellings(word))) for word in text.split()[:_WORDS]))


def _spellings(word: str) -> list[str]:
    """Neither database knows that `è` is an `e`, nor SQLite its capital."""
    plain = "".join(one for one in unicodedata.normalize("NFKD", word) if not unicodedata.combining(one))
    marked = [f"{plain[:-1]}{unicodedata.normalize('NFC', plain[-1] + _GRAVE)}"] if plain[-1:].lower() in _VOWELS else []
    return list(dict.fromkeys((word, *((plain, word.capitalize()) if plain != word else ()), *marked)))
