"""A record of a file as what identity takes: addresses and facts, or what is wrong with it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final

from identity.facts import BadFacts, read_facts
from identity.listed import Listed
from identity.policy import CRM, Policy
from identity.profile import FIELDS
from identity.views.lookup import address
from normalizer.advice import Problem
from normalizer.inbound import Handle, Proof
from normalizer.values import Invalid, is_as_written, is_blank
from regia.lists.sheet import ADDRESSES, Record

_KINDS: Final = {"crm_id": CRM, "phone": "phone", "email": "email"}
"""The column of each kind of address. The first that a row has is who it is about."""


class BadRow(Exception):
    """Nothing of the row is imported; the text says why, and quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class Row:
    """`shared` are the columns whose address is of many people, and was left out."""

    listed: Listed
    shared: tuple[str, ...]


def read_row(record: Record, *, region: str, policy: Policy, place: str, claimed: Collection[str] = ()) -> Row:
    """`claimed` are the columns whose addresses nobody confirmed. Raises `BadRow`."""
    if record.cells is None:
        raise BadRow(record.problem)
    cells = {name: text for name, text in record.cells.items() if not is_blank(text)}
    handles, problems = _addresses(cells, region, claimed)
    try:
        facts = read_facts(_facts(cells))
    except BadFacts as bad:
        problems |= bad.problems
    if problems:
        raise BadRow("; ".join(f"{name}: {problem}" for name, problem in problems.items()))
    shared = tuple(name for name, handle in handles.items() if policy.is_shared(handle))
    own = tuple(handle for name, handle in handles.items() if name not in (*shared, *claimed))
    claims = tuple(handle for name, handle in handles.items() if name in claimed and name not in shared)
    if not own:
        raise BadRow(_nobodys(shared, is_claimed=bool(claims)))
    about = {name: facts[name] for name in FIELDS if name in facts}
    return Row(Listed(handles=own, facts=about, place=place, claims=claims), shared)


def _nobodys(shared: Collection[str], *, is_claimed: bool) -> str:
    """Why a row is about nobody."""
    if is_claimed:
        return "nobody confirmed its address (--claimed), so it does not tell whose the row is: it needs a crm_id too"
    return "its address is known to be of many people" if shared else f"it has none of {', '.join(ADDRESSES)}"


def _addresses(cells: Mapping[str, str], region: str, claimed: Collection[str]) -> tuple[dict[str, Handle], dict[str, str]]:
    """By column: addresses, and what is wrong with the others."""
    handles, problems = dict[str, Handle](), dict[str, str]()
    for name, kind in _KINDS.items():
        if name in cells:
            try:
                handles[name] = _address(kind, cells[name], region, "claimed" if name in claimed else "agent")
            except Invalid as invalid:
                problems[name] = invalid.problem.advice()
    return handles, problems


def _address(kind: str, text: str, region: str, proof: Proof) -> Handle:
    """Raises `Invalid`, also for a mail address that would become another mailbox's."""
    found = address(kind, text, region, proof)
    if kind == "email" and not is_as_written(text.strip(), found.value):
        raise Invalid(Problem("pattern"))
    return found


def _facts(cells: Mapping[str, str]) -> dict[str, object]:
    """An empty cell says nothing."""
    given: dict[str, object] = {name: cells[name] for name in FIELDS if name in cells}
    if "tags" in cells:
        given["tags"] = cells["tags"].split(";")
    return given


class Later:
    """Which facts a later row of the same file gives for the same address: of those the last one holds, so that the file says
    the same thing however often it is imported. Rows with different CRM ids are of different people, whatever else they share.
    By the text of the cells. An address that is only claimed makes no two rows one person's: who registers with another's would
    take away what the list says of them."""

    def __init__(self, claimed: Collection[str] = ()) -> None:
        self._by = [name for name in ADDRESSES if name not in claimed]
        self._seen: set[int] = set()
        self._last: dict[int, dict[str, int]] = {}
        """Address and field to the CRM id of the rows that give it, or nothing, to the line of the last of them."""

    def add(self, record: Record) -> None:
        for own in self._texts(record):
            if hash(own) not in self._seen:
                self._seen.add(hash(own))
                continue
            for name in FIELDS:
                if not is_blank((record.cells or {}).get(name, "")):
                    self._last.setdefault(hash((own, name)), {})[_crm_id(record)] = record.line

    def without(self, row: Row, record: Record) -> Listed:
        """The row with the facts that no later one gives."""
        listed = row.listed
        facts = {name: value for name, value in listed.facts.items() if not self._comes(name, record)}
        return replace(listed, facts=facts)

    def _comes(self, name: str, record: Record) -> bool:
        crm_id = _crm_id(record)
        return any(
            line > record.line
            for own in self._texts(record)
            for other, line in self._last.get(hash((own, name)), {}).items()
            if "" in (crm_id, other) or crm_id == other
        )

    def _texts(self, record: Record) -> list[tuple[str, str]]:
        cells = record.cells or {}
        return [(name, text) for name in self._by if (text := cells.get(name, "").strip().lower())]


def _crm_id(record: Record) -> str:
    return (record.cells or {}).get("crm_id", "").strip()
