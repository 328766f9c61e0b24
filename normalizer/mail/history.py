"""Where the history begins that a mail carries along: by headlines, by blocks of headers, by announcements."""

import re
from typing import Final, NamedTuple

from normalizer.mail.exact import is_exact
from normalizer.mail.headlines import (
    BRACKETED,
    DATE,
    LABEL,
    NAME_WROTE,
    ONLY_DATE,
    OPENING,
    ORIGINAL,
    QUOTED,
    QUOTING,
    SOMEBODY,
    SPOKEN,
    TIME,
    VERB,
    by_library,
)

MAX_LINE: Final = 300
_MAX_HEADLINE: Final = 500
_MAX_SPAN: Final = 4
"""Lines over which a headline may be broken."""
_MAX_BLOCK: Final = 10
_MAX_AFTER_VERB: Final = 150
_MAX_CANDIDATES: Final = 120
"""Lines shown to the library's pattern: its time grows with the square of what it is given."""

_MARKS: Final = re.compile(r"[>\s]{0,20}")
_DASHED: Final = re.compile(r"-{3,20}\s?(.{10,400}?)\s?:?\s?-{2,20}")
"""Zoho and iNotes: `---- On Mon, 3 Jun 2024 10:30:00 +0200 Anna <anna@example.it> wrote ----`."""
_JOINED: Final = re.compile(r"\s?:\s{2,20}(?=\S)")
"""Yahoo on phones sets the first words of the quote behind the headline, two blanks apart."""
_BARE: Final = re.compile(r"[^\s<>@]{1,100}@[^\s<>@]{1,200}")
_RULER: Final = re.compile(r"\s*[_-]{10,}\s*")
_KINDS: Final = ("who", "what", "when", "to")
_MORE: Final = re.compile(r"[@;,]")
"""In the further lines of a long list of recipients."""
_SENTENCE_END: Final = (".", "!", "?", ":")


class History(NamedTuple):
    """Where history begins, and where the words of a headline end; None for headers of a mail, which may go on."""

    start: int
    end: int | None = None


def history(lines: list[str], *, reply: bool) -> History | None:
    """Where history begins, or None. In a mail that answers none, only marked quotes below a headline are history."""
    for number, line in enumerate(lines):
        if not line.strip():
            continue
        if len(line) <= MAX_LINE and reply and (ORIGINAL.fullmatch(line.strip()) or mail_headers(lines, number)):
            return History(_with_marks(lines, _above_ruler(lines, number)))
        if (start := _headline(lines, number, reply=reply)) is not None:
            return History(_with_marks(lines, start), number + 1)
    return _by_library(lines, reply=reply)


def _above_ruler(lines: list[str], number: int) -> int:
    """Outlook draws a line above the headers of the quoted mail: it belongs to the history."""
    above = number - 1
    while above >= 0 and not lines[above].strip():
        above -= 1
    return above if above >= 0 and _RULER.fullmatch(lines[above][:MAX_LINE]) else number


def _with_marks(lines: list[str], number: int) -> int:
    """A headline within marked lines: the quote begins with the first of them."""
    while number > 0 and QUOTED.match(lines[number]) and QUOTED.match(lines[number - 1]):
        number -= 1
    return number


def _headline(lines: list[str], end: int, *, reply: bool) -> int | None:
    """Where a headline begins that ends in this line. The shortest one wins, since a line of the customer may stand right
    above it."""
    last = lines[end][:_MAX_HEADLINE].strip()
    if not last.endswith((":", "-")):
        joined = _JOINED.search(last)
        last = f"{last[: joined.start()]}:" if joined and reply else ""
    quoted = _quote_follows(lines, end)
    # A French colon, with a blank before it, may come to stand on a line of its own.
    if not (last.strip("-: ") or last == ":") or not (quoted or reply):
        return None
    text = ""
    for start in range(end, max(-1, end - _MAX_SPAN), -1):
        piece = last if start == end else lines[start].strip()
        if not piece or len(piece) + len(text) > _MAX_HEADLINE:
            return None
        text = f"{piece[_end_of_marks(piece) :]} {text}".strip()
        if is_headline(text, quoted=quoted):
            return start - 1 if _begins_above(lines, start, text) else start
    return None


def _end_of_marks(text: str) -> int:
    marks = _MARKS.match(text)
    return marks.end() if marks else 0


def _begins_above(lines: list[str], start: int, text: str) -> bool:
    """`Am Montag,` may stand on a line of its own, and what follows is a headline without it."""
    above = lines[start - 1].strip() if start else ""
    above = above[_end_of_marks(above) :]
    if not above or len(above) > MAX_LINE or above.endswith(_SENTENCE_END):
        return False
    return OPENING.match(f"{above} {text}") is not None and OPENING.match(above + " 1") is not None


