"""The new words of a mail, apart from the history it carries along.

The rule is to keep: what is cut must look like history by two signs at least (a headline of a mail client, and an
address, a date or quote marks with it). A forward is kept whole, for there the other's words are the message.
"""

import re
from typing import Final

from normalizer.mail.adverts import ANSWERS_BELOW, FORWARD_SUBJECT, FORWARDED, REPLY_SUBJECT, advert
from normalizer.mail.headlines import QUOTED
from normalizer.mail.history import history

_GAPS: Final = re.compile("\n{3,}")
"""Left behind where quotes stood between answers."""
_MAX_SIGNATURE: Final = 12
"""Lines below `-- ` that are taken for a signature; more are somebody's words below a ruler."""
_MAX_LINE: Final = 300
_REACHED: Final = re.compile(r"@[\w-]|https?:|www\.|(?<!\d)\+?\(?\d{2,5}[\d ()/.-]{5,20}\d")
_MAX_HEADERS: Final = 6
"""Lines of mail headers above the marked lines they announce."""
_MAX_WORDS: Final = 4
"""Lines that somebody may write between a headline and the marked lines; more are the history, and carry no marks."""
_MAX_FORWARDED: Final = 1000
"""Characters of a line that announces a forward: Yahoo sets all its headers on it."""
_MAX_SAID: Final = 4000
"""Characters of the new words in which an announcement of answers is looked for."""


def new_words(text: str, subject: str | None = None, *, answers: bool = False, signed: bool = False) -> str | None:
    """The text without quoted history, standard signature and the advertisement of a mobile client; None where it holds
    nothing else. `answers`: the mail names another that it answers; `signed`: it has the standard's delimiter, `-- ` with
    its blank, which the text may have lost.

    Words written between quoted lines stay. A forward stays whole, and so does all that might be the customer's.
    """
    lines = text.split("\n")
    if subject is not None and FORWARD_SUBJECT.fullmatch(subject) and _carries(lines):
        return text
    signed = signed or "-- " in lines
    reply = answers or (subject is not None and REPLY_SUBJECT.fullmatch(subject) is not None)
    kept = _without_signature(_without_history(lines, reply=reply), signed=signed)
    if len(kept) == len(lines):
        return text
    return _GAPS.sub("\n\n", "\n".join(kept)).strip() or None


def _without_history(lines: list[str], *, reply: bool) -> list[str]:
    found = history(lines, reply=reply)
    if found is None:
        return _without_quotes(lines) if reply else lines
    head, tail = lines[: found.start], lines[found.start :]
    if any(FORWARDED.fullmatch(line) for line in head if len(line) < _MAX_FORWARDED):
        return lines
    answers = _unquoted_below(tail, None if found.end is None else found.end - found.start)
    if answers is None:
        return lines if _may_go_on(head) else _without_quotes(head)
    # Quote marks say exactly what is old, so what stands without them below the headline was written now.
    return _without_quotes([*_trimmed(head), "", *_trimmed(answers)] if any(map(str.strip, answers)) else head)


def _carries(lines: list[str]) -> bool:
    """Whether a forward has the other's words in its text, rather than in a mail that hangs on it."""
    return (
        any(FORWARDED.fullmatch(line) for line in lines if len(line) < _MAX_FORWARDED) or history(lines, reply=True) is not None
    )


def _may_go_on(head: list[str]) -> bool:
    """Whether the customer's words may stand in a history without marks: nothing stands above it, or that says so."""
    said = "\n".join(_without_signature(head, signed=True)).strip()
    return not said or ANSWERS_BELOW.search(said[:_MAX_SAID]) is not None


def _trimmed(lines: list[str]) -> list[str]:
    return "\n".join(lines).strip("\n").split("\n")


def _without_quotes(lines: list[str]) -> list[str]:
    """Without marked lines. A single one is somebody's own sign (`> 500 €`), and nothing but marked ones is the message."""
    kept = [line for line in lines if not QUOTED.match(line)]
    return kept if len(kept) < len(lines) - 1 and any(map(str.strip, kept)) else lines


def _unquoted_below(tail: list[str], end: int | None) -> list[str] | None:
    """Lines without quote marks below a headline that ends before `end`, or below the headers of a mail. None where the
    history carries no marks, or only the older history within it."""
    first = next((number for number, line in enumerate(tail) if QUOTED.match(line)), None)
    if first is None:
        return None
    above = sum(1 for line in tail[end or 0 : first] if line.strip())
    if above > (_MAX_HEADERS if end is None else _MAX_WORDS):
        return None
    return [line for line in tail[first if end is None else end :] if not QUOTED.match(line)]


def _without_signature(lines: list[str], *, signed: bool) -> list[str]:
    end = len(lines)
    for number in range(len(lines) - 1, max(-1, len(lines) - 1 - 4 * _MAX_SIGNATURE), -1):
        if lines[number].rstrip() == "--" and _is_signature(lines[number:], signed=signed):
            end = number
    while end and (not lines[end - 1].strip() or advert(lines[end - 1])):
        end -= 1
    return lines[:end]


def _is_signature(lines: list[str], *, signed: bool) -> bool:
    """Without the blank of the standard, `--` is a ruler of the customer's as well: how to reach somebody must stand below."""
    if sum(1 for line in lines if line.strip()) > _MAX_SIGNATURE:
        return False
    return signed or any(_REACHED.search(line[:_MAX_LINE]) for line in lines) or not any(map(str.strip, lines[1:]))
