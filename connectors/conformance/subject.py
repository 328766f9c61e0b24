"""What the suite is told about a channel: everything that only its author knows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from connectors.base import Channel, Connector, HttpResponse, Outgoing, Request

ARRIVED: Final = datetime(2026, 11, 21, 18, 2, 12, tzinfo=UTC)
"""When the samples arrive."""

Sign = Callable[[bytes, str, datetime], Request]
"""A delivery of a body at a time, signed with a secret, as the provider would make it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replying:
    """How the suite tries `send`. `outgoing` goes to somebody who wrote in a sample; `taken`: what the provider answers when
    it took a message, and `before` what it answers to what is asked first, such as for a token; `told` are answers of
    refusal with our code for each; `good_statuses` mean success whatever the body says; `repeatable`: a lost answer may be
    asked for again; `nameless`: the provider gives what it took no id."""

    outgoing: Outgoing
    taken: HttpResponse
    told: Sequence[tuple[HttpResponse, str]] = ()
    before: Sequence[HttpResponse] = ()
    good_statuses: frozenset[int] = frozenset()
    repeatable: bool = False
    nameless: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A channel for the suite. `settings` are complete, with `secret` at the key `secret_key` (which takes a list too while
    it is changed). `signature` is the header or the query parameter that proves a request; `signed_body` says whether the
    body is a part of what is signed (a bare token proves the sender only), `stale_after` after how many seconds a signature
    is refused, if it has a time. `contact`, `batch`: the samples that hold one plain contact, and several events.

    `more`: `samples`, the folder of the samples where it is not the channel's name; `echo`, the sample of an echo, None where
    there is none; `repeats`, samples that repeat another one; `global_keys`, true or the samples whose events, and
    `global_handles`, the kinds of handles whose ids hold for all accounts of ours."""

    channel: Channel[Any]
    settings: Mapping[str, Any]
    samples: Mapping[str, bytes]
    sign: Sign
    secret_key: str
    secret: str
    signature: str
    contact: str
    batch: str | None = None
    signed_body: bool = True
    stale_after: int | None = None
    replying: Replying | None = None
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Of the channel, or of the folder of its samples where it has several subjects."""
        return str(self.more.get("samples", self.channel.name))

    def connector(self, **changed: Any) -> Connector:
        """A connector with these settings over the subject's."""
        settings = self.channel.settings.model_validate({**self.settings, **changed})
        return self.channel.connector(self.channel.name, settings)

    def request(self, body: bytes) -> Request:
        return self.sign(body, self.secret, ARRIVED)


def read_samples(folder: Path, *endings: str) -> dict[str, bytes]:
    """The samples of a folder by name; without `endings`, all but `expected.json`."""
    files = (path for path in sorted(folder.iterdir()) if path.is_file() and path.name != "expected.json")
    return {path.stem: path.read_bytes() for path in files if not endings or path.suffix in endings}


def post(
    body: bytes, at: datetime, headers: Mapping[str, str], *, name: str, content_type: str = "application/json"
) -> Request:
    """A delivery to `/webhooks/<name>`. Header names may be spelt as in the provider's document."""
    lowered = {key.lower(): value for key, value in headers.items()}
    return Request(
        method="POST",
        url=f"https://gw.example/webhooks/{name}",
        headers={"content-type": content_type, **lowered},
        query={},
        body=body,
        received_at=at,
    )
