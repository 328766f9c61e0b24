"""What of agents' messages customers get: by a mark, where a ticket system has no private notes."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final, Literal

CONTROLS: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Marks:
    """`all`: every message, but those in which a line begins with the mark. `marked`: those only that begin with it. Capitals
    do not count, nor do characters that are not seen; the mark ends with the word."""

    answers: Literal["all", "marked"]
    mark: str

    def for_the_customer(self, content: str) -> str | None:
        """The text without controls, which no database and no channel takes; None for what stays among agents."""
        text = without_controls(content)
        lines = text.splitlines()
        if self.answers == "all":
            return None if any(self._rest(line) is not None for line in lines) else text
        first = next((number for number, line in enumerate(lines) if _seen(line)), None)
        rest = None if first is None else self._rest(lines[first])
        return None if rest is None or first is None else "\n".join([rest, *lines[first + 1 :]]).strip()

    def _rest(self, line: str) -> str | None:
        """What follows the mark at the beginning of a line; None where it is not there."""
        seen, mark = _seen(line), self.mark
        if seen[: len(mark)].casefold() != mark.casefold():
            return None
        rest = seen[len(mark) :]
        ends = not rest or not (rest[0].isalnum() or rest[0] in "-_")
        return rest.lstrip(": \t") if ends else None


def without_controls(content: str) -> str:
    """The text as a database and a channel take it."""
    return CONTROLS.sub("", content).strip()


def _seen(line: str) -> str:
    """Without characters that take no room, such as those that editors put at the beginning."""
    return "".join(letter for letter in line if unicodedata.category(letter) != "Cf").strip()
