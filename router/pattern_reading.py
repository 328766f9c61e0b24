"""Checking the regular expressions of rules files while they are read: each by itself, and all of them together."""

from router.patterns import PROGRAMS_MAX, PatternInvalid, compile_pattern
from router.reading import Node


class PatternReader:
    """Says of each pattern whether it can be used. The same text is compiled once, and counts once."""

    def __init__(self) -> None:
        self._usable: set[str] = set()
        self._steps = 0

    def read(self, node: Node, text: str) -> str | None:
        """The pattern, or None where it cannot be used, which has been reported."""
        if text in self._usable:
            return text
        try:
            pattern = compile_pattern(text)
        except PatternInvalid as error:
            node.fail(f"is no RE2 pattern: {error}", error.hint)
            return None
        if pattern.search(b""):
            node.fail("matches the empty text, so it matches everywhere", "ask for more than what may be left out")
            return None
        self._usable.add(text)
        self._count(node, pattern.programsize)
        return text

    def _count(self, node: Node, steps: int) -> None:
        fitted = self._steps <= PROGRAMS_MAX
        self._steps += steps
        if fitted and self._steps > PROGRAMS_MAX:
            node.fail("with this, the patterns are too large together", f"at most {PROGRAMS_MAX:,} steps, as RE2 compiles them")
