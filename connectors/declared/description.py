"""The language in which a provider's webhooks are described: a pydantic model of one YAML file.

Every expression is JMESPath and sees `event` (one event), `body` (the whole request), `headers` (names in lower case) and
`key` (the event key). docs/channels/webhook.md explains all of it by examples.
"""

from collections.abc import Iterator
from functools import cached_property
from typing import Annotated, Any, Final, Literal, Self, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from connectors.declared.outgoing import Media, Send
from connectors.declared.query import OfBody, OfEvent, Query
from connectors.declared.schemes import Signature
from connectors.declared.template import ChallengeBody, FixedBody
from connectors.declared.times import SentAt
from connectors.kit.settings import Name
from normalizer.inbound import Kind

HandleKind = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
FieldKey = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,59}$")]
Meaning: TypeAlias = Literal[Kind, "message", "ignore", "status", "echo"]
"""`message` is told apart by what it holds; `ignore` is recorded as an event of the channel."""
_CHALLENGE: Final = "{challenge}"


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def _short(key: str) -> BeforeValidator:
    """A text alone stands for the one key that is always needed."""
    return BeforeValidator(lambda value: {key: value} if isinstance(value, str) else value)


class Events(Strict):
    at: OfBody = Field(description="Where the list of events stands.")
    when: OfBody | None = Field(default=None, description="Only then there is a list; else the body itself is the event.")


class Claims(Strict):
    email: OfEvent | None = Field(default=None, description="A mail address the sender gave.")
    phone: OfEvent | None = Field(default=None, description="A phone number the sender gave.")
    region: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] | None = Field(
        default=None, description="Country (ISO 3166) of numbers without +; without it those are left out."
    )


class From(Strict):
    id: OfEvent = Field(description="The sender's id at the provider.")
    kind: HandleKind = Field(
        description="A word for such ids, such as chat_visitor: equal ids of equal kinds are one person. `email` and `phone` "
        "are those of all channels: such ids are read as addresses."
    )
    name: OfEvent | None = Field(default=None, description="The sender's name.")
    proof: Literal["verified", "claimed"] = Field(
        default="claimed", description="`verified` only where the provider knows that the sender is who the id says."
    )
    claims: Claims = Claims()


class Place(Strict):
    latitude: OfEvent = Field(description="Degrees, a number.")
    longitude: OfEvent = Field(description="Degrees, a number.")
    name: OfEvent | None = Field(default=None, description="What the place is called.")
    address: OfEvent | None = Field(default=None, description="Its address.")


class Tap(Strict):
    id: OfEvent | None = Field(default=None, description="The id of the button that was tapped: ours.")
    title: OfEvent | None = Field(default=None, description="What stood on it.")


class Site(Strict):
    url: OfEvent | None = Field(default=None, description="The page the sender was on.")
    title: OfEvent | None = Field(default=None, description="Its title.")
    referrer: OfEvent | None = Field(default=None, description="Where the sender came from.")


class Telephone(Strict):
    direction: OfEvent | None = Field(default=None, description="`inbound` or `outbound`; anything else counts as inbound.")
    state: OfEvent | None = Field(default=None, description="The provider's word, such as missed.")
    duration: OfEvent | None = Field(default=None, description="Seconds.")
    recording: OfEvent | None = Field(default=None, description="Address of the recording.")


class Message(Strict):
    """What an envelope says. Ids and words of another type make the event unreadable, all else is left out then."""

    external_id: OfEvent = Field(description="The message's id at the provider.")
    sender: From
    refers_to: OfEvent | None = Field(default=None, description="What a reaction, an edit or a deletion is about.")
    in_reply_to: OfEvent | None = Field(default=None, description="The id of the message it answers.")
    subject: OfEvent | None = Field(default=None, description="The subject.")
    text: OfEvent | None = Field(default=None, description="The customer's words.")
    html: OfEvent | None = Field(
        default=None, description="The same with markup, which is cleaned; the words too, where `text` finds none."
    )
    sent_at: Annotated[SentAt, _short("at")] | None = Field(
        default=None, description="When it was sent: an expression, or a mapping."
    )
    language: OfEvent | None = Field(default=None, description="The language as a BCP 47 tag.")
    location: Place | None = Field(default=None, description="A place that was sent.")
    page: Site | None = Field(default=None, description="Where the customer was when writing.")
    attachments: OfEvent | None = Field(
        default=None, description="A list of objects with `url`, `content_type`, `filename`, `caption`: make it with `[].{…}`."
    )
    button: Tap | None = Field(default=None, description="A button that was tapped.")
    reaction: OfEvent | None = Field(default=None, description="The emoji; nothing where the reaction was taken back.")
    call: Telephone | None = Field(default=None, description="A call.")
    fields: dict[FieldKey, OfEvent] = Field(
        default={}, description="Any more values: texts, numbers, truth values, lists of them."
    )


