"""The queues: where they are, what those on RabbitMQ are like, and which existing ones are used."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import parse_qsl, urlsplit

from pydantic import Field, SecretStr, StringConstraints, field_validator

from config.document import Document
from config.problems import Loc, Problem
from config.secrets import SecretUrl
from dispatcher.addresses import addresses
from dispatcher.base import Topology
from dispatcher.options import DEAD_LETTERS, DELIVERY_LIMIT, Also, Layout, Leader, QueueOptions, QueueType, fits
from regia.store_settings import ENCODE, Section, Store, unencoded

QueueName = Annotated[str, StringConstraints(min_length=1, max_length=255)]
BindingKey = Annotated[str, StringConstraints(pattern=r"^(?:[a-z0-9_-]+|\*|#)(?:\.(?:[a-z0-9_-]+|\*|#))*$", max_length=255)]

_LONGEST_HOURS: Final = 1193
"""RabbitMQ keeps a time in 32 bits of milliseconds."""
_LONGEST_HEARTBEAT: Final = 3600
_SECONDS: Final = re.compile(r"[0-9]{1,4}")
_ONLY: Final[Mapping[str, QueueType]] = {
    "delivery_limit": "quorum",
    "leader": "quorum",
    "members": "quorum",
    "priorities": "classic",
}
_OWN: Final = "regia."
_AT: Final = ("queues",)


class Options(Section):
    """What is left out is as in `defaults`, and there as RabbitMQ or Regia has it."""

    type: Literal["quorum", "classic"] = Field(
        default="quorum", description="A classic queue is on one node only, and may lose a dead letter when the broker dies."
    )
    delivery_limit: int = Field(
        default=DELIVERY_LIMIT,
        ge=1,
        lt=2**31,
        description="Deliveries without an acknowledgement that make a dead letter; quorum.",
    )
    max_length: int | None = Field(
        default=None, ge=1, lt=2**31, description="Messages it holds; further ones wait in the gateway until there is room."
    )
    max_bytes: int | None = Field(default=None, ge=1, lt=2**63, description="The same in bytes of their bodies.")
    ttl_hours: float | None = Field(
        default=None, gt=0, le=_LONGEST_HOURS, description="Hours after which a message that nobody took becomes a dead letter."
    )
    priorities: int | None = Field(
        default=None, ge=1, le=9, description="The highest priority that is served first: 9 tells all of them apart; classic."
    )
    single_active_consumer: bool = Field(
        default=False, description="One consumer gets everything, in order, and another takes over when it goes."
    )
    dead_letter_exchange: QueueName = Field(
        default=DEAD_LETTERS, description="Where dead letters go: an exchange of yours must exist, with a queue."
    )
    dead_letter_key: QueueName | None = Field(default=None, description="Their routing key there instead of their own.")
    leader: Leader | None = Field(default=None, description="Where the leader of a new queue is placed; quorum.")
    members: int | None = Field(default=None, ge=1, le=99, description="Nodes that a new queue is on; quorum.")

    def options(self) -> QueueOptions:
        """As the queues understand them."""
        given = self.model_dump(exclude={"ttl_hours", "queue"})
        return QueueOptions(**given, ttl_ms=None if self.ttl_hours is None else max(1, round(self.ttl_hours * 3_600_000)))

    def over(self, defaults: "Options") -> Self:
        """With what `defaults` say, where these say nothing."""
        own = {name: getattr(self, name) for name in self.model_fields_set}
        return self.model_copy(update={name: getattr(defaults, name) for name in defaults.model_fields_set} | own)


class TargetQueue(Options):
    """The queue of one target."""

    queue: QueueName | None = Field(
        default=None, description="An existing queue instead of ours: it is bound, and never declared or changed."
    )


class AlsoQueue(Section):
    """An existing queue that gets copies."""

    queue: QueueName = Field(description="Its name. It must exist, is bound, and never declared or changed.")
    keys: tuple[BindingKey, ...] = Field(
        min_length=1, description="Of what: patterns of `<brand>.<target>.<channel>`, with `*` for one part and `#` for any."
    )


class QueuesStore(Store):
    """The nodes of a cluster stand in one address: `amqp://user:password@one,two,three/vhost`."""

    schemes = ("amqp", "amqps")

    management_url: SecretUrl | None = Field(
        default=None,
        description="RabbitMQ's management API, for `regia topology diff`: `https://user:${PASSWORD}@host:15671/`.",
    )
    defaults: Options = Options()
    targets: dict[str, TargetQueue] = Field(
        default_factory=dict, description="`<brand>.<target>` to what its queue has of its own."
    )
    also: tuple[AlsoQueue, ...] = Field(default=(), description="Existing queues that get copies.")

    @classmethod
    def _single(cls, address: str) -> tuple[str, ...]:
        return addresses(address)

    @field_validator("url")
    @classmethod
    def _heartbeat(cls, url: SecretStr) -> SecretStr:
        asked = parse_qsl(urlsplit(addresses(url.get_secret_value())[0]).query, keep_blank_values=True)
        for value in (value for key, value in asked if key == "heartbeat"):
            if not _SECONDS.fullmatch(value) or int(value) > _LONGEST_HEARTBEAT:
                raise ValueError(f"heartbeat must be a whole number of seconds, 0 (none) to {_LONGEST_HEARTBEAT}")
        return url

    @field_validator("management_url")
    @classmethod
    def _is_http(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and unencoded(url.get_secret_value()):
            raise ValueError(ENCODE)
        try:
            parts = urlsplit(url.get_secret_value()) if url is not None else None
            usable = parts is None or (parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0)
        except ValueError:  # a port or a bracket that is none
            usable = False
        if not usable:
            raise ValueError("write an address such as https://host:15671/ with a valid host and port")
        return url

    @property
    def tells_password(self) -> bool:
        """Whether what goes to the broker by TLS alone would go in clear to its management API."""
        api = urlsplit(self.management_url.get_secret_value()) if self.management_url else None
        tls = self.url.get_secret_value().startswith("amqps:")
        return tls and api is not None and api.scheme == "http" and api.username is None

    @cached_property
    def layout(self) -> Layout:
        """As the queues understand it."""
        return Layout(
            defaults=self.defaults.options(),
            options={name: one.over(self.defaults).options() for name, one in self.targets.items() if one.queue is None},
            existing={name: one.queue for name, one in self.targets.items() if one.queue is not None},
            also=tuple(Also(queue=one.queue, keys=one.keys) for one in self.also),
        )


def unusable(queues: QueuesStore, document: Document) -> list[Problem]:
    """Options that contradict each other, or that nothing could come of."""
    if queues.is_local:
        more = queues.model_fields_set - {"url"}
        told = "is for RabbitMQ, and queues.url is local: take it out, or set queues.url to amqp://…"
        return [document.problem((*_AT, name), told, key=True) for name in sorted(more)]
    return [document.problem((*_AT, *loc), told, key=True) for loc, told in _contradictions(queues)]


def _contradictions(queues: QueuesStore) -> Iterator[tuple[Loc, str]]:
    if queues.tells_password:
        told = "would send the password of queues.url unencrypted: write https://, or give it a user of its own"
        yield ("management_url",), told
    yield from _other_type(("defaults",), queues.defaults, queues.defaults.type)
    for name, one in queues.targets.items():
        at = ("targets", name)
        if name.count(".") != 1:
            yield at, "must be the name of a queue, <brand>.<target>"
        if one.queue is not None:
            more = one.model_fields_set - {"queue"}
            yield from (((*at, key), "is for a queue of ours, and this one is not: take it out") for key in sorted(more))
        yield from _other_type(at, one, one.over(queues.defaults).type)
        yield from _reserved((*at, "queue"), one.queue)
    for number, also in enumerate(queues.also):
        yield from _reserved(("also", number, "queue"), also.queue)


def _other_type(at: Loc, options: Options, kind: QueueType) -> Iterator[tuple[Loc, str]]:
    for key, of in _ONLY.items():
        if key in options.model_fields_set and getattr(options, key) is not None and kind != of:
            yield (*at, key), f"a {kind} queue cannot have it: take it out, or write type: {of}"
    if options.dead_letter_exchange != DEAD_LETTERS:
        yield from _reserved((*at, "dead_letter_exchange"), options.dead_letter_exchange, "exchange")


def _reserved(at: Loc, name: str | None, kind: str = "queue") -> Iterator[tuple[Loc, str]]:
    if name is not None and name.startswith(_OWN):
        yield at, f"{kind}s named {_OWN}… are the gateway's own: name one of yours"


def stray(queues: QueuesStore, document: Document, topology: Topology) -> list[Problem]:
    """What speaks of queues that no rule has. Rules change while a gateway runs, and go back to what they were: this is wrong
    where somebody checks, and no reason not to start."""
    if queues.is_local:
        return []
    return [document.problem((*_AT, *loc), told, hint, key=True) for loc, told, hint in _strays(queues, topology)]


def _strays(queues: QueuesStore, topology: Topology) -> Iterator[tuple[Loc, str, str | None]]:
    known = topology.queues
    for name, one in queues.targets.items():
        if name not in known:
            yield ("targets", name), "no rule has this queue", did_you_mean(name, known) or f"queues: {', '.join(known)}"
        if one.queue is not None and one.queue != name and one.queue in known:
            yield ("targets", name, "queue"), "is the queue of another target: let the rules route there", None
    keys = [f"{name}.#" for name in known] + [f"{brand}.#" for brand in topology.targets]
    for number, also in enumerate(queues.also):
        if also.queue in known and also.queue not in queues.layout.existing:
            yield ("also", number, "queue"), "is the queue of a target: let the rules route there, with copy_to", None
        for place, key in enumerate(also.keys):
            if not any(fits(key.split("."), (*name.split("."), None)) for name in known):
                yield ("also", number, "keys", place), "matches nothing that is published", did_you_mean(key, keys)


def did_you_mean(name: str, known: Iterable[str] | Sequence[Any]) -> str | None:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"did you mean {close[0]}?" if close else None
