"""The injections as words: on one line, several to a line, in an address, and without what no one sees."""

from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import quote

from tests.web.injections import INJECTIONS, Injection

_LINE: Final = 300
"""Characters of one line: a handle takes 320."""


def groups(injections: Sequence[Injection], longest: int = _LINE) -> Iterator[Sequence[Injection]]:
    """As many as fit into one line."""
    some: list[Injection] = []
    for one in injections:
        if some and len(" ".join(line(each) for each in (*some, one))) > longest:
            yield some
            some = []
        some.append(one)
    yield some


def lines(longest: int = _LINE) -> list[str]:
    """All of them, as many to a line as fit."""
    return [" ".join(map(line, some)) for some in groups(INJECTIONS, longest)]


def line(one: Injection) -> str:
    """On one line, as names and subjects are."""
    return " ".join("".join(c if c.isprintable() else " " for c in one.payload).split())


def quoted_lines() -> list[str]:
    """All of them, as much at once as an address takes."""
    said = " ".join(line(one) for one in INJECTIONS)
    return [quote(said[place : place + 2_200]) for place in range(0, len(said), 2_100)]


def squeezed(text: str) -> str:
    """Without blanks, and without what no one sees."""
    return "".join(c for c in text if c.isprintable() and not c.isspace())
