"""Whose words a forward carries: the authors it names itself, in its text or by the mail that hangs on it.

Whoever forwards can write there what they like, so these are claims. What a reply quotes is no forward: its author is
named by the thread already, and is mostly us.
"""

import re
from collections.abc import Iterator
from typing import Final

from normalizer.mail.addresses import addresses, email_of
from normalizer.mail.adverts import FORWARD_SUBJECT, FORWARDED
from normalizer.mail.content import content
from normalizer.mail.history import history, mail_headers
from normalizer.mail.source import Part, parse

_MOST: Final = 3
_MAX_LINE: Final = 300
_LINES_OF_HEADERS: Final = 12
_MAX_INNER_HEADERS: Final = 64 * 1024
_MAX_BLOCKS: Final = 20

_FROM: Final = re.compile(
    r"[>\s*]{0,20}(?:from|da|von|de|van|od|fra|från|mittente|absender|remitente|remetente|expéditeur|afzender|nadawca)"
    r"\s?\*?\s?:\s?\*?(.{3,300})",
    re.IGNORECASE,
)
"""Thunderbird calls the author otherwise than the others: `Mittente`, `Nadawca`."""
_ADDRESS: Final = re.compile(r"[^\s<>()\[\]\",;:*@\\]{1,64}@[^\s<>()\[\]\",;:*@\\]{1,253}")


def inner_authors(root: Part, text: str | None, subject: str | None) -> tuple[str, ...]:
    """At most three addresses, lower-cased, in their order, each once."""
    forward = subject is not None and FORWARD_SUBJECT.fullmatch(subject) is not None
    lines = [line[:_MAX_LINE].rstrip() for line in (text or "").split("\n")]
    found = dict.fromkeys(
        (*_in_text(lines, forward=forward), *_attached(root, forward=forward or not any(map(str.strip, lines))))
    )
    return tuple(found)[:_MOST]


def _in_text(lines: list[str], *, forward: bool) -> Iterator[str]:
    """Below each line that announces a forward; below none, in a mail that calls itself one, the first block of headers
    (Outlook's form). Deeper blocks are the history of what is forwarded."""
    marks = [number for number, line in enumerate(lines) if FORWARDED.fullmatch(line)][:_MAX_BLOCKS]
    if marks and not forward:
        end = history(lines, reply=True)
        marks = [number for number in marks if not lines[number].startswith(">") and (end is None or number < end.start)]
    for number in marks:
        beside = FORWARDED.fullmatch(lines[number])
        yield from _author([beside["headers"]] if beside and beside["headers"] else lines[number + 1 :])
    if forward and not marks:
        start = next((number for number in range(len(lines)) if mail_headers(lines, number)), None)
        if start is not None:
            yield from _author(lines[start:])


def _author(lines: list[str]) -> Iterator[str]:
    """The address in the From line of the headers that begin here."""
    for line in lines[:_LINES_OF_HEADERS]:
        if named := _FROM.match(line):
            address = _ADDRESS.search(named[1].replace("mailto:", ""))
            if address and (email := email_of(address[0])):
                yield email
            return


def _attached(root: Part, *, forward: bool) -> Iterator[str]:
    """Of the mails that hang on one that says so, or that says nothing else."""
    mails = [part for part in root.walk() if isinstance(part, Part) and part.media_type == "message/rfc822"] if forward else []
    for part in mails[:_MOST]:
        yield from (address.email for address in addresses(parse(content(part)[:_MAX_INNER_HEADERS]).headers("from"))[:1])
