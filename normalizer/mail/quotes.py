"""The new words of a mail, apart from the history it carries along.

The rule is to keep: what is cut stands below what a mail client writes, or between quote marks that it announced. Marked
lines that nothing announces go only from a mail that names another as answered, and only where they begin or end it.
A forward is kept whole, for there the other's words are the message, and so is a mail that announces answers in the quote.
"""

import re
from typing import Final

from normalizer.mail.adverts import ANSWERS_BELOW, FORWARD_SUBJECT, FORWARDED, REPLY_SUBJECT, advert
from normalizer.mail.headlines import LABEL, ORIGINAL, QUOTED
from normalizer.mail.history import History, history

_GAPS: Final = re.compile("\n{3,}")
"""Left behind where quotes stood between answers."""
_MAX_SIGNATURE: Final = 12
"""Lines below `-- ` that are taken for a signature; more are somebody's words below a ruler."""
_MAX_LINE: Final = 300
_REACHED: Final = re.compile(r"@[\w-]|https?:|www\.|(?<!\d)\+?\(?\d{2,5}[\d ()/.-]{5,20}\d")
_LISTED: Final = re.compile(r"\d{1,3}[.)]\s|[-*•]\s")
_SENTENCE: Final = re.compile(r"(?:\S+\s+){3,40}\S+[.!?]")
_POSTSCRIPT: Final = re.compile(r"\s{0,8}(?:p\.?\s?p?\.?s|n\.?b)\b[.:,;]?", re.IGNORECASE)
_MAX_HEADERS: Final = 8
_MAX_WORDS: Final = 4
"""Lines that somebody may write between a headline and the marked lines; more are the history, and carry no marks."""
_MAX_FORWARDED: Final = 1000
"""Characters of a line that announces a forward: Yahoo sets all its headers on it."""
_MAX_SAID: Final = 4000
"""Characters of the new words in which an announcement of answers is looked for."""
_RULER: Final = re.compile(r"[\s_=-]{3,200}")
_DEEPER: Final = re.compile(r"\s{0,8}>\s?>")


def new_words(text: str, subject: str | None = None, *, answers: bool = False, signed: bool = False) -> str | None:
    """The text without quoted history, standard signature and the advertisement of a mobile client; None where it holds
    nothing else. `answers`: the mail names another that it answers; `signed`: it has the standard's delimiter, `-- ` with
    its blank, which the text may have lost.

    Words written between quoted lines stay. A forward stays whole, and so does all that might be the customer's.
    """
    lines = text.split("\n")
    forward = subject is not None and FORWARD_SUBJECT.fullmatch(subject) is not None
    if forward and _carries(lines):
        return text
    signed = signed or "-- " in lines
    reply = answers or (subject is not None and REPLY_SUBJECT.fullmatch(subject) is not None)
    above = _without_history(lines, reply=reply, answers=answers, searched=forward)
    kept = _without_signature(above, signed=signed)
    if len(kept) == len(lines):
        return text
    return _GAPS.sub("\n\n", "\n".join(kept)).strip() or None


def _without_history(lines: list[str], *, reply: bool, answers: bool, searched: bool) -> list[str]:
    """`searched`: it is known that there is none."""
    found = None if searched else history(lines, reply=reply)
    if found is None:
        return _without_marked(lines) if answers else lines
    head, tail = lines[: found.start], lines[found.start :]
    if any(FORWARDED.fullmatch(line) for line in head if len(line) < _MAX_FORWARDED) or _announced(head):
        return lines
    first = next((number for number, line in enumerate(tail) if QUOTED.match(line)), None)
    above = [] if first is None else _words_above(tail, found, first)
    if first is None or (len(above) > _MAX_WORDS and _introduced(tail, first)):
        # No marks, or only those of the older history within it: nothing but its place tells what is new.
        return head if _said(head) else lines
    if above and _may_be_answers(tail, found, above):
        return lines
    end = first if found.end is None else found.end - found.start
    # Quote marks say exactly what is old, so what stands without them below the headline was written now.
    answered = [line for line in tail[end:] if not QUOTED.match(line)]
    return [*_trimmed(head), "", *_trimmed(answered)] if any(map(str.strip, answered)) else head


