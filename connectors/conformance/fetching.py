"""Files in: only from hosts that the channel names, whatever an event or a provider's answer says."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Final
from urllib.parse import urlsplit

from connectors.base import Fetched
from connectors.conformance.check import Check, messages, require, trying
from connectors.conformance.fake_http import FakeHttp
from connectors.conformance.subject import Subject
from connectors.errors import MediaUnavailable
from connectors.media import Response

_FOREIGN: Final = (
    "https://attacker.example/x",
    "http://attacker.example/x",
    "//attacker.example/x",
    "http://169.254.169.254/latest/meta-data/",
    "http://127.0.0.1:8080/x",
    "http://[::1]/x",
    "file:///etc/passwd",
)


class _Watched(FakeHttp):
    """Says whenever something would be asked at a foreign address. Whatever is asked, the answer names that address."""

    def __init__(self, foreign: str) -> None:
        super().__init__()
        self._foreign = foreign
        self.hosts: set[str] = set()
        self.broken: str | None = None

    async def request(self, method: str, url: str, **_: Any) -> Response:
        if _same_place(url, self._foreign):
            self.broken = "is asked by Http.request, which is for addresses that an operator wrote: use Http.download"
        named = dict.fromkeys(("url", "video_url", "file_path", "file_id", "file_unique_id", "href"), self._foreign)
        return Response(status=200, headers={}, body=json.dumps({**named, "ok": True, "result": named, "errcode": 0}).encode())

    async def download(self, url: str, *, headers: Mapping[str, str] | None = None, hosts: tuple[str, ...]) -> Fetched:
        self.hosts |= set(hosts)
        if _same_place(url, self._foreign) and _allows(hosts, url):
            self.broken = "may be loaded: `hosts` must be those that the settings or the provider's documents name"
        raise MediaUnavailable("refused")


def _same_place(url: str, foreign: str) -> bool:
    asked, named = urlsplit(url), urlsplit(foreign)
    return url == foreign or (asked.hostname or "").rstrip(".") == (named.hostname or "-")


def _allows(hosts: tuple[str, ...], url: str) -> bool:
    """As the real client reads `hosts`."""
    asked = urlsplit(url)
    host = (asked.hostname or "").rstrip(".")
    named = any(host.endswith(name) if name.startswith(".") else host == name for name in map(str.lower, hosts))
    return asked.scheme in ("http", "https") and asked.username is None and named


async def _fetched(subject: Subject, reference: str, account: str | None, foreign: str) -> _Watched:
    http = _Watched(foreign)
    with trying(f"a file at {reference:.60}"), suppress(MediaUnavailable):
        await subject.connector().fetch(reference, account, http)
    return http


async def a_foreign_address_is_not_asked(subject: Subject) -> None:
    """A file may be announced by anybody: its address must be on a host that the channel names, and no other gets a token."""
    references = list(_references(subject))
    hosts: set[str] = set()
    for reference, account in references:
        http = await _fetched(subject, reference, account, _FOREIGN[0])
        require(http.broken is None, f"a foreign address that the provider's answer named {http.broken}")
        hosts |= http.hosts
    account = references[0][1] if references else None
    for foreign in (*_FOREIGN, *_alike(hosts)):
        http = await _fetched(subject, foreign, account, foreign)
        require(http.broken is None, f"the foreign address {foreign} {http.broken}")


def _references(subject: Subject) -> Iterator[tuple[str, str | None]]:
    """Every file of every sample, and the account that it came to."""
    for _, message in messages(subject):
        for file in message.attachments:
            if file.reference is not None:
                yield file.reference, message.account


def _alike(hosts: set[str]) -> Iterator[str]:
    """Addresses that only look as if they were on an allowed host."""
    for host in sorted(name.lstrip(".") for name in hosts if name):
        yield f"https://{host}.attacker.example/x"
        yield f"https://attacker-{host}/x"
        yield f"https://attacker.example/{host}/x"
        yield f"https://attacker.example/x?https://{host}/"
        yield f"https://{host}@attacker.example/x"


FETCHING: Final[tuple[Check, ...]] = (Check(a_foreign_address_is_not_asked, lambda subject: subject.channel.abilities.media),)
