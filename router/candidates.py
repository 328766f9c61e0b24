"""Which earlier rules a rule's conditions might imply, found without comparing it with all of them.

An earlier rule is entered under the keys of one of its conditions, and found by a rule that has one of those keys
anywhere: who implies the word "send back" names the word "send", who implies a value names it, and who implies
anything else at least asks about one of its facts.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from router.fold import words
from router.model import Condition, Expression, FactTest, Group, Rule
from router.vocabulary import Fact

_Key: TypeAlias = tuple[str, ...]
_ALWAYS: _Key = ()


class Earlier:
    """Rules in order, to be asked about those that come after them."""

    def __init__(self, vocabulary: Mapping[str, Fact]) -> None:
        self._vocabulary = vocabulary
        self._found: dict[_Key, list[int]] = defaultdict(list)
        self._rules: list[Rule] = []

    def add(self, rule: Rule) -> None:
        for key in self._keys(rule):
            self._found[key].append(len(self._rules))
        self._rules.append(rule)

    def before(self, rule: Rule) -> Iterator[Rule]:
        """The rules added so far that `rule` might imply, in order."""
        keys = {_ALWAYS, *(key for condition in rule.when for key in _offered(condition))}
        for index in sorted({index for key in keys for index in self._found.get(key, ())}):
            yield self._rules[index]

    def _keys(self, rule: Rule) -> set[_Key]:
        if not rule.when:
            return {_ALWAYS}
        for condition in rule.when:
            if isinstance(condition, FactTest) and (keys := self._narrow(condition)):
                return keys
        return set(_wide(rule.when[0]))

    def _narrow(self, test: FactTest) -> set[_Key]:
        """Keys by what the test looks for, where nothing else can imply it."""
        texts = [operand for operand in test.operands if isinstance(operand, str)]
        if len(texts) < len(test.operands) or self._vocabulary[test.fact].choices:
            return set()
        if test.operator == "words":
            return {(test.fact, "words", words(text)[0]) for text in texts}
        return {(test.fact, "equals", text) for text in texts} if test.operator == "equals" else set()


def _wide(condition: Condition) -> Iterator[_Key]:
    if isinstance(condition, Group):
        for part in condition.parts:
            yield from _wide(part)
    else:
        yield ("expr", condition.source) if isinstance(condition, Expression) else (condition.fact,)


def _offered(condition: Condition) -> Iterable[_Key]:
    yield from _wide(condition)
    if isinstance(condition, Group):
        for part in condition.parts:
            yield from _offered(part)
    elif isinstance(condition, FactTest) and condition.operator in ("equals", "words"):
        for operand in condition.operands:
            if isinstance(operand, str):
                yield (condition.fact, "equals", operand)
                yield from ((condition.fact, "words", word) for word in words(operand))
