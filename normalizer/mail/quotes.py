"""The new words of a mail, apart from the history it carries along.

The rule is to keep: what is cut must look like history by two signs at least (a headline of a mail client, and an
address, a date or quote marks with it). A forward is kept whole, for there the other's words are the message.
"""

import re
from typing import Final

from normalizer.mail.headlines import (
    FORWARD_SUBJECT,
    FORWARDED,
    LABEL,
    ORIGINAL,
    QUOTED,
    SENT_FROM,
    TIME,
    WROTE,
    WROTE_BARE,
    by_library,
)

_GAPS: Final = re.compile("\n{3,}")
"""Left behind where quotes stood between answers."""
_MAX_LINE: Final = 300
_MAX_CANDIDATES: Final = 120
"""Lines shown to the library's pattern: its time grows with the square of what it is given."""
_MAX_SIGNATURE: Final = 12
"""Lines below `-- ` that are taken for a signature; more are somebody's words below a ruler."""


def new_words(text: str, subject: str | None = None) -> str:
    """The text without quoted history, standard signature and the advertisement of a mobile client.

    Answers written between quoted lines stay; where nothing would be left, or the mail is a forward, all stays.
    """
    lines = text.split("\n")
    forward = subject is not None and FORWARD_SUBJECT.fullmatch(subject) is not None
    kept = _without_signature(lines if forward else _without_history(lines))
    if len(kept) == len(lines):
        return text
    return _GAPS.sub("\n\n", "\n".join(kept)).strip() or text


def _without_history(lines: list[str]) -> list[str]:
    start = history(lines)
    head, tail = lines[:start], lines[start:] if start is not None else []
    if any(map(FORWARDED.fullmatch, head)):
        return lines
    # Quote marks say exactly what is old, so what stands without them below the headline was written now.
    answers = _unquoted_below(tail)
    return _without_quotes([*_trimmed(head), "", *_trimmed(answers)] if answers else head)


def _trimmed(lines: list[str]) -> list[str]:
    return "\n".join(lines).strip("\n").split("\n")


def _without_quotes(lines: list[str]) -> list[str]:
    """Without marked lines. A single one is somebody's own sign (`> 500 €`), and nothing but marked ones is the message."""
    kept = [line for line in lines if not QUOTED.match(line)]
    return kept if len(kept) < len(lines) - 1 and any(map(str.strip, kept)) else lines


def _unquoted_below(tail: list[str]) -> list[str]:
    """Lines without quote marks after a quoted block; nothing where the history carries no marks at all."""
    first = next((number for number, line in enumerate(tail) if QUOTED.match(line)), None)
    # The headline may be broken over several lines, with a blank one before the quote.
    if first is None or sum(1 for line in tail[:first] if line.strip()) > 4:  # noqa: PLR2004  # lines of a headline
        return []
    return [line for line in tail[first:] if not QUOTED.match(line)]


def history(lines: list[str]) -> int | None:
    """The line where history begins, or None."""
    for number, line in enumerate(lines):
        if len(line) > _MAX_LINE or not line.strip():
            continue
        if ORIGINAL.fullmatch(line.strip()) or mail_headers(lines, number):
            return _above_ruler(lines, number)
        if line.endswith(":") and (start := _wrote(lines, number)) is not None:
            return start
    return _by_library(lines)


def _above_ruler(lines: list[str], number: int) -> int:
    """Outlook draws a line above the headers of the quoted mail: it belongs to the history."""
    above = number - 1
    while above >= 0 and not lines[above].strip():
        above -= 1
    return above if above >= 0 and re.fullmatch(r"\s*[_-]{10,}\s*", lines[above]) else number


def _wrote(lines: list[str], end: int) -> int | None:
    """Where a headline begins that ends here: `On …, Anna <anna@example.it> wrote:`, on one to three lines, with an address
    or a marked quote below. The shortest one wins, since a line of the customer may stand right above it."""
    spans = [(start, _headline(lines[start : end + 1])) for start in range(end, max(-1, end - 3), -1)]
    for pattern, some in ((WROTE, spans), (WROTE_BARE, spans[:2])):
        for start, headline in some:
            if headline and pattern.fullmatch(headline) and ("@" in headline or _quote_follows(lines, end)):
                return start
    return None


def _headline(lines: list[str]) -> str | None:
    if any(len(line) > _MAX_LINE or not line.strip() for line in lines):
        return None
    return " ".join(line.strip() for line in lines)


def _quote_follows(lines: list[str], number: int) -> bool:
    below = next((line for line in lines[number + 1 : number + 4] if line.strip()), "")
    return QUOTED.match(below) is not None


def mail_headers(lines: list[str], number: int) -> bool:
    """`From: … Sent: … To: … Subject: …` in one of the languages: who and what, with an address or the time of day."""
    first = LABEL.match(lines[number])
    if not first or not first["who"]:
        return False
    block = [line[:_MAX_LINE] for line in lines[number : number + 10]]
    labels = [(label, line) for line in block if (label := LABEL.match(line))]
    together = "\n".join(line for _, line in labels)
    return any(label["what"] for label, _ in labels) and ("@" in together or TIME.search(together) is not None)


def _by_library(lines: list[str]) -> int | None:
    """Headlines of further languages and clients, as mail-parser-reply knows them."""
    candidates = [number for number, line in enumerate(lines) if line.endswith(":") and len(line) <= _MAX_LINE]
    for number in candidates[:_MAX_CANDIDATES]:
        known = by_library().match(lines[number].strip())
        if known and ("@" in lines[number] or _quote_follows(lines, number)):
            return number
    return None


def _without_signature(lines: list[str]) -> list[str]:
    end = len(lines)
    for number in range(len(lines) - 1, max(-1, len(lines) - 1 - 4 * _MAX_SIGNATURE), -1):
        if lines[number].rstrip() == "--" and sum(1 for line in lines[number:] if line.strip()) <= _MAX_SIGNATURE:
            end = number
    while end and (not lines[end - 1].strip() or SENT_FROM.fullmatch(lines[end - 1].strip())):
        end -= 1
    return lines[:end]