def _quote_follows(lines: list[str], number: int) -> bool:
    below = next((line for line in lines[number + 1 : number + 4] if line.strip()), "")
    return QUOTED.match(below) is not None


def is_headline(text: str, *, quoted: bool) -> bool:
    """Whether these words announce a quote: `On 3 June 2024 at 10:30, Anna <anna@example.it> wrote:`. `quoted`: marked lines
    follow. What could be a sentence of the customer needs a date and an address or marks, and a program's way to begin."""
    dashed = _DASHED.fullmatch(text)
    if SPOKEN.search(text) or not (dashed or text.endswith(":")):
        return False
    inner = dashed[1] if dashed else text
    if not (quoted or dashed or is_exact(text)):
        return False
    verbs = list(VERB.finditer(inner))
    addressed, dated = BRACKETED.search(inner) is not None, bool(DATE.search(inner) or TIME.search(inner))
    if not verbs:
        return not dashed and _without_verb(inner, quoted=quoted, addressed=addressed)
    addressed = addressed or _address_at(inner, verbs[-1])
    if len(inner) - verbs[-1].end() > _MAX_AFTER_VERB or not (addressed or quoted):
        return False
    if dashed or OPENING.match(inner):
        return bool(dashed) or dated or quoted
    return _by_name(inner, quoted=quoted, addressed=addressed, dated=dated)


def _address_at(text: str, verb: re.Match[str]) -> bool:
    """A bare address right before or behind the verb."""
    before, behind = text[: verb.start()].split()[-1:], text[verb.end() :].split()[:1]
    return any(_BARE.fullmatch(word.strip(",:")) for word in (*before, *behind))


def _by_name(text: str, *, quoted: bool, addressed: bool, dated: bool) -> bool:
    """`Anna <anna@example.it> escreveu (3/06/2024 às 10:30):`, `Anna schreef op 3-6-2024 10:30:`."""
    if SOMEBODY.match(text) or VERB.match(text):
        return False
    if addressed and (dated or quoted):
        return True
    return quoted and (dated or NAME_WROTE.fullmatch(text) is not None)


def _without_verb(text: str, *, quoted: bool, addressed: bool) -> bool:
    """`03.06.2024, 10:30, "Anna" <anna@example.it>:` (Yandex), `* Anna <anna@example.it> [2024-06-03 10:30]:` (mutt)."""
    if quoted and (ONLY_DATE.fullmatch(text) or QUOTING.fullmatch(text)):
        return True
    timed = DATE.search(text) is not None and TIME.search(text) is not None
    return addressed and timed and quoted


def mail_headers(lines: list[str], number: int) -> bool:
    """Whether a block `From: … Sent: … To: … Subject: …` begins here, in one of the languages and in any order: who, and two
    more of when, to whom and what, with an address. Names alone do where a full date and time stand with them."""
    first = LABEL.match(lines[number][:MAX_LINE])
    if not first or first["to"]:
        return False
    found: dict[str, re.Match[str]] = {}
    last = first
    # Labels may be set apart by blank lines, all of them or none.
    step = 1 if number + 1 < len(lines) and lines[number + 1].strip() else 2
    for line in lines[number : number + step * _MAX_BLOCK : step]:
        if label := LABEL.match(line[:MAX_LINE]):
            last = label
            found.setdefault(next(kind for kind in _KINDS if label[kind]), label)
        elif not line.strip() or not (last["to"] and _MORE.search(line[:MAX_LINE])):
            break
    return _are_headers({kind: label[0] for kind, label in found.items()}, found.get("when"))


def _are_headers(found: dict[str, str], when: re.Match[str] | None) -> bool:
    if "who" not in found:
        return False
    timed = when is not None and TIME.search(when[0]) is not None
    if len(found) == 2:  # noqa: PLR2004  # a meagre block
        return "@" in found["who"] and timed
    if any("@" in line for line in found.values()):
        return len(found) > 1
    # Customers give places and days under such labels, too, but do not say when they sent them.
    return timed and when is not None and not when["day"] and DATE.search(when[0]) is not None


def _by_library(lines: list[str], *, reply: bool) -> History | None:
    """Headlines of further languages and clients, as mail-parser-reply knows them."""
    candidates = [number for number, line in enumerate(lines) if line.endswith(":") and len(line) <= MAX_LINE]
    for number in candidates[:_MAX_CANDIDATES]:
        known = by_library().match(lines[number].strip())
        if known and not SPOKEN.search(lines[number]) and (_quote_follows(lines, number) or (reply and _told(lines[number]))):
            return History(_with_marks(lines, number), number + 1)
    return None


def _told(line: str) -> bool:
    return BRACKETED.search(line) is not None and DATE.search(line) is not None and is_exact(line)