class StatusOf(Strict):
    external_id: OfEvent | None = Field(
        default=None, description="The id of our message; without it, what `message.external_id` finds."
    )
    state: OfEvent | None = Field(default=None, description="The provider's word for what became of it.")
    states: dict[str, Literal["sent", "delivered", "read", "failed", "deleted", "played"]] = Field(
        default={}, description="The provider's words to ours; any other is kept as `other:word`."
    )
    error: OfEvent | None = Field(default=None, description="Why it failed: a code.")


class EchoOf(Strict):
    external_id: OfEvent | None = Field(
        default=None, description="The id of what we wrote; without it, what `message.external_id` finds."
    )


class Asked(Strict):
    """A GET with a parameter that is to be echoed, once another one has proved who asks."""

    method: Literal["GET"]
    token: str = Field(min_length=1, description="The query parameter with the connector's `verify_token`.")
    challenge: str = Field(min_length=1, description="The query parameter to be echoed.")
    answer: ChallengeBody = Field(
        default=_CHALLENGE, validate_default=True, description="A text, or a JSON value with `{challenge}` in it."
    )


class Posted(Strict):
    """A signed POST with a value that is to be echoed."""

    method: Literal["POST"]
    challenge: OfBody = Field(description="The value to be echoed; a body without it is a delivery.")
    when: OfBody | None = Field(default=None, description="Only then it is a handshake.")
    answer: ChallengeBody = Field(
        default=_CHALLENGE, validate_default=True, description="A text, or a JSON value with `{challenge}` in it."
    )


class Acknowledge(Strict):
    status: int = Field(default=200, ge=200, le=299, description="The HTTP status the provider wants.")
    body: FixedBody = Field(default="", validate_default=True, description="A text, or a JSON value.")


class Description(Strict):
    """One provider. What is left out is not done: without `send` the channel only receives."""

    channel: Name = Field(description="Stands as `channel` in envelopes.")
    signature: Signature = Field(description="How the provider proves a delivery: see the schemes.")
    handshake: Annotated[Asked | Posted, Field(discriminator="method")] | None = Field(
        default=None, description="How the provider tests our address."
    )
    acknowledge: Acknowledge | None = Field(
        default=None, description="What the provider wants to hear, where any 2xx is not enough."
    )
    events: Annotated[Events, _short("at")] | None = Field(
        default=None, description="Where the events are: an expression, or a mapping. Without it the body is one event."
    )
    account: OfEvent | None = Field(default=None, description="The id of our account, a key of the connector's `accounts`.")
    key: Annotated[tuple[OfEvent, ...], BeforeValidator(lambda value: [value] if isinstance(value, str) else value)] = Field(
        default=(), description="What is the same when an event comes again, and only then. Without it: the whole event."
    )
    kind: OfEvent | None = Field(default=None, description="The provider's word for what an event is.")
    kinds: dict[str, Meaning] = Field(default={}, description="The provider's words to ours.")
    otherwise: Literal["unsupported", "ignore"] = Field(
        default="unsupported", description="What a word outside `kinds` is: shown to staff, or recorded as an event."
    )
    echo_when: OfEvent | None = Field(default=None, description="When it holds, we wrote the message ourselves.")
    message: Message
    status: StatusOf = StatusOf()
    echo: EchoOf = EchoOf()
    send: Send | None = Field(default=None, description="How a text is sent; without it the channel only receives.")
    media: Media | None = Field(default=None, description="Where files are fetched; without it they are `unavailable`.")

    @field_validator("key")
    @classmethod
    def _key_is_signed(cls, key: tuple[Query, ...], told: ValidationInfo) -> tuple[Query, ...]:
        """With a key that others can change, a delivery that was caught once would be new any number of times."""
        signature = told.data.get("signature")
        if signature is None or signature.covered is None:
            return key
        for header in sorted(frozenset().union(*(query.headers for query in key)) - signature.covered):
            signed = ", ".join(sorted(signature.covered)) or "none"
            raise ValueError(
                f"asks for the header {header}, which the signature does not cover: whoever caught a delivery could send it "
                f"again as a new one. Take the key from event or body (signed headers: {signed})"
            )
        return key

    @model_validator(mode="after")
    def _kinds_have_a_word(self) -> Self:
        if bool(self.kinds) != (self.kind is not None):
            raise ValueError("kind and kinds go together: the expression that gives the word, and what the words mean")
        if "status" in self.kinds.values() and self.status.state is None:
            raise ValueError("a word of kinds means status, so status.state must say where the provider's state stands")
        return self

    @model_validator(mode="after")
    def _proofs_are_not_read(self) -> Self:
        if ({"authorization", "cookie"} | self.signature.proofs) & self.headers:
            raise ValueError("an expression asks for a header that proves who asks: it would be kept with each contact")
        return self

    @cached_property
    def headers(self) -> frozenset[str]:
        """The headers its expressions ask for, in lower case: a body that is read again later must bring them."""
        return frozenset(name for query in _queries(self) for name in query.headers)


def _queries(part: Any) -> Iterator[Query]:
    if isinstance(part, Query):
        yield part
    items = part.values() if isinstance(part, dict) else part if isinstance(part, list | tuple) else ()
    for item in [value for _, value in part] if isinstance(part, BaseModel) else items:
        yield from _queries(item)