def _words_above(tail: list[str], found: History, first: int) -> list[str]:
    """Lines between a headline, or the headers of a mail, and the first marked one."""
    if found.end is not None:
        return [line for line in tail[found.end - found.start : first] if line.strip()]
    # Below `Original Message` a block may name its headers without colons (eM Client).
    block = next((n for n, line in enumerate(tail) if not line.strip()), 0) if ORIGINAL.fullmatch(tail[0].strip()) else 0
    start = block if block <= _MAX_HEADERS else 0
    return [line for line in tail[start:first] if line.strip() and not _is_header(line[:_MAX_LINE])]


def _is_header(line: str) -> bool:
    return bool(LABEL.match(line) or ORIGINAL.fullmatch(line.strip()) or _RULER.fullmatch(line) or "@" in line)


def _introduced(tail: list[str], first: int) -> bool:
    """Whether a headline of its own, or a header, stands right above the first marked line."""
    above = next((line for line in reversed(tail[:first]) if line.strip()), "")
    return above.rstrip().endswith((":", "--")) or LABEL.match(above[:_MAX_LINE]) is not None


def _may_be_answers(tail: list[str], found: History, above: list[str]) -> bool:
    """Whether marked lines below unmarked ones may be what the customer wrote into the other's mail."""
    if found.end is None or len(above) > _MAX_WORDS:
        return True
    return all(_DEEPER.match(line) for line in tail if QUOTED.match(line))


def _carries(lines: list[str]) -> bool:
    """Whether a forward has the other's words in its text, rather than in a mail that hangs on it."""
    return (
        any(FORWARDED.fullmatch(line) for line in lines if len(line) < _MAX_FORWARDED) or history(lines, reply=True) is not None
    )


def _said(head: list[str]) -> str:
    return "\n".join(_without_signature(head, signed=True)).strip()


def _announced(head: list[str]) -> bool:
    """Whether the customer says that the answers stand in the quote."""
    return ANSWERS_BELOW.search(_said(head)[:_MAX_SAID]) is not None


def _trimmed(lines: list[str]) -> list[str]:
    return "\n".join(lines).strip("\n").split("\n")


def _without_marked(lines: list[str]) -> list[str]:
    """Without two marked lines or more at the beginning or the end. Somebody's own are announced (`Prices:`), or stand
    within their words; and nothing but marked lines is the message."""
    said = [number for number, line in enumerate(lines) if line.strip() and not QUOTED.match(line)]
    if not said or ANSWERS_BELOW.search("\n".join(lines)[:_MAX_SAID]):
        return lines
    start, end = said[0], said[-1] + 1
    if sum(1 for line in lines[:start] if line.strip()) <= 1:
        start = 0
    below = lines[end:]
    if sum(1 for line in below if line.strip()) <= 1 or below[0].strip() or lines[end - 1].rstrip().endswith(":"):
        end = len(lines)
    return lines[start:end]


def _without_signature(lines: list[str], *, signed: bool) -> list[str]:
    lines = _without_adverts(lines)
    marks = [number for number, line in enumerate(lines) if line.rstrip() == "--"]
    if not marks or (len(marks) > 1 and not signed):
        return lines
    start = end = marks[-1]
    while end + 1 < len(lines) and not lines[end + 1].strip():
        end += 1
    while end + 1 < len(lines) and lines[end + 1].strip() and not _POSTSCRIPT.match(lines[end + 1]):
        end += 1
    if not _is_signature([line for line in lines[start + 1 : end + 1] if line.strip()], signed=signed):
        return lines
    below = lines[end + 1 :]
    return [*lines[:start], "", *below] if any(map(str.strip, below)) else _without_adverts(lines[:start])


def _without_adverts(lines: list[str]) -> list[str]:
    end = len(lines)
    while end and (not lines[end - 1].strip() or advert(lines[end - 1])):
        end -= 1
    return lines[:end]


def _is_signature(lines: list[str], *, signed: bool) -> bool:
    """Of the paragraph below `--`. Without the blank of the standard, that is a ruler of the customer's as well: how to reach
    somebody must stand there. Words are no signature with it either."""
    if not lines:
        return True
    first = lines[0][:_MAX_LINE].strip()
    # Words go on in small letters, or with the mark of a list; a signature begins with a name.
    if len(lines) > _MAX_SIGNATURE or first[:1].islower() or _LISTED.match(first) or _SENTENCE.fullmatch(first):
        return False
    return signed or any(_REACHED.search(line[:_MAX_LINE]) for line in lines)
