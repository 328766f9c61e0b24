"""Reading `when:` into conditions."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import count
from typing import Final, Literal, cast

from router.expressions import ExpressionInvalid, Expressions
from router.fold import fold, words
from router.model import Bound, Comparison, Condition, Expression, FactOperator, FactTest, Group
from router.patterns import PatternInvalid, compile_pattern
from router.reading import Node, suggestion
from router.vocabulary import DECLARED_UNDER, Fact

_TEXT_OPERATORS: Final = ("words", "contains", "starts_with", "matches")
_WORDS_OF_LOGIC: Final = ("any", "all", "not", "expr")
_DEPTH_MAX: Final = 16
_BOUND: Final = re.compile(r"\s*(==|!=|<=|>=|<|>|=)\s*(\S+)\s*")

Operand = str | bool | Bound | None


@dataclass(frozen=True, slots=True)
class ConditionReader:
    """Reads conditions against one vocabulary and numbers them, from 1, through the whole ruleset."""

    vocabulary: Mapping[str, Fact]
    expressions: Expressions
    numbers: "count[int]"

    @property
    def known(self) -> tuple[str, ...]:
        """Every key a condition may have."""
        return (*self.vocabulary, *_WORDS_OF_LOGIC)

    def read(self, node: Node, depth: int = 0) -> tuple[Condition, ...]:
        """The conditions of a mapping, in order; all of them must hold. What is wrong has been reported."""
        if not isinstance(node.value, dict) or not node.value:
            node.fail("must be a mapping with at least one condition", "for example {channel: email}")
            return ()
        if depth > _DEPTH_MAX:
            node.fail(f"conditions are nested deeper than {_DEPTH_MAX}")
            return ()
        return tuple(part for key, child in node.mapping().items() for part in self._entry(key, child, depth))

    def _entry(self, key: str, node: Node, depth: int) -> Iterator[Condition]:
        if key == "expr":
            yield from self._expression(node)
        elif key in ("any", "all", "not"):
            yield from self._group(cast(Literal["any", "all", "not"], key), node, depth)
        elif (fact := self.vocabulary.get(key)) is not None:
            yield from self._fact(key, fact, node)
        else:
            node.fail("unknown condition", self._hint(key), key=True)

    def _hint(self, key: str) -> str | None:
        prefix, dot, _ = key.partition(".")
        declared = f"declare it under {DECLARED_UNDER[prefix]}:" if prefix in DECLARED_UNDER else None
        if dot and declared:
            return suggestion(key, self.vocabulary) or declared
        inner = [name for name in self.vocabulary if name.startswith(f"{key}.")]
        return f"use one of {', '.join(inner)}" if inner else declared or suggestion(key, self.known)

    def _group(self, word: Literal["any", "all", "not"], node: Node, depth: int) -> Iterator[Condition]:
        if word == "not" and isinstance(node.value, dict):
            items = [node]
        elif isinstance(node.value, list) and node.value:
            items = list(node.items())
        else:
            node.fail("must be a list of conditions" if word != "not" else "must be a condition or a list of them")
            return
        number = next(self.numbers)
        parts = tuple(part for item in items for part in self._joined(item, depth + 1))
        yield Group(number, node.place, word, parts)

    def _joined(self, node: Node, depth: int) -> Iterator[Condition]:
        """One condition for a mapping: several keys stand for all of them."""
        number = next(self.numbers)
        parts = self.read(node, depth)
        if len(parts) == 1:
            yield parts[0]
        elif parts:
            yield Group(number, node.place, "all", parts)

    def _expression(self, node: Node) -> Iterator[Condition]:
        source = node.text()
        if source is None:
            return
        try:
            facts, evaluate = self.expressions.compile(source)
        except ExpressionInvalid as error:
            for problem in error.problems:
                node.fail_inside(problem.line, problem.column, problem.message, problem.hint)
        else:
            yield Expression(next(self.numbers), node.place, source.strip(), facts, evaluate)

    def _fact(self, name: str, fact: Fact, node: Node) -> Iterator[Condition]:
        if isinstance(node.value, dict):
            yield from self._operators(name, fact, node)
            return
        operator: FactOperator = "compare" if fact.type in ("integer", "number", "date") else "equals"
        operands = tuple(operand for item in node.one_or_many() for operand in _operand(item, fact))
        yield FactTest(next(self.numbers), node.place, name, fact.type, operator, operands)

    def _operators(self, name: str, fact: Fact, node: Node) -> Iterator[Condition]:
        if fact.type not in ("text", "list"):
            node.fail(f"a {fact.type} is compared with a value", 'for example ">= 2"' if fact.type != "boolean" else None)
            return
        if not node.value:
            node.fail("must name at least one of " + ", ".join(_TEXT_OPERATORS))
        for operator, child in node.mapping(_TEXT_OPERATORS).items():
            operands = tuple(text for item in child.one_or_many() for text in _checked(operator, item))
            yield FactTest(next(self.numbers), child.place, name, fact.type, cast(FactOperator, operator), operands)


def _checked(operator: str, node: Node) -> Iterator[str]:
    """The text of an operator, where it can ever match."""
    text = node.text()
    if text is None:
        return
    if operator == "words" and not words(text):
        node.fail("has no letter or digit, so it is no word", "use contains for signs")
    elif operator in ("contains", "starts_with") and not fold(text):
        node.fail("has nothing left after folding")
    elif operator == "matches":
        yield from _pattern(node, text)
    else:
        yield text


def _pattern(node: Node, text: str) -> Iterator[str]:
    try:
        compile_pattern(text)
    except PatternInvalid as error:
        node.fail(f"is no RE2 pattern: {error}", "lookaround and back-references do not exist in RE2")
    else:
        yield text


def _operand(node: Node, fact: Fact) -> Iterator[Operand]:
    if node.value is None and isinstance(node.loc[-1], str):
        yield None  # asks for a message that does not have the fact
        return
    yield from _OPERANDS[fact.type](node, fact)


def _text_operand(node: Node, fact: Fact) -> Iterator[str]:
    text = node.text()
    if text is None:
        return
    if fact.choices and text not in fact.choices:
        node.fail("can never be so", suggestion(text, fact.choices))
    else:
        yield text


def _flag_operand(node: Node, fact: Fact) -> Iterator[bool]:
    flag = node.flag()
    if flag is not None:
        yield flag


def _number_operand(node: Node, fact: Fact) -> Iterator[Bound]:
    value = node.value
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield Bound("==", value)
    elif isinstance(value, str) and (bound := _bound(value, _as_number)) is not None:
        yield bound
    else:
        node.fail("must be a number or a comparison with one", 'for example 2 or ">= 2"')


def _date_operand(node: Node, fact: Fact) -> Iterator[Bound]:
    value = node.value
    if isinstance(value, str) and (bound := _bound(value, _as_date) or _bound(f"== {value}", _as_date)) is not None:
        yield bound
    else:
        node.fail("must be a date or a comparison with one", 'for example 2026-11-30 or ">= 2026-11-30"')


def _bound(text: str, convert: Callable[[str], float | str | None]) -> Bound | None:
    match = _BOUND.fullmatch(text)
    value = convert(match[2]) if match else None
    if match is None or value is None:
        return None
    return Bound(cast(Comparison, "==" if match[1] == "=" else match[1]), value)


def _as_number(text: str) -> float | None:
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        return None


def _as_date(text: str) -> str | None:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return None


_OPERANDS: Final[Mapping[str, Callable[[Node, Fact], Iterator[Operand]]]] = {
    "text": _text_operand,
    "list": _text_operand,
    "boolean": _flag_operand,
    "integer": _number_operand,
    "number": _number_operand,
    "date": _date_operand,
}
