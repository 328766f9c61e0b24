"""Regular expressions of rules: RE2, whose time grows with the length of the text only."""

from collections.abc import Iterable
from typing import Any, Final, Protocol, cast

import re2  # type: ignore[import-untyped]  # the wheel brings no types

_SET_MEMORY: Final = 256 * 2**20
"""Bytes that the automaton of many patterns together may take; beyond, they are asked one after the other."""


class PatternInvalid(Exception):
    """RE2 does not take the pattern; the text says why."""


class Match(Protocol):
    """Where a pattern matched. A group that took no part is None."""

    def group(self) -> bytes: ...

    def groups(self) -> tuple[bytes | None, ...]: ...


class Pattern(Protocol):
    """A compiled pattern, which looks anywhere in UTF-8 text."""

    @property
    def groups(self) -> int: ...

    def search(self, text: bytes, /) -> Match | None: ...


def compile_pattern(pattern: str) -> Pattern:
    """Compile for UTF-8 bytes, so that a text is encoded once for all patterns. Raises PatternInvalid."""
    try:
        return cast(Pattern, re2.compile(_encoded(pattern), _options()))
    except re2.error as error:
        reason = error.args[0] if error.args else "not a pattern"
        raise PatternInvalid(reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)) from None


class PatternSet:
    """Many patterns, looked for in one pass. All of them must compile alone."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._sources = tuple(patterns)
        options = _options()
        options.max_mem = _SET_MEMORY
        self._set = re2.Set.SearchSet(options)
        for source in (*self._sources, ""):
            self._set.Add(_encoded(source))
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


def _encoded(pattern: str) -> bytes:
    return pattern.encode("utf-8", "replace")
