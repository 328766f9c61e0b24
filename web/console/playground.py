"""The playground of the rules, and what came of trying them: plain values for its template."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from config.problems import Problem
from normalizer.advice import Language
from router.differing import Change
from router.model import Decision, Place, Sla
from router.saying import decided_in_words
from router.testing import Mismatch
from router.wording import value_in_words
from web.console.problems import in_language
from web.console.texts.conditions import CONDITIONS

_SHOWN: Final = (
    "category",
    "targets",
    "priority",
    "tags",
    "owners",
    "sla",
    "product",
    "playbook",
    "reply",
    "notify",
    "discard",
)
_RULES_MAX: Final = 400
"""Rules of an explanation that are shown; matched ones always are."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of the rules: its name, the name without its folder, and its text."""

    name: str
    short: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The message: three facts by themselves, all others as `tests:` write them. `id` is that of a stored one."""

    channel: str = ""
    subject: str = ""
    text: str = ""
    facts: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A place in the page's files: `file` is its number, None for the message."""

    file: int | None
    name: str
    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """Something to be corrected, and where."""

    spot: Spot
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class FieldRow:
    """A field of the decision: its value and who decided it."""

    name: str
    value: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRow:
    """What became of a rule: matched, failed or not_tried. `won` are the fields it won; `condition` failed, at `why`; `values`
    has what the message had."""

    name: str
    spot: Spot
    outcome: str
    won: tuple[str, ...] = ()
    condition: str = ""
    why: Spot | None = None
    values: tuple[tuple[str, str], ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class MoveRow:
    """A field that the rules that decide now have otherwise."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of an attempt. `why` is set where it has no outcome: time, memory, busy."""

    why: str = ""
    wrong: tuple[Wrong, ...] = ()
    fields: tuple[FieldRow, ...] = ()
    rules: tuple[RuleRow, ...] = ()
    left_out: int = 0
    moves: tuple[MoveRow, ...] | None = None

    @property
    def decided(self) -> bool:
        return bool(self.fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class TestRow:
    """A test that failed."""

    name: str
    spot: Spot
    mismatches: tuple[tuple[str, str, str, str], ...]
    """Field, expected, got, and who decided it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tests:
    """`total` is None where the rules cannot be loaded."""

    why: str = ""
    total: int | None = None
    failed: tuple[TestRow, ...] = ()


def result_of(
    files: Sequence[str],
    language: Language,
    *,
    why: str = "",
    problems: Sequence[Problem] = (),
    wrong_message: Sequence[Problem] = (),
    decision: Decision | None = None,
    explained: Mapping[str, Any] | None = None,
    moves: Sequence[Change] | None = None,
) -> Result:
    """`files` are the names of the page's files in their order."""
    wrong = wrong_of(files, (*problems, *wrong_message), language)
    if decision is None or explained is None:
        return Result(why=why, wrong=wrong)
    rules, left_out = _rules(files, explained["rules"], language)
    by = decision.decided_by
    told = [FieldRow(name, said(value), by.get(name, "")) for name in _SHOWN if _is_said(value := getattr(decision, name))]
    found = [FieldRow(f"fields.{name}", str(value), "") for name, value in decision.extracted.items()]
    changed = None if moves is None else tuple(MoveRow(one.field, said(one.before), said(one.after)) for one in moves)
    return Result(fields=(*told, *found), rules=rules, left_out=left_out, moves=changed)


def tests_of(files: Sequence[str], told: Sequence[tuple[str, Place, Sequence[Mismatch], Mapping[str, str]]] | None) -> Tests:
    """Of each test its name, place, what mismatched, and who decided; None where the rules cannot be loaded."""
    if told is None:
        return Tests()
    failed = tuple(
        TestRow(
            name=name,
            spot=spot(files, *place),
            mismatches=tuple(
                (one.field, _expected(one.expected), _expected(one.actual), by.get(one.field, "")) for one in wrong
            ),
        )
        for name, place, wrong, by in told
        if wrong
    )
    return Tests(total=len(told), failed=failed)


def wrong_of(files: Sequence[str], problems: Sequence[Problem], language: Language) -> tuple[Wrong, ...]:
    """What is wrong with the files, or with the message, each with its place."""
    return tuple(_wrong(files, one, language) for one in problems)


def spot(files: Sequence[str], file: str, line: int | None, column: int | None) -> Spot:
    """A place by the name of its file."""
    number = files.index(file) if file in files else None
    return Spot(file=number, name=file.rpartition("/")[2], line=line or 1, column=column or 1)


def _wrong(files: Sequence[str], one: Problem, language: Language) -> Wrong:
    message = f"{one.key}: " if one.key else ""
    message += in_language(one.message, language)
    hint = in_language(one.hint or "", language)
    return Wrong(spot=spot(files, one.file, one.line, one.column), message=message[:500], hint=hint[:500])


def said(value: Any) -> str:
    """A value of a decision, short: nothing is a dash."""
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "—"
    if isinstance(value, Sla) and value.calendar:
        return f"{decided_in_words(replace(value, calendar=None))}, calendar {value.calendar}"
    return "—" if value is None else decided_in_words(value)


def _is_said(value: Any) -> bool:
    return value not in (None, (), "")


def _rules(files: Sequence[str], rules: Sequence[Mapping[str, Any]], language: Language) -> tuple[tuple[RuleRow, ...], int]:
    """The first of them, and all that matched; how many are left out."""
    shown = [one for number, one in enumerate(rules) if number < _RULES_MAX or one["outcome"] == "matched"]
    return tuple(_rule(files, one, language) for one in shown), len(rules) - len(shown)


def _rule(files: Sequence[str], rule: Mapping[str, Any], language: Language) -> RuleRow:
    at, failed = spot(files, rule["file"], rule["line"], 1), rule.get("failed")
    if failed is None:
        return RuleRow(name=rule["name"], spot=at, outcome=rule["outcome"], won=tuple(rule.get("won", ())))
    return RuleRow(
        name=rule["name"],
        spot=at,
        outcome=rule["outcome"],
        condition=failed["condition"],
        why=spot(files, failed["file"], failed["line"], failed["column"]),
        values=tuple((name, value_in_words(value, CONDITIONS[language])) for name, value in failed["values"].items()),
        error=in_language(failed.get("error", ""), language),
    )


def _expected(value: object) -> str:
    return said(value) if not isinstance(value, Mapping) else ", ".join(f"{name}: {one}" for name, one in value.items())
