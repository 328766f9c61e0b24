"""Who may be one customer: gathered while a batch is under way, each with its reason and how likely it is."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal
from uuid import UUID, uuid5

from sqlalchemy import Connection, select, update

from identity import naming, said
from identity.contact import Contact
from identity.daily import Made, within_a_day
from identity.merging import Guard
from identity.people import Customer, Link, Standing
from identity.said import Mention
from identity.store import rows_among
from storage.bulk import insert_rows
from storage.schema import customers, handles, mentions, suggestions

Reason = Literal["same_claim", "recycled"] | said.Reason | Guard

_SPACE: Final = UUID("2f0f6a2e-8c1c-5a0e-9d5e-7f1f0b9a2d11")
_SCORES: Final[Mapping[Reason, tuple[int, int]]] = MappingProxyType(
    {
        "same_claim": (60, 80),
        "same_order": (50, 75),
        "same_words": (40, 65),
        "similar_name": (30, 30),
        "recycled": (40, 40),
        "unmerged": (10, 10),
        "given_up": (40, 40),
        "crm_conflict": (85, 85),
        "handle_cap": (85, 85),
        "merge_cap": (85, 85),
        "names_differ": (85, 85),
        "both_merged": (85, 85),
    }
)
"""Without and with names that are alike."""
_SAID: Final = select(mentions.c.key, mentions.c.handle_id, handles.c.customer_id, handles.c.standing).join(
    handles, handles.c.id == mentions.c.handle_id
)
_OTHERS: Final = select(customers.c.id, customers.c.root_id, customers.c.standing, customers.c.name)


@dataclass(frozen=True, slots=True)
class _Pair:
    """`customer` is whose contact it is, `other` a customer's id, which need not be loaded."""

    customer: Customer
    other: str
    reason: Reason
    evidence: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class _Teller:
    """Who mentioned something by a link, and whether that is proven."""

    owner: str
    standing: Standing


class Suggestions:
    """The suggestions of one batch, and what its contacts mention. `most`: how many a customer makes a day by what it only
    says; None where the batch is no customer's word. `left_out` counts, once saved, those that were more, by reason."""

    def __init__(self, connection: Connection, contacts: Sequence[Contact], most: int | None = None) -> None:
        self._connection = connection
        self._most = most
        self.left_out: Counter[str] = Counter()
        self._pairs: list[_Pair] = []
        self._said: dict[str, dict[str, _Teller]] = {}
        """Key to links that mentioned it."""
        self._new: list[dict[str, Any]] = []
        made = [each for one in contacts for each in one.mentions if each.reason != said.CLAIM]
        keys = {key for each in made for key in (each.key, each.also) if key}
        for row in rows_among(connection, _SAID, mentions.c.key, keys):
            self._said.setdefault(row.key, {})[row.handle_id] = _Teller(row.customer_id, row.standing)

    def add(self, customer: Customer, other: str, reason: Reason, contact: Contact) -> None:
        self._pairs.append(_Pair(customer, other, reason, contact.evidence, contact.received_ms))

    def mention(self, customer: Customer, link: Link, contact: Contact) -> None:
        """Remember what a contact mentions, and suggest those who mentioned it before."""
        for each in contact.mentions:
            if each.reason == said.CLAIM:
                self._note(each, customer, link, contact)
                continue
            before = {**self._said.get(each.also or "", {}), **self._said.get(each.key, {})}
            proven, claimed = (
                {one.owner for one in before.values() if (one.standing == "claimed") is is_claim} - {customer.id}
                for is_claim in (False, True)
            )
            for other in sorted(said.others(each.reason, proven, claimed, is_proven=link.standing == "verified")):
                self.add(customer, other, each.reason, contact)
            self._remember(each, customer, link, contact)

    def save(self, root: Callable[[str], str], known: Mapping[str, Customer], now_ms: int) -> None:
        """Write them, by who is at the top of whom now."""
        insert_rows(self._connection, mentions, sorted(self._new, key=lambda row: (row["key"], row["handle_id"])), ignore=True)
        others = self._others({root(pair.other) for pair in self._pairs} - known.keys()) | dict(known)
        made: list[Made] = []
        for pair in self._pairs:
            one, other = others.get(root(pair.customer.id)), others.get(root(pair.other))
            if one is not None and other is not None and one.root_id != other.root_id:
                row = suggestion(one, other, pair.reason, evidence=pair.evidence, at_ms=pair.at_ms)
                made.append(Made(row, by=one.root_id))
        rows, self.left_out = within_a_day(self._connection, made, self._most, now_ms)
        # Sorted, so that two nodes that make the same cannot deadlock.
        insert_rows(self._connection, suggestions, [rows[id_] for id_ in sorted(rows)], ignore=True)

    def _remember(self, each: Mention, customer: Customer, link: Link, contact: Contact) -> None:
        mine = self._said.get(each.key, {})
        if sum(one.standing == link.standing for one in mine.values()) < said.KEPT:
            self._note(each, customer, link, contact)

    def _note(self, each: Mention, customer: Customer, link: Link, contact: Contact) -> None:
        """Once for each link; what the tables have already stays as it is there."""
        mine = self._said.setdefault(each.key, {})
        if link.id in mine:
            return
        mine[link.id] = _Teller(customer.id, link.standing)
        self._new.append(
            {
                "key": each.key,
                "handle_id": link.id,
                "reason": each.reason,
                "message_id": str(contact.message.id),
                "at_ms": contact.at_ms,
            }
        )

    def _others(self, ids: Iterable[str]) -> dict[str, Customer]:
        """The others by what a suggestion needs. One that was merged meanwhile stands for who is above it."""
        found = {row.id: row for row in rows_among(self._connection, _OTHERS, customers.c.id, list(ids))}
        return {
            id_: Customer(row.root_id, "", row.standing, 0, 0, root_id=row.root_id, name=row.name) for id_, row in found.items()
        }


def settle(connection: Connection, tops: Collection[str], now_ms: int) -> None:
    """Close the suggestions between customers who stand below one of `tops` together by now."""
    one, other = customers.alias("one"), customers.alias("other")
    joined = (
        select(suggestions.c.id)
        .join(one, one.c.id == suggestions.c.customer_id)
        .join(other, other.c.id == suggestions.c.owner_id)
        .where(suggestions.c.state == "open", one.c.root_id == other.c.root_id, one.c.root_id.in_(tops))
    )
    values = {"state": "accepted", "decided_ms": now_ms}
    connection.execute(update(suggestions).where(suggestions.c.id.in_(joined)).values(values))


def suggestion(one: Customer, other: Customer, reason: Reason, *, evidence: str, at_ms: int) -> dict[str, Any]:
    """A row: the claimed side first, the owner second; between equals the order of their ids, so that a pair is named once."""
    first, second = sorted((one, other), key=lambda it: (it.standing != "claimed", it.id))
    low, high = _SCORES[reason]
    return {
        "id": f"sug_{uuid5(_SPACE, '/'.join((first.id, second.id, reason))).hex}",
        "space": one.space or other.space,
        "customer_id": first.id,
        "owner_id": second.id,
        "reason": reason,
        "score": high if naming.alike(one.name, other.name) else low,
        "evidence": evidence,
        "state": "open",
        "created_ms": at_ms,
    }
