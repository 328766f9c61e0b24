"""Envelopes of somebody who was merged with the customer for a time: they show the customer's name, addresses and last
messages. That is taken out of them; what their own customer wrote stays as it is.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy import Connection

from identity.ids import new_id
from regia.erasing.reach import Reach
from regia.erasing.told import changed_event
from storage import erased, events, once_merged
from storage.family import Family
from storage.once_merged import OnceMerged, Stored

_PAGE: Final = 100
_ERASED: Final = "(erased)"
"""What an explanation shows in the place of a value that somebody else had."""


@dataclass(frozen=True, slots=True)
class _Theirs:
    """What is the customer's, and nobody else's."""

    links: Collection[str]
    addresses: frozenset[tuple[str, str]]
    words: frozenset[str]
    """Names, tiers and tags."""


async def rewrite_others(reach: Reach, found: Family, *, actor: str, now_ms: int) -> int:
    """Take what is the customer's out of other customers' envelopes; how many were changed. To be done while the customer's
    links are there. Raises `DatabaseUnavailable`."""
    times = await reach.database.read(lambda connection: once_merged.find(connection, found.ids))
    if times is None:
        return 0
    owners = await reach.database.read(lambda connection: once_merged.owners(connection, times.ids))
    theirs = await reach.database.read(lambda connection: _theirs(connection, found, owners))
    changed, after = 0, ""
    while page := await reach.database.read(lambda connection, after=after: _page(connection, owners, times, after)):  # type: ignore[misc]
        after = page[-1].id

        def work(connection: Connection, page: Sequence[Stored] = page) -> int:
            rewritten = list(_rewritten(connection, page, theirs))
            if rewritten:
                once_merged.rewrite(connection, rewritten)
                told = changed_event(found, [one.id for one in rewritten], act=new_id("act"), actor=actor, at_ms=now_ms)
                events.add(connection, [told])
            return len(rewritten)

        changed += await reach.database.write(work)
    return changed


def _page(connection: Connection, owners: Collection[str], times: OnceMerged, after: str) -> Sequence[Stored]:
    return once_merged.written(connection, owners, times, after=after, limit=_PAGE)


def _theirs(connection: Connection, found: Family, owners: Collection[str]) -> _Theirs:
    addresses = {(link.kind, link.value) for link in found.links} - once_merged.addresses(connection, owners)
    words = _words(once_merged.names(connection, found.ids)) - _words(once_merged.names(connection, owners))
    return _Theirs(found.link_ids, frozenset(addresses), frozenset(words))


def _words(rows: Iterable[tuple[str | None, ...]]) -> set[str]:
    """Every text of some profiles: of name and tier, of the list of tags, and of facts as they are nested."""
    found: set[str] = set()
    for name, tier, tags, *facts in rows:
        found |= {word for word in (name, tier) if word}
        for text in (tags, *facts):
            found |= set(_texts(orjson.loads(text))) if text else set()
    return found


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)


def _rewritten(connection: Connection, page: Sequence[Stored], theirs: _Theirs) -> Iterator[Stored]:
    """Those of the envelopes that are to be other ones."""
    envelopes = [(one, orjson.loads(one.envelope)) for one in page]
    shown = {_contact(each) for _, envelope in envelopes for each in envelope["data"].get("history", ())}
    gone = once_merged.by_links(connection, shown, theirs.links) | {
        id_ for id_, kind in erased.kinds(connection, shown).items() if kind == "message"
    }
    for one, envelope in envelopes:
        said = _said(envelope["data"])
        if _cut(envelope["data"], gone, theirs):
            words = said - _said(envelope["data"])
            yield Stored(one.id, orjson.dumps(envelope), _without(one.explanation, words))


def _contact(shown: Mapping[str, Any]) -> str:
    """The contact that an entry of a history is, or answers: whose that is, is whose the entry is."""
    return str(shown.get("answers") or shown["id"])


def _said(data: dict[str, Any]) -> set[str]:
    """What rules may have seen of the customer's profile."""
    customer = data.get("customer") or {}
    return {word for word in (customer.get("tier"), *customer.get("tags", ())) if word}


def _without(explanation: bytes, words: Collection[str]) -> bytes:
    """The record of a decision without what was taken out of its envelope. Which questions held stays as it was."""
    record = orjson.loads(explanation)
    if not words or not isinstance(record, dict):
        return explanation
    record["values"] = [_left(value, words) for value in record.get("values", ())]
    return orjson.dumps(record)


def _left(value: Any, words: Collection[str]) -> Any:
    if isinstance(value, list):
        return [item for item in value if item not in words]
    return _ERASED if isinstance(value, str) and value in words else value


def _cut(data: dict[str, Any], gone: Collection[str], theirs: _Theirs) -> bool:
    """Take what is theirs out of an envelope's data; whether there was something."""
    before = orjson.dumps([data.get("history"), data.get("customer")])
    data["history"] = [one for one in data.get("history", ()) if _contact(one) not in gone]
    if customer := data.get("customer"):
        customer["handles"] = [one for one in customer["handles"] if (one["kind"], one["value"]) not in theirs.addresses]
        customer["name"] = None if customer["name"] in theirs.words else customer["name"]
        customer["tier"] = None if customer["tier"] in theirs.words else customer["tier"]
        customer["tags"] = [tag for tag in customer["tags"] if tag not in theirs.words]
    return orjson.dumps([data.get("history"), data.get("customer")]) != before
