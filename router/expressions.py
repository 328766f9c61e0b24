"""Expressions in CEL, the Common Expression Language: type-checked against the vocabulary when they are loaded.

The language is Google's cel-cpp behind a small protocol, so that another implementation can take its place. Two of
its habits matter here: a run-time error (a missing value, a division by zero) comes back as a *value*, so only
`True` itself is true; and text with a lone surrogate makes the whole activation fail, so text is mended first.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol, cast

from cel_expr_python import cel  # type: ignore[import-untyped]  # the wheel has stubs, but no py.typed

from router.expression_limits import ITEMS_MAX, Broken, broken, patterns, too_long
from router.patterns import PROGRAM_MAX, PatternInvalid, compile_pattern
from router.vocabulary import Fact, Facts, FactType

_TYPES: Final[Mapping[FactType, Any]] = {
    "text": cel.Type.STRING,
    "integer": cel.Type.INT,
    "number": cel.Type.DOUBLE,
    "boolean": cel.Type.BOOL,
    "date": cel.Type.STRING,
    "list": cel.Type.List(cel.Type.STRING),
}
_ERROR: Final = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*)")
_CODE: Final = re.compile(r"[A-Z][A-Z_]+(?=:)")
_REASONS: Final = {"UNKNOWN": "a value is not of its declared type"}
"""For the codes that say too little. The messages behind them are left out: they may quote what a customer wrote."""
_NAMES: Final = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_CONFIG: Final = """
stdlib:
  exclude_macros: [map]
  exclude_functions: [{name: dyn}]
"""
"""`map` makes lists of texts that are kept until the end. What is `dyn` is checked by nobody."""
_INT64: Final = 2**63
_HUGE: Final = 10**300


@dataclass(frozen=True, slots=True)
class ExpressionProblem:
    """What is wrong with an expression; line and column are inside it, from 1."""

    line: int
    column: int
    message: str
    hint: str | None = None


class ExpressionInvalid(Exception):
    """The expression cannot be used; `problems` says why."""

    def __init__(self, problems: Iterable[ExpressionProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(problem.message for problem in self.problems))


class Expressions(Protocol):
    """What the router asks of an expression language."""

    def compile(self, source: str) -> tuple[tuple[str, ...], Callable[[object], bool | str]]:
        """The facts an expression may ask for, and its evaluation. Raises ExpressionInvalid."""

    def activation(self, facts: Facts, names: Iterable[str]) -> object:
        """The facts of those names, prepared for evaluating any number of expressions."""


class CelExpressions:
    """CEL over one vocabulary. A missing fact is no variable: an expression that needs it is not true."""

    def __init__(self, vocabulary: Mapping[str, Fact]) -> None:
        self._vocabulary = vocabulary
        self._env = cel.NewEnv(
            config=cel.NewEnvConfigFromYaml(_CONFIG), variables={name: _TYPES[fact.type] for name, fact in vocabulary.items()}
        )

    def compile(self, source: str) -> tuple[tuple[str, ...], Callable[[object], bool | str]]:
        _raise_for(source, too_long(source))
        try:
            program = self._env.compile(source)
        except RuntimeError as error:
            raise ExpressionInvalid(_problems(source, str(error))) from None
        except TypeError:  # half a surrogate pair
            raise ExpressionInvalid([ExpressionProblem(1, 1, "holds a character that is not text")]) from None
        if program.return_type() != cel.Type.BOOL:
            message = "the expression must be true or false, but gives another type"
            raise ExpressionInvalid([ExpressionProblem(1, 1, message, _hint(source, ""))])
        _raise_for(source, broken(source))
        _raise_for(source, self._wrong_patterns(source))
        return self._facts_of(source), _evaluation(program)

    def _wrong_patterns(self, source: str) -> Iterator[Broken]:
        """What is wrong with the patterns of `matches`: each by itself, and their size together."""
        steps = 0
        for index, written in patterns(source):
            pattern = self._env.compile(written).eval(self._env.Activation({})).value()
            try:
                steps += compile_pattern(pattern).programsize
            except PatternInvalid as error:
                yield Broken(index, f"is no RE2 pattern: {error}", error.hint or "")
        if steps > PROGRAM_MAX:
            yield Broken(0, "the patterns of the expression are too large together", f"at most {PROGRAM_MAX:,} steps")

    def activation(self, facts: Facts, names: Iterable[str]) -> object:
        known = {}
        for name in names:
            value = _as_cel(facts.get(name), self._vocabulary[name].type)
            if value is not None:
                known[name] = value
        return self._env.Activation(known)

    def _facts_of(self, source: str) -> tuple[str, ...]:
        """Every name of the vocabulary the source mentions; one in a literal too, which does no harm."""
        found: dict[str, None] = {}
        for match in _NAMES.finditer(source):
            parts = match.group().split(".")
            found.update((name, None) for n in range(len(parts)) if (name := ".".join(parts[: n + 1])) in self._vocabulary)
        return tuple(found)


def _raise_for(source: str, wrong: Iterable[Broken]) -> None:
    problems = [ExpressionProblem(*_line_and_column(source, one.index), one.message, one.hint or None) for one in wrong]
    if problems:
        raise ExpressionInvalid(problems)


def _line_and_column(source: str, index: int) -> tuple[int, int]:
    return source.count("\n", 0, index) + 1, index - source.rfind("\n", 0, index)


def _evaluation(program: Any) -> Callable[[object], bool | str]:
    def evaluate(activation: object) -> bool | str:
        try:
            value = program.eval(activation).value()
        except RuntimeError as error:  # e.g. the iteration budget is used up
            value = str(error)
        if value is True or value is False:
            return bool(value)
        code = _CODE.match(str(value))
        return _REASONS.get(code.group(), code.group().replace("_", " ").lower()) if code else "failed"

    return evaluate


def _as_cel(value: object, kind: FactType) -> object:
    """The value as CEL takes it, or None where it is missing or not of its declared type."""
    if kind == "list":
        fits = isinstance(value, tuple | frozenset) and len(value) <= ITEMS_MAX
        return [_mended(item) for item in cast("Iterable[str]", value)] if fits else None
    if kind == "boolean":
        return value if isinstance(value, bool) else None
    if kind in ("text", "date"):
        return _mended(value) if isinstance(value, str) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if kind == "number":
        return float(value) if -_HUGE < value < _HUGE else None
    return value if isinstance(value, int) and -_INT64 <= value < _INT64 else None


def _mended(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _problems(source: str, error: str) -> list[ExpressionProblem]:
    found = [
        ExpressionProblem(int(line), int(column), message.removesuffix(" [INVALID_ARGUMENT]"), _hint(source, message))
        for line, column, message in _ERROR.findall(error)
    ]
    if "recursion" in error:
        return [ExpressionProblem(1, 1, "the expression is nested too deeply", "at most 32 levels: use several conditions")]
    return found or [ExpressionProblem(1, 1, "the expression cannot be used: " + error.partition("\n")[0])]


def _hint(source: str, message: str) -> str | None:
    if "(double, int)" in message or "(int, double)" in message:
        return "a declared number is compared with a number that has a point: write 500.0"
    if re.search(r"\.\s*map\s*\(", source):
        return "map does not exist here: use exists, all, exists_one or filter"
    if re.search(r"\bhas\s*\(", source):
        return "has() is not needed: a comparison with a missing value is simply not true"
    if "undeclared reference" in message:
        return "use a name of the vocabulary, and declare your own under fields:"
    return None
