"""The contract between a channel and the gateway.

A connector reads and writes one provider's formats. `verify`, `handshake` and `parse` are pure: bytes in, typed
values out. It owns no loop, no clock but the one in its arguments, no database. Runners in `regia/` do the rest.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Literal, Protocol, TypeVar

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from connectors.errors import MediaUnavailable, QuarantineReason, SendFailed
from normalizer.inbound import Handle, InboundMessage


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
        """The media type without parameters, lower-cased; empty when the header is missing."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A response the provider expects instead of the gateway's own."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain"


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


class ChannelEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something about the account or the sender that is not a contact: number changed, template paused, …"""

    event_key: str
    type: str
    account: str | None
    raw: bytes
    brand: str | None = None
    at: datetime | None = None


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
class Outgoing:
    """A text to be sent. `token` is our own id for it, handed to the provider where it takes one."""

    to: Handle
    text: str
    account: str | None
    in_reply_to: str | None
    token: str
    last_inbound_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    external_ids: tuple[str, ...]
    """The provider's ids, one a part where a long text was split."""


class HttpResponse(Protocol):
    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def body(self) -> bytes: ...


class Http(Protocol):
    """The HTTP client handed to `fetch` and `send`: bounded in time and size, guarded against private addresses.

    `request` is for addresses an operator configured and raises `HttpFailed`; `download` is for addresses a provider
    named, keeps to `hosts`, and raises `MediaUnavailable`.
    """

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        max_bytes: int = 1 << 20,
    ) -> HttpResponse: ...

    async def download(self, url: str, *, headers: Mapping[str, str] | None = None, hosts: tuple[str, ...]) -> Fetched: ...


class ConnectorSettings(BaseModel):
    """What every connector has. A channel's own settings derive from it and stand beside its code."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    type: str
    max_body: int = Field(default=5 * 1024 * 1024, gt=0, description="Largest request body accepted, in bytes.")


S = TypeVar("S", bound=ConnectorSettings)


class Connector(Protocol):
    """What the gateway asks of a channel."""

    @property
    def name(self) -> str: ...
    @property
    def max_body(self) -> int: ...
    @property
    def brands(self) -> frozenset[str]:
        """Every brand its messages may have: their queues are declared before anything is accepted."""
        ...

    def handshake(self, request: Request) -> Answer | None: ...
    def verify(self, request: Request) -> None: ...
    def parse(self, request: Request) -> Parsed: ...
    async def fetch(self, reference: str, account: str | None, http: Http) -> Fetched: ...
    async def send(self, message: Outgoing, http: Http) -> Sent: ...


class BaseConnector(Generic[S]):
    """Keeps name and settings, and says no to what a channel does not have. `verify` and `parse` have no default."""

    def __init__(self, name: str, settings: S) -> None:
        self._name = name
        self.settings = settings

    @property
    def name(self) -> str:
        return self._name

    @property
    def max_body(self) -> int:
        return self.settings.max_body

    def handshake(self, request: Request) -> Answer | None:
        """The answer to a provider's test of our address, or None when the request is a delivery."""
        return None

    async def fetch(self, reference: str, account: str | None, http: Http) -> Fetched:
        raise MediaUnavailable("unsupported")

    async def send(self, message: Outgoing, http: Http) -> Sent:
        raise SendFailed("unsupported", "this channel cannot send")


WayIn = Literal["webhook", "form", "api", "import"]
"""Where a channel's contacts come in: `/webhooks/…`, `/forms/…`, `/v1/messages/…`, or only from files and mailboxes. A
channel answers nowhere else: what needs no signature in a file must not be taken from a stranger's request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel(Generic[S]):
    """One line of the registry: the name users write in `type:`, its settings model and its class."""

    name: str
    settings: type[S]
    connector: Callable[[str, S], Connector]
    way_in: WayIn = "webhook"
    capabilities: frozenset[str] = field(default_factory=frozenset)
    example: Mapping[str, Any] = field(default_factory=dict)
    """Settings that are enough to look at a captured request: what `regia parse` starts from."""
