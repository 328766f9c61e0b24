"""A small part of CEL (https://github.com/google/cel-spec): what the generated expressions are made of.

An expression is parsed into nested tuples and walked. `&&` and `||` hold or fail by the side that can be evaluated.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

import re2

TOKEN: Final = re.compile(r"\s*(\d+\.\d+|\d+|'[^']*'|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*|&&|\|\||[=!<>]=|[-+*/%<>!?:()\[\],.])")
LEVELS: Final = (("||",), ("&&",), ("==", "!=", "<", "<=", ">", ">=", "in"), ("+", "-"), ("*", "/", "%"))
METHODS: Final = ("startsWith", "endsWith", "contains", "size", "matches", "exists", "all")
INT64: Final = 2**63

Tree = tuple[Any, ...]


class CannotEvaluateError(Exception):
    """The expression has no value."""


class Parser:
    """Recursive descent over the tokens of one expression."""

    def __init__(self, text: str) -> None:
        self.tokens = TOKEN.findall(text)
        self.at = 0

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, wanted: str = "") -> str:
        token = self.peek()
        assert not wanted or token == wanted, (wanted, token, self.tokens)
        self.at += 1
        return token

    def whole(self) -> Tree:
        condition = self.level(0)
        if self.peek() != "?":
            return condition
        self.take()
        yes = self.whole()
        self.take(":")
        return ("?", condition, yes, self.whole())

    def level(self, depth: int) -> Tree:
        if depth == len(LEVELS):
            return self.unary()
        left = self.level(depth + 1)
        while self.peek() in LEVELS[depth]:
            left = (self.take(), left, self.level(depth + 1))
        return left

    def unary(self) -> Tree:
        if self.peek() in ("!", "-"):
            return ("one" + self.take(), self.unary())
        return self.member(self.primary())

    def member(self, tree: Tree) -> Tree:
        while self.peek() == ".":
            self.take()
            tree = (self.take(), tree, *self.arguments())
        return tree

    def arguments(self) -> list[Tree]:
        self.take("(")
        found = []
        while self.peek() != ")":
            found.append(self.whole())
            if self.peek() == ",":
                self.take()
        self.take(")")
        return found

    def primary(self) -> Tree:
        token = self.take()
        if token == "(":
            inner = self.whole()
            self.take(")")
            return inner
        if token == "[":
            self.at -= 1
            self.tokens[self.at] = "("
            self.tokens[self._closing()] = ")"
            return ("list", *self.arguments())
        if token[0] == "'":
            return ("is", token[1:-1])
        if token[0].isdigit():
            return ("is", float(token) if "." in token else int(token))
        return self.name(token)

    def _closing(self) -> int:
        return self.at + self.tokens[self.at :].index("]")

    def name(self, token: str) -> Tree:
        if token in ("true", "false"):
            return ("is", token == "true")
        start, _, last = token.rpartition(".")
        if self.peek() == "(":
            return (last, ("name", start), *self.arguments()) if start else (last, *self.arguments())
        return ("name", token)


@cache
def parsed(text: str) -> Tree:
    """The tree of an expression. The same texts come with every message."""
    return Parser(text).whole()


def names(tree: Tree, bound: tuple[str, ...] = ()) -> list[str]:
    """The names of facts in an expression, each once, in the order in which they stand."""
    if tree[0] == "is":
        return []
    if tree[0] == "name":
        return [] if tree[1] in bound else [tree[1]]
    if tree[0] in ("exists", "all"):
        return names(tree[1], bound) + names(tree[3], (*bound, tree[2][1]))
    return list(dict.fromkeys(name for part in tree[1:] for name in names(part, bound)))


class Expressions:
    """Evaluates trees. A fact that is not there raises `CannotEvaluateError`."""

    seen: Counter[tuple[str, bool]]

    def value(self, tree: Tree, facts: Mapping[str, Any]) -> Any:
        """What the tree comes to. Of what is true or false it is counted how often it was."""
        value = self.evaluated(tree, facts)
        if isinstance(value, bool):
            self.seen[f"expr {tree[0]}", value] += 1
        return value

    def evaluated(self, tree: Tree, facts: Mapping[str, Any]) -> Any:
        kind, *parts = tree
        if kind == "is":
            return parts[0]
        if kind == "name":
            if facts.get(parts[0]) is None:
                raise CannotEvaluateError
            return facts[parts[0]]
        if kind in ("&&", "||"):
            return self.joined(kind == "||", [(part, facts) for part in parts])
        if kind == "?":
            return self.value(parts[1] if self.value(parts[0], facts) else parts[2], facts)
        if kind in ("exists", "all"):
            items = self.value(parts[0], facts)
            return self.joined(kind == "exists", [(parts[2], {**facts, parts[1][1]: item}) for item in items])
        return self.called(kind, [self.value(part, facts) for part in parts])

    def joined(self, decides: bool, sides: Sequence[tuple[Tree, Mapping[str, Any]]]) -> bool:
        """`||`, `exists` (true decides) or `&&`, `all` (false does): what has no value matters only where nothing decides."""
        failed = False
        for side, facts in sides:
            try:
                if bool(self.value(side, facts)) is decides:
                    return decides
            except CannotEvaluateError:
                failed = True
        if failed:
            raise CannotEvaluateError
        return not decides

    def called(self, kind: str, values: list[Any]) -> Any:
        first: Any = values[0] if values else None
        second: Any = values[-1] if values else None
        table: dict[str, Any] = {
            "one!": lambda: not first,
            "one-": lambda: -first,
            "list": lambda: values,
            "==": lambda: first == second,
            "!=": lambda: first != second,
            "<": lambda: first < second,
            "<=": lambda: first <= second,
            ">": lambda: first > second,
            ">=": lambda: first >= second,
            "in": lambda: first in second,
            "size": lambda: len(first),
            "startsWith": lambda: first.startswith(second),
            "endsWith": lambda: first.endswith(second),
            "contains": lambda: second in first,
            "matches": lambda: re2.search(second, first) is not None,
        }
        return table[kind]() if kind in table else self.computed(kind, first, second)

    def computed(self, kind: str, first: Any, second: Any) -> Any:
        """Whole numbers of 64 bits; those with a point as in IEEE 754."""
        whole = isinstance(first, int)
        if kind in ("/", "%") and second == 0:
            if whole:
                raise CannotEvaluateError
            return float("nan") if first == 0 else float("inf") if first > 0 else float("-inf")
        if kind == "/" and whole:
            result = abs(first) // abs(second) * (1 if (first < 0) == (second < 0) else -1)
        elif kind == "%":
            result = first - second * self.computed("/", first, second)
        else:
            result = {"+": lambda: first + second, "-": lambda: first - second, "*": lambda: first * second,
                      "/": lambda: first / second}[kind]()  # fmt: skip
        if whole and not -INT64 <= result < INT64:
            raise CannotEvaluateError
        return result
