"""Regular expressions of rules: RE2, whose time grows with the length of the text only."""

from typing import Protocol, cast

import re2  # type: ignore[import-untyped]  # the wheel brings no types


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
    options = re2.Options()
    options.log_errors = False  # else RE2 writes to standard error
    try:
        return cast(Pattern, re2.compile(pattern.encode("utf-8", "replace"), options))
    except re2.error as error:
        reason = error.args[0] if error.args else "not a pattern"
        raise PatternInvalid(reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)) from None
