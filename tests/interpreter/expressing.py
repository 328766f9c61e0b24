"""Random expressions of the part of CEL that `cel.py` knows."""

import random
import re
from collections.abc import Callable, Sequence
from typing import Final

from tests.interpreter import pools

LONGEST_WITH_A_LOOP: Final = 500
COMPARISONS: Final = ("==", "!=", "<", "<=", ">", ">=")


class Expressing:
    """Draws expressions over the facts that a ruleset may ask for."""

    chances: random.Random

    def fact(self, kind: str) -> str:
        """The name of a fact of this kind: `text`, `list`, `whole`, `pointed` or `boolean`."""
        raise NotImplementedError

    def literal(self, name: str) -> str:
        """A text without quotes in it that the fact may have."""
        raise NotImplementedError

    def note(self, name: str, value: object) -> None:
        """Remembers a value, for messages to have it."""
        raise NotImplementedError

    def pick(self, values: Sequence[str]) -> str:
        return self.chances.choice(values)

    def expression(self) -> str:
        """One within the limits that docs/rules.md sets."""
        while not is_bounded(drawn := self.drawn(2)):
            pass
        return drawn

    def drawn(self, depth: int) -> str:
        if depth and self.chances.random() < 0.55:
            return self.nested(depth - 1)
        kinds: Sequence[Callable[[], str]] = (self.on_text, self.on_list, self.on_whole, self.on_pointed, self.on_boolean)
        return self.chances.choice(kinds)()

    def nested(self, depth: int) -> str:
        left, right = self.drawn(depth), self.drawn(depth)
        return self.pick(
            (
                f"{left} && {right}",
                f"({left}) || ({right})",
                f"{left} || {right}",
                f"({left} || {right}) && {self.drawn(depth)}",
                f"!({left})",
                f"(({left}) ? ({right}) : ({self.drawn(0)}))",
            )
        )

    def quoted(self, name: str) -> str:
        value = self.literal(name)
        self.note(name, value)
        return f"'{value}'"

    def on_text(self) -> str:
        name = self.fact("text")
        return self.pick(
            (
                f"{name} == {self.quoted(name)}",
                f"{name} != {self.quoted(name)}",
                f"{name} {self.pick(COMPARISONS)} {self.quoted(name)}",
                f"{name}.startsWith({self.quoted(name)})",
                f"{name}.endsWith({self.quoted(name)})",
                f"{name}.contains({self.quoted(name)})",
                f"size({name}) {self.pick(COMPARISONS)} {self.chances.randrange(0, 40)}",
                f"{name}.size() > {self.chances.randrange(0, 20)}",
                f"{name} in [{self.quoted(name)}, {self.quoted(name)}]",
                f"{name} + 'x' == {self.quoted(name)} + 'x'",
                f"{name}.matches({self.pick(('[a-z]{3}', '^[A-Z]', '[0-9]+', '(?i)REFUND', 'x$')).join(chr(39) * 2)})",
            )
        )

    def on_list(self) -> str:
        name = self.fact("list")
        other = self.fact("text")
        return self.pick(
            (
                f"{self.quoted(name)} in {name}",
                f"!({self.quoted(name)} in {name})",
                f"{other} in {name}",
                f"size({name}) {self.pick(COMPARISONS)} {self.chances.randrange(0, 3)}",
                f"{name}.exists(one, one == {self.quoted(name)})",
                f"{name}.exists(one, one.startsWith('i') || {self.fact('boolean')})",
                f"{name}.all(one, one != {self.quoted(name)} && {self.fact('boolean')})",
                f"{name}.all(one, size(one) > 3)",
            )
        )

    def on_whole(self) -> str:
        first, second = self.fact("whole"), self.fact("whole")
        number = self.chances.randrange(0, 4)
        self.note(first, number)
        return self.pick(
            (
                f"{first} {self.pick(COMPARISONS)} {number}",
                f"{first} {self.pick(COMPARISONS)} {second}",
                f"{first} + {second} > {number}",
                f"{first} - {second} * 2 < {number}",
                f"{first} * {second} >= {number}",
                f"{first} / {second} == {number}",
                f"{first} % 3 == {number}",
                f"(0 - {first}) / 2 == -{number}",
                f"-{first} % 2 == -1",
                f"{first} in [{number}, 7]",
            )
        )

    def on_pointed(self) -> str:
        first, second = self.fact("pointed"), self.fact("pointed")
        number = self.chances.choice((0.5, 99.5, 1.0, 24.0, 500.0, 0.0))
        self.note(first, number)
        return self.pick(
            (
                f"{first} {self.pick(COMPARISONS)} {number}",
                f"{first} {self.pick(COMPARISONS)} {second}",
                f"{first} / {second} > {number}",
                f"{first} * 2.0 - {second} <= {number}",
                f"-{first} + 1.0 < {number}",
            )
        )

    def on_boolean(self) -> str:
        name = self.fact("boolean")
        return self.pick((name, f"!{name}", f"{name} == true", f"{name} != false", f"{name} == {self.fact('boolean')}"))


def is_bounded(expression: str) -> bool:
    """Whether it has at most one loop, and then neither `+` nor `matches`; drawn ones are short enough for the rest."""
    loops = expression.count(".exists(") + expression.count(".all(")
    return loops == 0 or (loops == 1 and len(expression) <= LONGEST_WITH_A_LOOP and not re.search(r"\+|matches", expression))


def texts_without_quotes() -> tuple[str, ...]:
    """Values that stand in an expression as they are."""
    return tuple(word for word in (*pools.WORDS, *pools.PHRASES) if word.isprintable() and not set(word) & set("'\"\\"))
