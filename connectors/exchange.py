"""What passes between a channel and the gateway: requests and what they held, files, and what is sent."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

import msgspec

from connectors.errors import QuarantineReason
from normalizer.inbound import Button, Handle, InboundMessage

_MEDIA_TYPE: Final = re.compile(r"[a-z0-9!#$&^_.+-]{1,127}/[a-z0-9!#$&^_.+-]{1,127}")
"""RFC 6838, section 4.2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """An HTTP request as the connector sees it. Header and query names: headers lower-cased, first value wins."""

    method: str
    url: str
    """The public URL, with query, as the provider called it (`server.public_url` applied)."""
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    received_at: datetime

    @property
    def content_type(self) -> str:
        """The media type without parameters, lower-cased; empty when there is none. It is kept beside the raw bytes, so
        whatever else a stranger wrote into the header is none."""
        given = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        return given if _MEDIA_TYPE.fullmatch(given) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A response the provider expects instead of the gateway's own."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain"


OWN: Final = "outgoing "
"""What the keys of statuses begin with by which our own sender tells how a try ended."""


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a message we sent (delivered, read, failed …), or an echo of one written elsewhere."""

    event_key: str
    external_id: str
    """The provider's id of the message it is about."""
    brand: str
    channel: str
    account: str | None
    state: str
    """`sent`, `delivered`, `read`, `failed`, `deleted`, `played`, `echo`, or the provider's own word prefixed by `other:`."""
    raw: bytes
    at: datetime | None = None
    recipient: str | None = None
    error: str | None = None
    token: str | None = None
    """Our own id of the message (`Outgoing.token`), where the provider hands it back."""


class Moved(msgspec.Struct, frozen=True):
    """The platform says that the owner of one address has another now."""

    old: Handle
    new: Handle


class ChannelEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something about the account or the sender that is not a contact: number changed, template paused, …"""

    event_key: str
    type: str
    account: str | None
    raw: bytes
    brand: str | None = None
    at: datetime | None = None
    moved: Moved | None = None


class Unreadable(msgspec.Struct, frozen=True, kw_only=True):
    """Authentic, but not understood: kept byte for byte in quarantine, to be driven again after a repair."""

    reason: QuarantineReason
    raw: bytes
    content_type: str
    detail: str
    """Where and what, without the customer's values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What one request held. One bad element never takes its neighbours with it: it is in `unreadable`."""

    messages: tuple[InboundMessage, ...] = ()
    statuses: tuple[Status, ...] = ()
    events: tuple[ChannelEvent, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    content: bytes
    content_type: str | None = None
    filename: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingFile:
    """A file that goes out. `url`: where the provider may load it, for channels that take addresses and no bytes."""

    filename: str
    content_type: str
    content: bytes
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovedTemplate:
    """A message that the provider has approved beforehand, by its name there, and the words for its parameters."""

    name: str
    language: str
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A text to be sent. `token` is our own id for it, handed to the provider where it takes one."""

    to: Handle
    text: str
    account: str | None
    in_reply_to: str | None
    """The external id of the message it answers."""
    token: str
    last_inbound_at: datetime | None = None
    references: tuple[str, ...] = ()
    """What that message itself referred to, oldest first (mail)."""
    subject: str | None = None
    """The subject it answers; the connector writes `Re:` before it where that is the custom."""
    html: str | None = None
    files: tuple[OutgoingFile, ...] = ()
    buttons: tuple[Button, ...] = ()
    """What the customer may tap below the text; `id` comes back with the tap."""
    template: ApprovedTemplate | None = None
    """What says the same as `text`, where the channel takes only that any more."""
    conversation: str | None = None
    """Our conversation, which a mail carries signed so that its answer finds back."""
    automatic: bool = False
    """Nobody wrote it: it must never be answered by a program, and is marked so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    external_ids: tuple[str, ...]
    """The provider's ids, one a part where a long text was split."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A token or password that a person must renew. `name` is that of its setting; `expires_at` is None where it has no end,
    or none that is known."""

    name: str
    expires_at: datetime | None = None
    valid: bool = True


class HttpResponse(Protocol):
    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def body(self) -> bytes: ...


class Http(Protocol):
    """The HTTP client handed to `fetch` and `send`: bounded in time and size, guarded against private addresses.

    `request` is for addresses an operator configured and raises `HttpFailed`; of `json`, `form` and `body` (whose type the
    headers name) it takes one; `download` is for addresses a provider
    named, keeps to `hosts`, and raises `MediaUnavailable`.
    """

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        body: bytes | None = None,
        max_bytes: int = 1 << 20,
    ) -> HttpResponse: ...

    async def download(self, url: str, *, headers: Mapping[str, str] | None = None, hosts: tuple[str, ...]) -> Fetched: ...
