"""What differs between two decisions about the same message: to try rules before they are live, or beside the live ones."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from router.model import Decision

_EVIDENCE: Final = frozenset(("decided_by", "explanation", "extracted", "failed", "matched"))
"""Parts of a decision that tell how it came about. What extractors found is compared name by name."""


@dataclass(frozen=True, slots=True)
class Change:
    """One field that two decisions have differently.

    `before` and `after` are the decision's own values: names and numbers of the rules files, never words of a customer. A
    field that an extractor fills (`fields.NAME`) has no value here but `None`, `found`, or `found another value`.
    `by_before` and `by_after` name who decided, as `decided_by` does: a rule, several with commas, `category`, `default`, or
    None where nobody did.
    """

    field: str
    before: Any
    after: Any
    by_before: str | None
    by_after: str | None


def changes(before: Decision, after: Decision) -> tuple[Change, ...]:
    """The fields that differ, in the order of `Decision`; empty where the message is treated alike.

    Every field of a decision is compared, those that are added to it later too; of lists only what is in them, since a rule
    that moved changes the order and nothing else. Who decided is told and not compared.
    """
    found = [
        Change(field, was, now, _by(before, field), _by(after, field))
        for field, read in _FIELDS.items()
        if not _same(was := read(before), now := read(after))
    ]
    return (*found, *_extracted(before, after))


def _reader(attribute: str) -> Callable[[Decision], Any]:
    return lambda decision: getattr(decision, attribute)


_FIELDS: Final[Mapping[str, Callable[[Decision], Any]]] = {
    one.name: _reader(one.name) for one in fields(Decision) if one.name not in _EVIDENCE
}
FIELDS: Final = tuple(_FIELDS)
"""What of a decision is compared, by the names that a `Change` has."""


def _same(was: Any, now: Any) -> bool:
    if isinstance(was, tuple) and isinstance(now, tuple):
        return len(was) == len(now) and all(item in now for item in was)
    return bool(was == now)


def _by(decision: Decision, field: str) -> str | None:
    """Who decided the field. Where a message goes has no entry of its own in `decided_by`: it follows from three others."""
    by = decision.decided_by.get
    if field != "targets":
        return by(field)
    if decision.discard is not None:
        return by("discard")
    names = [name for told in (by("queue", by("category")), by("copy_to")) if told for name in told.split(", ")]
    return ", ".join(dict.fromkeys(names)) or None


def _extracted(before: Decision, after: Decision) -> list[Change]:
    was, now = before.extracted, after.extracted
    return [
        Change(
            f"fields.{name}",
            _told(was, name),
            "found another value" if name in was and name in now else _told(now, name),
            None,
            None,
        )
        for name in dict.fromkeys((*was, *now))
        if was.get(name) != now.get(name)
    ]


def _told(extracted: Mapping[str, object], name: str) -> str | None:
    return "found" if name in extracted else None
