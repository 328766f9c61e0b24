"""JSON bodies of the interface: strict models, which the API description publishes too."""

from typing import Annotated, Final, Literal, TypeVar

from aiohttp import web
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from connectors.api_body import AddressBody
from connectors.api_document import problems_of, refusal
from connectors.errors import Rejected
from connectors.forms import JSON
from identity.facts import GIVEN
from normalizer.values import clean_line, is_blank
from regia.http.requests import read_body

B = TypeVar("B", bound=BaseModel)

Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,100}$")]

_LONGEST: Final = 16_384
"""Bytes."""


def _said(text: str) -> str:
    if is_blank(text) or text != clean_line(text):
        raise ValueError("must be one line of text without blanks around it or control characters")
    return text


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


class ProofBody(_Strict):
    """Which address a customer is to prove, and how."""

    handle: AddressBody = Field(description="`email` or `phone`; a number with its prefix, such as +39.")
    method: Literal["code", "link"] = Field(
        default="code", description="A code that the customer types, or a link that the customer opens."
    )
    language: str | None = Field(
        default=None, pattern=r"^[a-z]{2}$", description="Of the message; otherwise what the customer writes."
    )


class AnswerBody(_Strict):
    """What the customer typed."""

    code: str = Field(min_length=1, max_length=100)


class LinkBody(_Strict):
    """Whose an address is by the word of a person of yours."""

    handle: AddressBody
    reason: Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_said)] = Field(
        description="How the person knows; it is kept with the link."
    )


class FactsBody(_Strict):
    """What is known of a customer. Only what is named is set; `null` takes a value back."""

    source: Literal["agent", "api"] = Field(default="api", description="Whose word it is: a person's of yours, or a system's.")
    name: str | None = None
    language: str | None = Field(default=None, description="Two letters (ISO 639-1).")
    tier: str | None = None
    tags: list[str] | None = None
    crm_id: str | None = Field(default=None, description="The customer's id in a system of yours: it links the two.")

    @property
    def given(self) -> dict[str, object]:
        """Those that were named."""
        return {name: getattr(self, name) for name in GIVEN if name in self.model_fields_set}


class MergeBody(_Strict):
    """Which other customer is the same person."""

    other: Id = Field(alias="with", description="The id of the other customer.")
    top: Id | None = Field(default=None, description="Which of the two is to come out on top.")


async def read_json(request: web.Request, model: type[B]) -> B:
    """The body in its documented form. Raises `Rejected`: `unsupported_media_type`, `malformed`, `invalid_fields`, and as
    `read_body` does."""
    if request.content_type != JSON:
        raise Rejected("unsupported_media_type", f"send {JSON}")
    body = await read_body(request, _LONGEST)
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        problems = problems_of(error)
    raise refusal(problems)
