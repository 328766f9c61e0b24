"""A mailbox with years of mail in it, of which every single one can be recognised wherever it ends up."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import cycle
from typing import Final

from bench.mails import large, typical
from tests.mailcorpus import VOICES
from tests.mutants import originals
from tests.mutants.tools import set_header
from tests.servers.dovecot import DovecotServer
from tests.servers.looking import examine, looking

MAX_BODY: Final = 6_000_000
"""For the connector: the backlog has mails that are larger."""
_BEGINNING: Final = 600
"""Bytes of a mail among which its marker stands."""
_MARKER: Final = re.compile(rb"proof-(\d{6})")


@dataclass
class Backlog:
    """What was delivered, by number. Mails of one number are one mail delivered twice, on two ways."""

    messages: set[int] = field(default_factory=set)
    unreadable: set[int] = field(default_factory=set)
    too_large: set[int] = field(default_factory=set)
    delivered: int = 0

    @property
    def distinct(self) -> int:
        return len(self.messages) + len(self.unreadable) + len(self.too_large)

    @property
    def quarantined(self) -> set[int]:
        return self.unreadable | self.too_large

    def mails(self, count: int) -> Iterator[bytes]:
        """The next mails: samples of all kinds, every tenth an answer of 30 KB, some of 5 MB, some that come twice, some
        that are no mails, some larger than `MAX_BODY`."""
        samples = cycle(originals().values())
        again: list[bytes] = []
        for place in range(count):
            number, self.delivered = self.delivered, self.delivered + 1
            if place % 100 == 50 and again:
                yield (
                    b"Received: from relay.example by mx.example; Sat, 21 Nov 2026 10:00:%02d +0100\r\n" % (place % 60)
                    + again.pop()
                )
            elif place % 500 == 70:
                self.unreadable.add(number)
                yield b"proof-%06d is what somebody's script wrote into the mailbox\r\n" % number
            elif place % 5_000 == 2_300:
                self.too_large.add(number)
                yield _marked(large(VOICES[0], number) + b"x" * MAX_BODY, number)
            else:
                self.messages.add(number)
                voice = VOICES[number % len(VOICES)]
                make = large if place % 1_000 == 600 else typical if place % 10 == 0 else None
                raw = _marked(make(voice, number) if make else next(samples), number)
                again = [raw] if place % 100 == 20 else again
                yield raw


def _marked(raw: bytes, number: int) -> bytes:
    """With a Message-ID of its own above everything else, and the line ends of mail on its way."""
    raw = set_header(raw.lstrip(b"\r\n"), b"Message-ID", b"<proof-%06d@mail.example>" % number)
    return re.sub(rb"\r?\n", b"\r\n", raw)


def number_of(raw: bytes) -> int:
    found = _MARKER.search(raw[:_BEGINNING])
    assert found is not None, raw[:_BEGINNING]
    return int(found[1])


def numbers_in(texts: Iterable[bytes]) -> set[int]:
    return {int(found) for text in texts for found in _MARKER.findall(text)}


@dataclass(frozen=True)
class Mailbox:
    """One user's INBOX, looked at from outside."""

    server: DovecotServer
    user: str

    def seen(self) -> tuple[set[int], set[int]]:
        """Numbers of the mails that are marked as seen, and of those that are not."""
        marked: dict[bool, set[int]] = {True: set(), False: set()}
        with looking(self.server.port, self.user, self.server.password) as client:
            assert examine(client, "INBOX")
            _, answer = client.uid("FETCH", "1:*", f"(FLAGS BODY.PEEK[]<0.{_BEGINNING}>)")
        for part in answer:
            if isinstance(part, tuple):
                marked[rb"\Seen" in part[0]].add(number_of(part[1]))
        return marked[True], marked[False]

    def unseen(self) -> int:
        """How many mails are not marked as seen."""
        with looking(self.server.port, self.user, self.server.password) as client:
            assert examine(client, "INBOX")
            _, answer = client.uid("SEARCH", "UNSEEN")
        return len(answer[0].split()) if answer[0] else 0

    def digests(self) -> dict[int, set[str]]:
        """SHA-256 of every mail as the server gives it, by number; two where it came on two ways."""
        found: dict[int, set[str]] = defaultdict(set)
        with looking(self.server.port, self.user, self.server.password) as client:
            assert examine(client, "INBOX")
            _, uids = client.uid("SEARCH", "ALL")
            every = uids[0].split()
            for at in range(0, len(every), 200):
                _, answer = client.uid("FETCH", b",".join(every[at : at + 200]).decode(), "(BODY.PEEK[])")
                for part in answer:
                    if isinstance(part, tuple):
                        found[number_of(part[1])].add(hashlib.sha256(part[1]).hexdigest())
        return found
