"""Mail archives in mbox format (RFC 4155 and its dialects), read from a stream of any size.

The standard library's `mailbox` is not used: it reads the whole file for a table of contents first, begins a new mail at
every line that starts with `From ` (so a sentence in a body cuts the mail in two), and leaves `>From ` as it was escaped.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

MAX_MAIL: Final = 128 * 1024 * 1024
"""Bytes of one mail that are handed over. What is longer is cut here, so the reader's own, smaller limit must refuse it."""

_MAX_LINE: Final = 1 << 16
_ENDING_WITH_DATE: Final = re.compile(
    rb"From (?:\S{1,320} +|- )?.{0,60}\d{1,2}:\d{2}(?::\d{2})?.{0,20}\b\d{4}\b.{0,20}\r?\n?", re.DOTALL
)
_WITHOUT_DATE: Final = re.compile(rb"From \S{0,320}[ \t]{0,9}\r?\n?")
_HEADER: Final = re.compile(rb"[!-9;-~]{1,100}[ \t]*:|>?From ")
_ESCAPED: Final = re.compile(rb"^>(>*From )")


def iter_mbox(path: Path | str, start: int = 0, limit: int = MAX_MAIL) -> Iterator[tuple[int, bytes]]:
    """The mails of an archive, each with the offset of its `From ` line, in the file's order.

    A mail begins at a line `From …` that carries a date, or that names at most a sender and follows a blank line (or opens
    the file), if a header, another such line or the end of the file comes next. Escaped lines (`>From `, `>>From `) lose
    one mark, as mboxrd defines; in mboxo files, where only one level is escaped, that is what was meant too. The blank
    line before the next mail is not part of the mail. Line ends stay as they are. `start` takes up an earlier reading at
    an offset it gave.
    Raises `OSError`.
    """
    with Path(path).open("rb") as file:
        file.seek(start)
        yield from _mails(file, start, limit)


def _mails(file: IO[bytes], position: int, limit: int) -> Iterator[tuple[int, bytes]]:
    mail: _Mail | None = None
    after_blank, whole = True, True  # whether the line before was blank, and whether it was read to its end
    line = file.readline(_MAX_LINE)
    while line:
        following = file.readline(_MAX_LINE)
        if whole and _begins(line, following, after_blank=after_blank):
            if mail is not None:
                yield mail.offset, mail.content()
            mail = _Mail(position, limit)
        elif mail is not None or line.strip():
            # An archive that starts without a separator is one mail up to the first of them.
            mail = mail or _Mail(position, limit)
            mail.add(_ESCAPED.sub(rb"\1", line) if whole and line.startswith(b">") else line)
        position += len(line)
        after_blank = whole and line in (b"\n", b"\r\n")
        whole = line.endswith(b"\n")
        line = following
    if mail is not None:
        yield mail.offset, mail.content()


def _begins(line: bytes, following: bytes, *, after_blank: bool) -> bool:
    if not line.startswith(b"From "):
        return False
    if not (_ENDING_WITH_DATE.fullmatch(line) or (after_blank and _WITHOUT_DATE.fullmatch(line))):
        return False
    return not following.strip() or _HEADER.match(following) is not None


class _Mail:
    """The lines of one mail while they come in."""

    def __init__(self, offset: int, limit: int) -> None:
        self.offset = offset
        self._room = limit
        self._lines: list[bytes] = []

    def add(self, line: bytes) -> None:
        if self._room > 0:
            self._lines.append(line[: self._room])
            self._room -= len(line)

    def content(self) -> bytes:
        if self._lines and self._lines[-1] in (b"\n", b"\r\n"):
            self._lines.pop()
        return b"".join(self._lines)
