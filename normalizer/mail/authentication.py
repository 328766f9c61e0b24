"""What servers found out about a mail's origin: their Authentication-Results headers (RFC 8601), and what they prove."""

import re
from collections.abc import Collection
from typing import Final

from normalizer.mail.model import Authentication, Defect, Mail
from normalizer.values import ascii_domain

_MAX_HEADERS: Final = 10
_MAX_LENGTH: Final = 4096
"""Characters: servers write some hundred. A longer header counts as unreadable, so that none is read in part."""
_DOUBTS: Final[frozenset[Defect]] = frozenset(
    ("several_from", "addresses_disagree", "from_missing", "from_broken", "head_ambiguous")
)

_MARKS: Final = re.compile(r'\\[\\"();]|["();]')
_DEEPER: Final = {"(": 1, ")": -1}
_DMARC: Final = re.compile(r"\s*dmarc\s*(?:/\s*\d{1,3}\s*)?=", re.IGNORECASE)
_HEAD: Final = re.compile(r'\s*(?:"[^"\s]{1,255}"|[^"\s]{1,255})(?:\s+1)?\s*')
_VERDICT: Final = re.compile(rf"{_DMARC.pattern}\s*([a-z]{{1,20}})(?!\S)", re.IGNORECASE)
# `action` without a type is Microsoft's own.
_PROPERTY: Final = re.compile(
    r'\s+(?:reason|action|(?P<type>[a-z][a-z0-9-]{0,40})\s*\.\s*(?P<name>[a-z][a-z0-9-]{0,40}))\s*=\s*(?P<value>"[^"]*"|[^\s";=]+)(?!\S)',
    re.IGNORECASE,
)
_FOREIGN: Final = re.compile(r'[^\s;"=@]{0,253}[^\x00-\x7f][^\s;"=@]{0,253}')


def results(headers: tuple[str, ...]) -> tuple[Authentication, ...]:
    """The topmost ten headers as values. What cannot be read keeps its place and its id, and proves nothing.

    Its place matters: were it left out, a forged header further down could take it.
    """
    return tuple(_result(value) for value in headers[:_MAX_HEADERS])


def proved(mail: Mail, trusted: Collection[str]) -> bool:
    """Whether the sender's address is proved by a server in `trusted` (authserv-ids).

    It is when the topmost header with a trusted id says `dmarc=pass` for the very domain of the only From address. Whatever
    stands further down came with the mail and may be forged, also under our own name.
    """
    ids = {name.strip().lower() for name in trusted}
    top = next((result for result in mail.authentication if result.authserv_id in ids), None)
    if top is None or top.dmarc != "pass" or not top.header_from:
        return False
    if mail.sender is None or len(mail.senders) != 1 or not _DOUBTS.isdisjoint(mail.defects):
        return False
    domain = ascii_domain(mail.sender.email.rpartition("@")[2])
    return domain is not None and domain == ascii_domain(top.header_from)


def _result(value: str) -> Authentication:
    pieces = _pieces(value) if len(value) <= _MAX_LENGTH else None
    if pieces is None:
        return Authentication(authserv_id=_first_word(value[:_MAX_LENGTH]))
    authserv_id = _first_word(pieces[0])
    about = [piece for piece in pieces[1:] if _DMARC.match(piece)]
    if len(about) != 1:
        return Authentication(authserv_id=authserv_id)
    return _dmarc(authserv_id, pieces[0], about[0])


def _pieces(value: str) -> list[str] | None:
    """The header without its comments, cut at the semicolons that are not quoted; None where it can be read in two ways.

    Only the one result that matters is read on, so that nothing a stranger got quoted in the others can lead astray.

    Servers copy the stranger's address into comments and quotes as it is, and an address may hold quotes, brackets and
    backslashes (RFC 5321, 4.1.2). Where these do not pair, or a pair begins inside another and ends outside of it, some of
    what looks like the server's words may be the stranger's.
    """
    pieces, start, depth, quoted, inside = [""], 0, 0, False, 0
    for mark in _MARKS.finditer(value):
        at, sign = mark.start(), mark[0]
        if sign[0] == "\\" or (sign == '"' and depth):
            return None
        if quoted:
            inside += _DEEPER.get(sign, 0)
            quoted = sign != '"'
            if inside < 0 or (inside and not quoted):
                return None
        elif depth or sign in "()":
            if depth == 0:
                pieces[-1] += value[start:at] + " "
            depth += _DEEPER.get(sign, 0)
            start = at + 1
            if depth < 0:
                return None
        elif sign == '"':
            quoted = True
        else:
            pieces[-1] += value[start:at]
            pieces.append("")
            start = at + 1
    if quoted or depth:
        return None
    pieces[-1] += value[start:]
    return pieces


def _first_word(text: str) -> str:
    words = re.split(r"[\s;]", re.sub(r"^(?:\s|\([^()]{0,400}\))+", "", text), maxsplit=1)
    return words[0].strip('"').lower()[:255]


def _dmarc(authserv_id: str, head: str, result: str) -> Authentication:
    """What one `dmarc=` result says (RFC 8601, 2.2), comments taken out before. Anything beside the grammar: nothing."""
    unreadable = Authentication(authserv_id=authserv_id)
    if not result.isascii():  # RFC 8616
        result = _FOREIGN.sub(lambda word: ascii_domain(word[0]) or word[0], result)
    verdict = _VERDICT.match(result)
    if verdict is None or not _HEAD.fullmatch(head):
        return unreadable
    domains: list[str] = []
    place, end = verdict.end(), len(result.rstrip())
    while place < end:
        one = _PROPERTY.match(result, place)
        if one is None:
            return unreadable
        if (one["type"] or "").lower() == "header" and one["name"].lower() == "from":
            domains.append(one["value"].strip('"').lower())
        place = one.end()
    if len(domains) != 1:
        return unreadable
    return Authentication(authserv_id=authserv_id, dmarc=verdict[1].lower(), header_from=domains[0] or None)
