"""Texts that must stand wherever a regular expression matches, so that it is only tried where one of them does.

A cautious reading of RE2's syntax: what it does not know, it takes for something that may match anything. A literal is a run of
ASCII characters in lower case. Folded text (`router.fold`) keeps every ASCII character of the text it was made of, in
lower case, so what stands in a text stands in its folded form too, whatever the flags of the pattern.
"""

import re
from typing import Final

LEAST: Final = 2
"""Characters of a literal: shorter ones stand in nearly every text."""
_CLASS: Final = re.compile(r"\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\]", re.DOTALL)
_REPEAT: Final = re.compile(r"[*+?]|\{\d+(?:,\d*)?\}")
_LETTER: Final = re.compile(r"\\[pP](?:\{\^?\w+\}|\w)|\\x(?:\{[0-9A-Fa-f]+\}|[0-9A-Fa-f]{2})|\\[0-7]{1,3}|\\.", re.DOTALL)
_PLAIN_ESCAPES: Final = frozenset("\\.+*?()|[]{}^$-/#&~@%!\"',:;<>=` ")
_SETS_VERBOSE: Final = re.compile(r"\(\?[a-zA-Z]*x")
_QUOTED: Final = r"\Q"


def required(pattern: str) -> frozenset[str] | None:
    """Literals of which at least one stands in every text that the pattern matches; None where that is not known."""
    if _QUOTED in pattern or _SETS_VERBOSE.search(pattern):
        return None
    branches = _branches(pattern)
    if branches is None:
        return None
    longest = [max(runs, key=len, default="") for runs in branches]
    return frozenset(longest) if all(len(run) >= LEAST for run in longest) else None


def _branches(pattern: str) -> list[list[str]] | None:
    """The runs of plain characters that each alternative must have, outside of all groups; None where it cannot be read."""
    branches: list[list[str]] = [[]]
    run, at = "", 0
    while at < len(pattern):
        piece, plain = _piece(pattern, at)
        if piece is None:
            return None
        at += len(piece)
        repeat = _REPEAT.match(pattern, at)
        if repeat is None and plain:
            run += plain
            continue
        branches[-1].append(run + plain if repeat is not None and repeat[0] == "+" else run)
        run = ""
        if piece == "|":
            branches.append([])
        while repeat is not None:
            at = repeat.end()
            repeat = _REPEAT.match(pattern, at)
    branches[-1].append(run)
    return branches


def _piece(pattern: str, at: int) -> tuple[str | None, str]:
    """What stands next, whole, and the plain character it is, in lower case; an empty text where it is none."""
    char = pattern[at]
    if char == "[":
        found = _CLASS.match(pattern, at)
        return (found[0] if found else None), ""
    if char == "(":
        return _group(pattern, at), ""
    if char == "\\":
        found = _LETTER.match(pattern, at)
        if found is None:
            return None, ""
        return found[0], found[0][1] if found[0][1] in _PLAIN_ESCAPES else ""
    return char, char.lower() if char.isascii() and char not in ".^$|)" else ""


def _group(pattern: str, at: int) -> str | None:
    """A group up to its end."""
    depth, start = 0, at
    while at < len(pattern):
        char = pattern[at]
        if char == "[":
            found = _CLASS.match(pattern, at)
            if found is None:
                return None
            at = found.end()
            continue
        depth += {"(": 1, ")": -1}.get(char, 0)
        at += 2 if char == "\\" else 1
        if depth == 0:
            return pattern[start:at]
    return None
