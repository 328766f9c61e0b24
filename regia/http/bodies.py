"""JSON bodies of the interface: strict models, which the API description publishes too."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Literal, Self, TypeVar

from aiohttp import web
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from connectors.api_body import AddressBody, Moment, WebAddress
from connectors.api_document import problems_of, refusal
from connectors.errors import Rejected
from connectors.forms import JSON
from identity.facts import GIVEN
from identity.tickets import News, Said, TicketEvent
from normalizer.values import clean_line, is_blank
from regia.http.requests import read_body

B = TypeVar("B", bound=BaseModel)

Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,100}$")]

_LONGEST: Final = 16_384
"""Bytes."""
AHEAD: Final = timedelta(minutes=5)
"""How far another machine's clock may be ahead."""


def _said(text: str) -> str:
    if is_blank(text) or text != clean_line(text):
        raise ValueError("must be one line of text without blanks around it or control characters")
    return text


def _past(moment: datetime) -> datetime:
    """A time ahead of all others would outdo whatever is told later. Raises `ValueError`."""
    if moment > datetime.now(UTC) + AHEAD:
        raise ValueError("must not lie in the future: look at the clock there")
    return moment


Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9#._:/-]{1,100}$")]
Words = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_said)]


class Strict(BaseModel):
    """A body that takes nothing it does not name."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


class ProofBody(Strict):
    """Which address a customer is to prove, and how."""

    handle: AddressBody = Field(description="`email` or `phone`; a number with its prefix, such as +39.")
    method: Literal["code", "link"] = Field(
        default="code", description="A code that the customer types, or a link that the customer opens."
    )
    language: str | None = Field(
        default=None, pattern=r"^[a-z]{2}$", description="Of the message; otherwise what the customer writes."
    )


class AnswerBody(Strict):
    """What the customer typed."""

    code: str = Field(min_length=1, max_length=100)


class LinkBody(Strict):
    """Whose an address is by the word of a person of yours."""

    handle: AddressBody
    reason: Words = Field(description="How the person knows; it is kept with the link.")


class FactsBody(Strict):
    """What is known of a customer. Only what is named is set; `null` takes a value back."""

    source: Literal["agent", "api"] = Field(default="api", description="Whose word it is: a person's of yours, or a system's.")
    name: str | None = None
    language: str | None = Field(default=None, description="Two letters (ISO 639-1).")
    tier: str | None = None
    tags: list[str] | None = None
    competence: str | None = Field(
        default=None, description="Your own word: what they know of your products, or whose customer they are."
    )
    crm_id: str | None = Field(default=None, description="The customer's id in a system of yours: it links the two.")

    @property
    def given(self) -> dict[str, object]:
        """Those that were named."""
        return {name: getattr(self, name) for name in GIVEN if name in self.model_fields_set}


class MergeBody(Strict):
    """Which other customer is the same person."""

    other: Id = Field(alias="with", description="The id of the other customer.")
    top: Id | None = Field(default=None, description="Which of the two is to come out on top.")


class TicketBody(Strict):
    """What happened to a ticket of yours. Of one that was not told of before, name the conversation, or a message of it."""

    event: TicketEvent
    ticket: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9#][A-Za-z0-9#._:/-]{0,99}$")] = Field(
        description="Your number of the ticket; no address and no name, since events tell it."
    )
    brand: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,60}$")] | None = Field(
        default=None, description="Needed where several brands have a ticket of this number, and no conversation is named."
    )
    conversation: Id | None = Field(default=None, description="As envelopes have it: con_…")
    message: Id | None = Field(default=None, description="Instead of the conversation: the id of an envelope of it.")
    agent: Words | None = Field(default=None, description="Who works on it, by your id or name.")
    product: Words | None = Field(default=None, description="What it is about, by article number or name.")
    reason: Words | None = Field(default=None, description="Why, in a word or a line.")
    url: WebAddress | None = Field(default=None, description="Where people of yours read the ticket.")
    answered: bool = Field(
        default=False,
        description="The customer was answered by a way of yours: what they wrote until then waits no more.",
    )
    at: Annotated[Moment, AfterValidator(_past)] | None = Field(
        default=None, description="When it happened there; without it, now. With it a repeat is known for one at any time."
    )

    @model_validator(mode="after")
    def _about_one(self) -> Self:
        if self.conversation is not None and self.message is not None:
            raise ValueError("name either the conversation or a message of it")
        return self

    @property
    def news(self) -> News:
        """As identity takes it."""
        words = {"agent": self.agent, "product": self.product, "reason": self.reason, "url": self.url}
        said = Said(event=self.event, **words, answered=self.answered)
        at_ms = None if self.at is None else round(self.at.timestamp() * 1000)
        return News(
            ticket=self.ticket,
            said=said,
            at_ms=at_ms,
            brand=self.brand,
            conversation=self.conversation,
            message=self.message,
        )


async def read_json(request: web.Request, model: type[B], longest: int = _LONGEST) -> B:
    """The body in its documented form, of at most so many bytes. Raises `Rejected`: `unsupported_media_type`, `malformed`,
    `invalid_fields`, and as `read_body` does."""
    if request.content_type != JSON:
        raise Rejected("unsupported_media_type", f"send {JSON}")
    body = await read_body(request, longest)
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        problems = problems_of(error)
    raise refusal(problems)
