"""Regular expressions of rules: RE2, whose time grows with the length of the text only.

It grows with the size of the compiled pattern too, where RE2 has no memory for its fast way: 400 alternatives `a{1}b|a{2}b|…`
took a minute for 64 KiB of `a`. So that size is limited, and with it the memory.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol, cast

import re2  # type: ignore[import-untyped]  # the wheel brings no types

_SET_MEMORY: Final = 256 * 2**20
"""Bytes that the automaton of many patterns together may take; beyond, they are asked one after the other."""


PROGRAM_MAX: Final = 5_000
"""Steps that a compiled pattern may have; at worst, 64 KiB of text then take about two seconds."""
PROGRAMS_MAX: Final = 500_000
"""Steps of all patterns of a ruleset together."""
_STEP_MEMORY: Final = 1_600
_LEAST_MEMORY: Final = 128 * 2**10
"""Bytes that one pattern may take, besides those for each of its steps: the largest gets the 8 MB that RE2 usually takes."""
_SHOWN_MAX: Final = 60

_TOO_LARGE: Final = f"at most {PROGRAM_MAX:,} steps: use + or * for a long repetition, and words or contains for many texts"
_HINTS: Final[Mapping[str, str]] = {
    "invalid perl operator": "lookaround and back-references do not exist in RE2",
    "invalid escape sequence": "back-references do not exist in RE2; a letter that stands for itself has no backslash",
    "bad repetition operator": "possessive and doubled repetitions do not exist in RE2; put the inner one into (?:…)",
    "no argument for repetition operator": "write a backslash before a sign that stands for itself",
    "invalid repetition size": "RE2 repeats at most 1,000 times, nested repetitions multiplied",
    "missing )": "each ( needs its ); for the sign itself write \\(",
    "unexpected )": "each ) needs its (; for the sign itself write \\)",
    "missing ]": "each [ needs its ]; for the sign itself write \\[",
    "trailing \\": "for a backslash itself write two",
    "invalid character class range": "the smaller end stands first; \\p knows Unicode's classes, such as \\pL or \\p{Greek}",
    "expression nests too deeply": "use fewer parentheses",
    "pattern too large": _TOO_LARGE,
}
"""What to do, by the beginning of what RE2 says."""


class PatternInvalid(Exception):
    """The pattern cannot be used; the text says why, and `hint` what to do."""

    def __init__(self, reason: str, hint: str | None = None) -> None:
        super().__init__(reason)
        self.hint = hint


class Match(Protocol):
    """Where a pattern matched. A group that took no part is None."""

    def group(self) -> bytes: ...

    def groups(self) -> tuple[bytes | None, ...]: ...


class Pattern(Protocol):
    """A compiled pattern, which looks anywhere in UTF-8 text."""

    @property
    def groups(self) -> int: ...

    @property
    def programsize(self) -> int: ...

    def search(self, text: bytes, /) -> Match | None: ...


def compile_pattern(pattern: str) -> Pattern:
    """Compile for UTF-8 bytes, so that a text is encoded once for all patterns. Raises PatternInvalid."""
    try:
        encoded = pattern.encode()
    except UnicodeEncodeError:
        raise PatternInvalid("holds a character that is not text", "write half a surrogate pair nowhere") from None
    options = _options()
    compiled = _compiled(encoded, options)
    if compiled.programsize > PROGRAM_MAX:
        raise PatternInvalid(f"pattern too large: {compiled.programsize:,} steps", _TOO_LARGE)
    options.max_mem = _LEAST_MEMORY + _STEP_MEMORY * compiled.programsize
    return _compiled(encoded, options)


def _compiled(encoded: bytes, options: Any) -> Pattern:
    try:
        return cast(Pattern, re2.compile(encoded, options))
    except re2.error as error:
        reason = error.args[0] if error.args else "not a pattern"
    text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
    hint = next((hint for beginning, hint in _HINTS.items() if text.startswith(beginning)), None)
    raise PatternInvalid(text if len(text) <= _SHOWN_MAX else text[:_SHOWN_MAX] + "…", hint)


class PatternSet:
    """Many patterns, looked for in one pass. All of them must compile alone."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._sources = tuple(patterns)
        options = _options()
        options.max_mem = _SET_MEMORY
        self._set = re2.Set.SearchSet(options)
        for source in (*self._sources, ""):
            self._set.Add(source.encode())
        self._set.Compile()
        self._alone = tuple(map(compile_pattern, self._sources))

    def matching(self, text: bytes) -> list[int]:
        """The places, from 0, of the patterns that match."""
        found: list[int] | None = self._set.Match(text)
        # The last one, which is empty, always matches: nothing at all says that the memory does not suffice.
        if found is None:
            return [place for place, pattern in enumerate(self._alone) if pattern.search(text)]
        return [place for place in found if place < len(self._alone)]


def _options() -> Any:
    options = re2.Options()
    options.log_errors = False  # else RE2 writes to standard error
    return options
