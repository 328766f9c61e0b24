"""Mails a second: three sizes, read in this process, in a reading process, and by the bare standard library."""

import asyncio
import base64
import email
import email.policy
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle, islice
from typing import Final

from bench.meter import Meter, Part, each
from connectors.base import Request
from connectors.email import CONTENT_TYPE, EmailConnector, EmailSettings
from connectors.registry import find
from regia.pipeline.reading import Reader
from regia.settings import Reading
from tests.mailcorpus import CRLF, OLD, SHOP, VOICES, Voice, headers, html, multipart, plain

_DIFFERENT: Final = 16
"""Mails of a size before the first one comes again."""
_MOST_AT_ONCE: Final = 4 << 20
"""Bytes of mails that are held ready for one stretch."""
_CONNECTOR: Final = EmailConnector("mail", EmailSettings(brand="demo", address=SHOP))
_AT: Final = datetime(2026, 11, 21, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Mails of one size. Rates are mails a second."""

    what: str
    bytes: int
    bare: float
    here: float
    apart: float
    """Through one reading process, with as many on their way as a poller has."""


def small(voice: Voice, number: int) -> bytes:
    """About 1 KB of plain text."""
    words = CRLF.join((voice.words, "", *(f"{number + line}. {voice.reply}" for line in range(8)), "", voice.name))
    return headers(voice, number, voice.subject).encode() + plain(words)


def typical(voice: Voice, number: int) -> bytes:
    """An answer of 20 to 40 KB in HTML and plain text, above the mail it answers and with a small picture in the signature."""
    quoted = [f"{OLD} {voice.words}" for _ in range(46)]
    text = CRLF.join((voice.reply, "", "-- ", voice.name, voice.mobile, "", voice.wrote, *(f"> {line}" for line in quoted)))
    style = "font-family:Calibri,sans-serif;font-size:11.0pt;color:#1F497D"
    old = "".join(f'<p class="MsoNormal" style="{style}"><span lang="{voice.language}">{line}</span></p>' for line in quoted)
    page = (
        "<html><head><style>p.MsoNormal{margin:0cm}</style></head><body>"
        f'<p class="MsoNormal" style="{style}">{voice.reply}</p>'
        f'<p style="{style}">{voice.name}<br><img src="cid:logo@shop"></p>'
        f'<div class="gmail_quote"><div class="gmail_attr">{voice.wrote}</div><blockquote type="cite">{old}</blockquote></div>'
        "</body></html>"
    )
    related = multipart("related", "rel", html(page), _picture("logo.png", 4_000, number, inline=True))
    return headers(voice, number, voice.subject).encode() + multipart("alternative", "alt", plain(text), related)


def large(voice: Voice, number: int) -> bytes:
    """Three photos, 5 MB together in base64."""
    photos = [_picture(f"foto-{photo}.jpg", 1_230_000, number + photo) for photo in range(3)]
    return headers(voice, number, voice.subject).encode() + multipart("mixed", "mix", plain(voice.words), *photos)


def _picture(name: str, size: int, seed: int, *, inline: bool = False) -> bytes:
    start = b"\x89PNG\r\n\x1a\n" if inline else b"\xff\xd8\xff\xe0"
    code = base64.encodebytes(start + random.Random(seed).randbytes(size)).replace(b"\n", b"\r\n")  # noqa: S311  # no secret
    shown = f"Content-ID: <logo@shop>{CRLF}Content-Disposition: inline" if inline else "Content-Disposition: attachment"
    kind = "image/png" if inline else "image/jpeg"
    head = f'Content-Type: {kind}{CRLF}Content-Transfer-Encoding: base64{CRLF}{shown}; filename="{name}"{CRLF}{CRLF}'
    return head.encode() + code


SIZES: Final[Sequence[tuple[str, Callable[[Voice, int], bytes]]]] = (
    ("small: plain text", small),
    ("typical: HTML reply, quote, picture", typical),
    ("large: photos", large),
)


def measure(*, seconds: float, told: Callable[[str], None]) -> list[Size]:
    """Every size, each way for about `seconds`."""
    sizes = []
    for what, make in SIZES:
        told(f"mails: {what}")
        mails = [make(VOICES[number % len(VOICES)], number) for number in range(_DIFFERENT)]
        size = sum(map(len, mails)) // len(mails)
        stretch = max(2, min(64, _MOST_AT_ONCE // size))
        given = cycle(mails)
        bare = each(what, seconds, lambda: next(given), read_bare, stretch=stretch)  # noqa: B023  # used up at once
        here = each(what, seconds, lambda: _request(next(given)), _CONNECTOR.parse, stretch=stretch)  # noqa: B023  # the same
        apart = asyncio.run(_apart(what, seconds, mails, stretch))
        sizes.append(Size(what=what, bytes=size, bare=_rate(bare), here=_rate(here), apart=_rate(apart)))
    return sizes


def read_bare(raw: bytes) -> int:
    """Parsed, with every text part decoded; how many could not be. Nothing is cleaned, and no quote is told apart."""
    lost = 0
    for part in email.message_from_bytes(raw, policy=email.policy.default).walk():
        if part.get_content_maintype() == "text":
            try:
                part.get_content()
            except (LookupError, ValueError):
                lost += 1
    return lost


async def _apart(what: str, seconds: float, mails: Sequence[bytes], stretch: int) -> Part:
    reader = Reader({"mail": _CONNECTOR}, {"mail": find("email")}, Reading(workers=1))
    meter = Meter(what, seconds)
    given = cycle(mails)
    try:
        await reader.read(_CONNECTOR, _request(next(given)))  # the process is up
        while meter.wants_more:
            requests = [_request(raw) for raw in islice(given, stretch)]
            with meter:
                await asyncio.gather(*(reader.read(_CONNECTOR, request) for request in requests))
            meter.did(stretch)
    finally:
        await reader.close()
    return meter.part


def _request(raw: bytes) -> Request:
    return Request(method="POST", url="", headers={"content-type": CONTENT_TYPE}, query={}, body=raw, received_at=_AT)


def _rate(part: Part) -> float:
    return 1e6 / part.wall
