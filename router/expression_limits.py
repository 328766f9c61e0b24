"""What an expression may not do, so that its evaluation is bounded: CEL cannot be stopped while it evaluates.

cel-cpp ends an evaluation after 10,000 turns of loops, but each turn may look through a long text, join texts that are kept
until the end, or use a pattern that the message brings along: one of them took 14 s, another 1.5 GB.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

SOURCE_MAX: Final = 2_000
"""Characters of an expression."""
LOOP_SOURCE_MAX: Final = 500
"""Characters of an expression with a loop, each of which may be evaluated at each turn."""
ITEMS_MAX: Final = 200
"""Items of a list that an expression sees. Longer ones are missing to it."""
PLUS_MAX: Final = 20
"""Signs `+` in an expression: each may make a text as long as all before it."""

_LOOPS: Final = frozenset({"all", "exists", "exists_one", "filter"})
_TOKEN: Final = re.compile(
    r"""(?P<blank>\s+|//[^\n]*)
    |(?P<field>`[^`\n]*`)
    |(?P<text>[bB]?[rR][bB]?(?:'''.*?'''|\"\"\".*?\"\"\"|'[^'\n]*'|"[^"\n]*")
             |[bB]?(?:'''(?:\\.|[^\\])*?'''|\"\"\"(?:\\.|[^\\])*?\"\"\"|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"))
    |(?P<number>\.?\d(?:[eE][+-]|[\w.])*)
    |(?P<name>[^\W\d]\w*)
    |(?P<sign>.)""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Broken:
    """A limit that an expression breaks, at an index of its source."""

    index: int
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    index: int


def too_long(source: str) -> Iterator[Broken]:
    """What is wrong with the length, which is asked before anything else is done with the expression."""
    if len(source) > SOURCE_MAX:
        yield Broken(0, "the expression is too long", f"at most {SOURCE_MAX:,} characters: use lists and several conditions")


def broken(source: str) -> Iterator[Broken]:
    """The limits that an expression breaks, of which CEL has said that it is one."""
    tokens = _tokens(source)
    called = [(number, token) for number, token in enumerate(tokens) if _calls(tokens, number)]
    loops = [token for number, token in called if token.text in _LOOPS and _before(tokens, number) == "."]
    pluses = [token for token in tokens if token.text == "+" and token.kind == "sign"]
    for number, token in called:
        if token.text == "matches" and _pattern(tokens, number) is None:
            yield Broken(token.index, "a pattern must be written out here", "write text.matches('…') with one text in quotes")
    for token in (one for one in tokens if _is_raw(one) and one.text.rstrip("'\"").endswith("\\")):
        yield Broken(token.index, "a raw text ends with a backslash", "write it without the r, with two backslashes")
    for token in pluses[PLUS_MAX : PLUS_MAX + 1]:
        yield Broken(token.index, f"more than {PLUS_MAX} signs +", "use several conditions")
    for token in loops[1:2]:
        yield Broken(token.index, "more than one loop", "an expression may have one: use several expr under all: or any:")
    if loops:
        yield from _beside_a_loop(source, called, pluses)


def _beside_a_loop(source: str, called: Sequence[tuple[int, _Token]], pluses: Sequence[_Token]) -> Iterator[Broken]:
    if len(source) > LOOP_SOURCE_MAX:
        yield Broken(0, "the expression is too long for one with a loop", f"at most {LOOP_SOURCE_MAX} characters")
    for token in [*(token for _, token in called if token.text == "matches"), *pluses][:1]:
        hint = "a loop asks again for each item: use a condition of its own, such as {attachments.types: {matches: …}}"
        yield Broken(token.index, f"{token.text} beside a loop", hint)


def patterns(source: str) -> list[tuple[int, str]]:
    """The patterns of `matches` as they are written, quotes included, with the index of each."""
    tokens = _tokens(source)
    found = (
        _pattern(tokens, number) for number, token in enumerate(tokens) if token.text == "matches" and _calls(tokens, number)
    )
    return [(token.index, token.text) for token in found if token is not None]


def _tokens(source: str) -> list[_Token]:
    found = (_Token(str(match.lastgroup), match.group(), match.start()) for match in _TOKEN.finditer(source))
    return [token for token in found if token.kind != "blank"]


def _is_raw(token: _Token) -> bool:
    """Readers do not agree on where such a text ends, where a backslash stands before a quote."""
    return token.kind == "text" and "r" in token.text[:2].lower()


def _calls(tokens: Sequence[_Token], number: int) -> bool:
    return tokens[number].kind == "name" and [token.text for token in tokens[number + 1 : number + 2]] == ["("]


def _before(tokens: Sequence[_Token], number: int) -> str:
    return tokens[number - 1].text if number else ""


def _pattern(tokens: Sequence[_Token], number: int) -> _Token | None:
    """The one text in the parentheses behind a method, where nothing else is there."""
    inside = tokens[number + 2 : number + 4]
    alone = [token.text for token in inside[1:]] == [")"] and inside[0].kind == "text"
    return inside[0] if alone and _before(tokens, number) == "." else None
