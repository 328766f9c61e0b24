"""Reading `when:` into conditions."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Final, Literal, cast

from router import keys
from router.blocks import NamedConditions
from router.expressions import ExpressionInvalid, Expressions
from router.fold import fold, words
from router.model import Bound, Comparison, Condition, Expression, FactOperator, FactTest, Group
from router.moments import day
from router.named import NamedTexts, Wrong
from router.names import NESTED_MAX
from router.reading import Node, suggestion
from router.vocabulary import DECLARED_UNDER, Fact

BOUND: Final = re.compile(r"\s*(==|!=|<=|>=|<|>|=)\s*(\S+)\s*")
LOOKED_FOR_MAX: Final = 1_000
"""Characters of one text under words, contains or starts_with."""

Operand = str | bool | Bound | None


@dataclass(frozen=True, slots=True)
class ConditionReader:
    """Reads conditions against one vocabulary and numbers them, from 1, through the whole ruleset."""

    vocabulary: Mapping[str, Fact]
    expressions: Expressions
    numbers: "count[int]"
    texts: NamedTexts
    blocks: NamedConditions

    @property
    def known(self) -> tuple[str, ...]:
        """Every key a condition may have."""
        return (*self.vocabulary, *keys.LOGIC)

    def read(self, node: Node, depth: int = 0) -> tuple[Condition, ...]:
        """The conditions of a mapping, in order; all of them must hold. What is wrong has been reported."""
        if not isinstance(node.value, dict) or not node.value:
            node.fail("must be a mapping with at least one condition", "for example {channel: email}")
            return ()
        if depth > NESTED_MAX:
            node.fail(f"conditions are nested deeper than {NESTED_MAX}")
            return ()
        self.blocks.deepest = max(self.blocks.deepest, depth)
        return tuple(part for key, child in node.mapping().items() for part in self._entry(key, child, depth))

    def _entry(self, key: str, node: Node, depth: int) -> Iterator[Condition]:
        if key == "expr":
            yield from self._expression(node)
        elif key == "use":
            yield from self.blocks.used(node, depth)
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
        operands = tuple(operand for item in node.one_or_many() for operand in self._operand(item, fact))
        yield FactTest(next(self.numbers), node.place, name, fact.type, operator, operands)

    def _operators(self, name: str, fact: Fact, node: Node) -> Iterator[Condition]:
        if fact.type not in ("text", "list"):
            node.fail(f"a {fact.type} is compared with a value", 'for example ">= 2"' if fact.type != "boolean" else None)
            return
        if not node.value:
            node.fail("must name at least one of " + ", ".join(keys.OPERATORS))
        for operator, child in node.mapping(keys.OPERATORS).items():
            operands = tuple(text for item in child.one_or_many() for text in self._looked_for(operator, item))
            yield FactTest(next(self.numbers), child.place, name, fact.type, cast(FactOperator, operator), operands)

    def _looked_for(self, operator: str, node: Node) -> tuple[str, ...]:
        """The texts of an operator, where they can ever match."""
        if operator != "matches":
            return self.texts.texts(node, operator, _no_word if operator == "words" else _no_sign)
        pattern = self.texts.pattern(node)
        return () if pattern is None else (pattern,)

    def _operand(self, node: Node, fact: Fact) -> Iterator[Operand]:
        if node.value is None and isinstance(node.loc[-1], str):
            yield None  # asks for a message that does not have the fact
        elif fact.type in ("text", "list"):
            yield from self.texts.texts(node, fact.choices, lambda text: _no_choice(text, fact.choices))
        else:
            yield from _OPERANDS[fact.type](node)


def _no_word(text: str) -> Wrong | None:
    return _too_long(text) or (None if words(text) else ("has no letter or digit, so it is no word", "use contains for signs"))


def _no_sign(text: str) -> Wrong | None:
    return _too_long(text) or (None if fold(text) else ("has nothing left after folding", None))


def _too_long(text: str) -> Wrong | None:
    """The automaton of the index nests as deep as its longest text: a million characters end the process."""
    return (f"has more than {LOOKED_FOR_MAX:,} characters", "look for a part of it") if len(text) > LOOKED_FOR_MAX else None


def _no_choice(text: str, choices: frozenset[str]) -> Wrong | None:
    return ("can never be so", suggestion(text, choices)) if choices and text not in choices else None


def _flag_operand(node: Node) -> Iterator[bool]:
    flag = node.flag()
    if flag is not None:
        yield flag


def _number_operand(node: Node) -> Iterator[Bound]:
    value = node.value
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield Bound("==", value)
    elif isinstance(value, str) and (bound := _bound(value, _as_number)) is not None:
        yield bound
    else:
        node.fail("must be a number or a comparison with one", 'for example 2 or ">= 2"')


def _date_operand(node: Node) -> Iterator[Bound]:
    value = node.value
    if isinstance(value, str) and (bound := _bound(value, _as_date) or _bound(f"== {value}", _as_date)) is not None:
        yield bound
    else:
        node.fail("must be a date or a comparison with one", 'for example 2026-11-30 or ">= 2026-11-30"')


def _bound(text: str, convert: Callable[[str], float | str | None]) -> Bound | None:
    match = BOUND.fullmatch(text)
    value = convert(match[2]) if match else None
    if match is None or value is None:
        return None
    return Bound(cast(Comparison, "==" if match[1] == "=" else match[1]), value)


def _as_number(text: str) -> float | None:
    if not text.isascii() or "_" in text:
        return None
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        return None


def _as_date(text: str) -> str | None:
    return text if day(text) is not None else None


_OPERANDS: Final[Mapping[str, Callable[[Node], Iterator[Operand]]]] = {
    "boolean": _flag_operand,
    "integer": _number_operand,
    "number": _number_operand,
    "date": _date_operand,
}
