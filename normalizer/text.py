"""Text as it arrives, made safe to store, compare, show and send: every step is linear in the length of its input."""

import re
import unicodedata
from functools import cache
from typing import Final

LIMIT: Final = 200_000
"""Characters kept of one text."""

CUT_MARK: Final = "\n[…]"
"""Ends a text that was cut, so that nobody takes it for the whole."""

_MARKS_IN_A_ROW: Final = 30
"""Combining marks kept on one letter: the bound of Unicode's Stream-Safe Text Format (UAX #15, section 13)."""

_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_INVISIBLE = re.compile(
    "["
    "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"  # controls; tab and newline stay, the other line ends were turned before
    "\u202a-\u202e\u2066-\u2069"  # bidirectional embeddings, overrides, isolates: they make text read otherwise than stored
    "\ufeff\ufff9-\ufffb"  # byte order mark, interlinear annotation
    "\ufdd0-\ufdef\ufffe\uffff"  # noncharacters
    "]+"
)
_BLANK_LINES = re.compile("\n{4,}")


def clean(text: str) -> str:
    """The text with `\\n` line ends, in NFC, without control characters, overrides or lone surrogates.

    Tabs stay; trailing spaces go; at most two blank lines stand in a row; more than `LIMIT` characters are cut and
    marked. Joiners and directional marks that real scripts and emoji need are left alone. `clean(clean(x)) == clean(x)`.
    """
    if not text.replace("\n", "").isprintable():  # most texts are, and need none of the passes below
        text = _LINE_ENDS.sub("\n", text)
        text = _INVISIBLE.sub("", _SURROGATES.sub("\ufffd", text))
    text = compose(text)
    # Line by line: a pattern for spaces before a line end is quadratic on a long run of spaces.
    text = "\n".join(line.rstrip() for line in text.split("\n"))
    text = _BLANK_LINES.sub("\n\n\n", text).strip("\n")
    if len(text) <= LIMIT:
        return text
    return text[: LIMIT - len(CUT_MARK)].rstrip() + CUT_MARK


_MANY_UNUSUAL = re.compile(f"[^\x00-\u02ff]{{{_MARKS_IN_A_ROW + 1}}}")
"""Combining marks begin at U+0300."""


def compose(text: str) -> str:
    """Unicode NFC. Runs of combining marks are bounded first: CPython sorts a run in quadratic time (200,000: 40 s)."""
    if text.isascii():
        return text
    if _MANY_UNUSUAL.search(text):  # the class of all marks is large and slow, and few texts need it
        text = _long_mark_runs().sub(r"\1", text)
    return unicodedata.normalize("NFC", text)


@cache
def _long_mark_runs() -> re.Pattern[str]:
    marks = "".join(map(chr, filter(lambda code: unicodedata.combining(chr(code)), range(0x300, 0x1F000))))
    return re.compile(f"([{marks}]{{{_MARKS_IN_A_ROW}}})[{marks}]+")


def snippet(text: str, limit: int = 120) -> str:
    """The beginning of a text on one line, at most `limit` characters, cut between words where that is near."""
    line = " ".join(text[: limit * 20].split())
    if len(line) <= limit:
        return line
    head = line[: limit - 1]
    words, space, _ = head.rpartition(" ")
    if space and line[limit - 1] != " " and len(words) >= limit // 2:
        head = words
    return head.rstrip() + "…"
