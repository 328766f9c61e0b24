"""Words and breaks on their way from HTML to plain text."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

_MAX_QUOTE: Final = 10
_SPACE: Final = re.compile(r"[ \t\n\r\f]+")


@dataclass(slots=True)
class Writer:
    """Collects words and breaks; a break asked for twice is one, and none stands at the beginning."""

    images: Mapping[str, str] = field(default_factory=dict)
    pieces: list[str] = field(default_factory=list)
    breaks: int = 0
    fed: bool = False
    """Whether the last thing was a `<br>`: the end of its block then needs no line of its own."""
    blank: bool = False
    quote: int = 0
    preformatted: int = 0
    lists: list[int | None] = field(default_factory=list)
    """For each open list the number of its last item, or None where items have no numbers."""

    def break_line(self, count: int) -> None:
        self.breaks, self.blank = max(self.breaks, count), False

    def line_feed(self) -> None:
        """A `<br>`: unlike the edges of blocks, each one counts."""
        self._flush()
        self.pieces.append("\n" + self._prefix())
        self.fed, self.blank = True, False

    def words(self, text: str) -> None:
        if self.preformatted:
            self._flush()
            self.pieces.append(text.replace("\r\n", "\n").replace("\n", "\n" + self._prefix()))
            return
        lead, body = text[:1].isspace() and text[0] != "\xa0", _SPACE.sub(" ", text).strip(" ")
        if not body:
            self.blank = self.blank or bool(text)
            return
        joined = (self.blank or lead) and bool(self.pieces) and self.breaks == 0 and not self.fed
        self._flush()
        self.pieces.append((" " if joined else "") + body.replace("\xa0", " "))
        self.blank = text[-1:].isspace() and text[-1] != "\xa0"

    def _flush(self) -> None:
        if not self.pieces:
            self.pieces.append(self._prefix())
        elif self.breaks > self.fed:
            self.pieces.append("\n" * (self.breaks - self.fed) + self._prefix())
        self.breaks, self.fed = 0, False

    def _prefix(self) -> str:
        return "> " * min(self.quote, _MAX_QUOTE)

    def text(self) -> str:
        return "".join(self.pieces)
