"""What the widget sends, strictly: unknown keys and values of another type are errors."""

import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from connectors.api_body import Moment
from connectors.api_document import problems_of, refusal
from normalizer.values import clean_line, clean_lines

MOST_SEEN: Final = 100
_LONGEST: Final = 100_000
_URL: Final = re.compile(r"https?://[^\s\x00-\x1f\x7f]+")

Uuid = Annotated[
    str, StringConstraints(pattern=r"^[0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}$"), AfterValidator(str.lower)
]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(clean_line)]
Line = Annotated[str, StringConstraints(max_length=500), AfterValidator(clean_line)]
Slug = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,100}$")]
Value = Annotated[str, StringConstraints(max_length=_LONGEST)] | int | float | bool | None


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, hide_input_in_errors=True)


class PageFrame(_Strict):
    """Where the visitor is. An address that is none is left to the raw bytes: it is background, and nobody's words."""

    url: Annotated[str, StringConstraints(max_length=4_000)] | None = None
    title: Line | None = None
    referrer: Annotated[str, StringConstraints(max_length=4_000)] | None = None

    @staticmethod
    def address(text: str | None) -> str | None:
        """A web address of at most 2000 characters, or None."""
        return text if text is not None and len(text) <= 2_000 and _URL.fullmatch(text) else None  # noqa: PLR2004


class ArticleFrame(_Strict):
    """An article of the FAQ that was read before."""

    id: Slug
    helped: bool | None = None


class ChoiceFrame(_Strict):
    """A tap on a button of ours."""

    id: Name
    title: Name | None = None


class MessageFrame(_Strict):
    """One message. `id` is made by the widget: sent again with it, it is the same message."""

    id: Uuid
    text: Annotated[str, StringConstraints(max_length=_LONGEST), AfterValidator(clean_lines)] | None = None
    page: PageFrame | None = None
    fields: dict[str, Value] = Field(default={}, max_length=100)
    faq: tuple[ArticleFrame, ...] = Field(default=(), max_length=50)
    choice: ChoiceFrame | None = None
    at: Moment | None = None


class SeenFrame(_Strict):
    """What of ours has arrived, or was read."""

    ids: tuple[Annotated[str, StringConstraints(min_length=1, max_length=100)], ...] = Field(min_length=1, max_length=MOST_SEEN)
    state: Literal["delivered", "read"]


def read_message(body: bytes | str) -> MessageFrame:
    """Raises `Rejected`: `malformed`, or `invalid_fields` with everything to correct."""
    try:
        return MessageFrame.model_validate_json(body)
    except ValidationError as error:
        problems = problems_of(error)
    raise refusal(problems)


def read_seen(body: bytes | str) -> SeenFrame:
    """Raises `Rejected` as `read_message` does."""
    try:
        return SeenFrame.model_validate_json(body)
    except ValidationError as error:
        problems = problems_of(error)
    raise refusal(problems)
