"""The contract between a channel and the gateway.

A connector reads and writes one provider's formats. `verify`, `handshake` and `parse` are pure: bytes in, typed
values out. It owns no loop, no clock but the one in its arguments, no database. Runners in `regia/` do the rest.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Literal, Protocol, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from connectors.abilities import Abilities
from connectors.errors import MediaUnavailable, SendFailed
from connectors.exchange import (
    Answer,
    ApprovedTemplate,
    ChannelEvent,
    Credential,
    Fetched,
    Http,
    HttpResponse,
    Outgoing,
    OutgoingFile,
    Parsed,
    Request,
    Sent,
    Status,
    Unreadable,
)
from connectors.polling import Polled, Session, Source

__all__ = [
    "Answer",
    "ApprovedTemplate",
    "BaseConnector",
    "Channel",
    "ChannelEvent",
    "Connector",
    "ConnectorSettings",
    "Credential",
    "Fetched",
    "Http",
    "HttpResponse",
    "Outgoing",
    "OutgoingFile",
    "Parsed",
    "Polled",
    "Request",
    "Sent",
    "Session",
    "Source",
    "Status",
    "Unreadable",
    "WayIn",
]


class SendRate(BaseModel):
    """So many messages in so many seconds, for one account of a provider."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    count: int = Field(gt=0)
    seconds: float = Field(default=1.0, gt=0)


class ConnectorSettings(BaseModel):
    """What every connector has. A channel's own settings derive from it and stand beside its code."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    type: str
    max_body: int = Field(default=5 * 1024 * 1024, gt=0, description="Largest request body accepted, in bytes.")
    send_rate: SendRate | None = Field(
        default=None, description="How much an account may send, where its provider grants more or less than usual."
    )

    def for_reading(self) -> Self:
        """What `parse` needs, for a process that only reads: without the secrets of verifying, fetching and sending."""
        return self


S = TypeVar("S", bound=ConnectorSettings)


class Connector(Protocol):
    """What the gateway asks of a channel."""

    @property
    def name(self) -> str: ...
    @property
    def settings(self) -> ConnectorSettings: ...
    @property
    def max_body(self) -> int: ...
    @property
    def brands(self) -> frozenset[str]:
        """Every brand its messages may have: their queues are declared before anything is accepted."""
        ...

    @property
    def methods(self) -> frozenset[str]:
        """The HTTP methods its deliveries come by, of `GET` and `POST`."""
        ...

    def handshake(self, request: Request) -> Answer | None: ...
    def verify(self, request: Request) -> None: ...
    async def receive(self, request: Request, http: Http) -> Request: ...
    def parse(self, request: Request) -> Parsed: ...
    def acknowledge(self, request: Request) -> Answer | None: ...
    def reread(self, raw: bytes, content_type: str, received_at: datetime) -> Parsed: ...
    def sources(self) -> Sequence[Source]: ...
    async def fetch(self, reference: str, account: str | None, http: Http) -> Fetched: ...
    def outgoing_id(self, message: Outgoing) -> str | None: ...
    async def send(self, message: Outgoing, http: Http) -> Sent: ...
    async def credentials(self, http: Http) -> Sequence[Credential]: ...


class BaseConnector(ABC, Generic[S]):
    """Keeps name and settings, and says no to what a channel does not have. `verify`, `parse` and `brands` have no default."""

    def __init__(self, name: str, settings: S) -> None:
        self._name = name
        self.settings = settings

    @property
    def name(self) -> str:
        return self._name

    @property
    def max_body(self) -> int:
        return self.settings.max_body

    @property
    def methods(self) -> frozenset[str]:
        return frozenset({"POST"})

    def handshake(self, request: Request) -> Answer | None:
        """The answer to a provider's test of our address, or None when the request is a delivery."""
        return None

    @abstractmethod
    def verify(self, request: Request) -> None:
        """Return when the request proves to be the provider's. Raises `Rejected`."""

    @abstractmethod
    def parse(self, request: Request) -> Parsed:
        """What a verified request holds. Pure; raises `Rejected` where nothing of it may be kept."""

    async def receive(self, request: Request, http: Http) -> Request:
        """The request once it is verified and complete, as `parse` takes it. A channel whose keys or contents must be had
        from the provider first gets them here, while it waits. Raises `Rejected`."""
        self.verify(request)
        return request

    def acknowledge(self, request: Request) -> Answer | None:
        """What the provider is told once everything in a delivery is durable; None where any 2xx will do. Pure, and raises
        nothing: what is said here may reach the customer, and comes too late to refuse anything."""
        return None

    def reread(self, raw: bytes, content_type: str, received_at: datetime) -> Parsed:
        """Read again what was `Unreadable`, from the bytes in quarantine."""
        headers = {"content-type": content_type}
        return self.parse(Request(method="POST", url="", headers=headers, query={}, body=raw, received_at=received_at))

    def sources(self) -> Sequence[Source]:
        """What is to be polled for contacts (folders of a mailbox, a bot), as the settings say. Opens nothing."""
        return ()

    async def fetch(self, reference: str, account: str | None, http: Http) -> Fetched:
        raise MediaUnavailable("unsupported")

    def outgoing_id(self, message: Outgoing) -> str | None:
        """The external id that `send` will give the message, where the channel lets us choose it: it is stored before the
        message leaves, so that whatever is said of it later is understood. Pure; raises `SendFailed`."""
        return None

    async def send(self, message: Outgoing, http: Http) -> Sent:
        raise SendFailed("unsupported", "this channel cannot send")

    async def credentials(self, http: Http) -> Sequence[Credential]:
        """How it goes with the tokens that a person must renew, where the provider can be asked; asked once an hour. Raises
        `HttpFailed` where it does not say: nothing is known then."""
        return ()


WayIn = Literal["webhook", "form", "chat", "api", "import"]
"""Where a channel's contacts come in: `/webhooks/…`, `/forms/…`, `/chat/…`, `/v1/messages/…`, or only from files and mailboxes.
A channel answers nowhere else: what needs no signature in a file must not be taken from a stranger's request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel(Generic[S]):
    """One line of the registry: the name users write in `type:`, its settings model and its class."""

    name: str
    settings: type[S]
    connector: Callable[[str, S], Connector]
    way_in: WayIn = "webhook"
    abilities: Abilities
    isolated: bool = False
    """Whether `parse` runs in a process of its own that is ended when it takes too much time or memory: for formats with
    which a stranger can keep a reader busy. `connector` is made there again: it must be a class or function of a module."""
    unverified: str | None = None
    """Why the conformance suite is not for this channel, and what is instead."""
    example: Mapping[str, Any] = field(default_factory=dict)
    """Settings that are enough to look at a captured request: what `regia parse` starts from."""
