"""The body of `POST /v1/messages/{connector}`: what an app, a shop counter or a phone desk may say about a contact.

Strict: unknown keys and values of another type are errors. The model is what the API description publishes.
"""

import base64
import binascii
from datetime import UTC, datetime
from typing import Annotated, Final, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from normalizer.values import clean_line, clean_lines

_EARLIEST: Final = datetime(1990, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)


def _one_line(text: str) -> str:
    if text != clean_line(text) or not text:
        raise ValueError("must be one line of text without blanks around it or control characters")
    return text


def _sensible(moment: datetime) -> datetime:
    if not _EARLIEST < moment < _LATEST:
        raise ValueError("must be a time of this age, with its offset, such as 2026-11-21T18:02:11Z")
    return moment.astimezone(UTC)


def _base64(text: str) -> str:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("must be base64 (RFC 4648 §4) with its padding and without line ends") from None
    return text


Ident = Annotated[str, StringConstraints(min_length=1, max_length=320), AfterValidator(_one_line)]
Line = Annotated[str, StringConstraints(max_length=500), AfterValidator(clean_line)]
Lines = Annotated[str, StringConstraints(max_length=100_000), AfterValidator(clean_lines)]
WebAddress = Annotated[str, StringConstraints(max_length=2000, pattern=r"^https?://[^\s\x00-\x1f\x7f]+$")]
Moment = Annotated[AwareDatetime, AfterValidator(_sensible)]
Value = str | int | float | bool | None

ApiKind = Literal["text", "media", "location", "form", "comment", "call", "visit"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, hide_input_in_errors=True)


class HandleBody(_Strict):
    """An address of the customer. `proof: agent` says that your own staff knows the person; it needs permission."""

    kind: str = Field(pattern=r"^[a-z][a-z0-9_]{0,31}$", examples=["email", "phone", "app_user"])
    value: Ident
    proof: Literal["claimed", "agent"] = "claimed"


class AddressBody(_Strict):
    """Where an answer shall go: one of the addresses given in this contact."""

    kind: str = Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")
    value: Ident


class SenderBody(_Strict):
    """Who it is about. Whoever the request's user token is about needs no `handle`; everybody else does."""

    handle: HandleBody | None = Field(default=None, description="Required, but beside a user token.")
    name: Line | None = None
    aliases: tuple[HandleBody, ...] = Field(default=(), max_length=10)
    claims: tuple[HandleBody, ...] = Field(default=(), max_length=10)


class CallBody(_Strict):
    direction: Literal["inbound", "outbound"] = "inbound"
    state: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9_-]{0,39}$", examples=["answered", "missed"])
    duration: int | None = Field(default=None, ge=0, le=604_800, description="Seconds.")
    recording: WebAddress | None = None


class LocationBody(_Strict):
    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)
    name: Line | None = None
    address: Line | None = None
    url: WebAddress | None = None


class PageBody(_Strict):
    url: WebAddress | None = None
    title: Line | None = None
    referrer: WebAddress | None = None


class VisitBody(_Strict):
    """A customer in one of your shops. All of it stands in the envelope's `fields`, under these names."""

    shop: Ident | None = Field(default=None, description="Your id of the shop.", examples=["milano-duomo"])
    colleague: Ident | None = Field(default=None, description="Who served the customer.")
    reason: Ident | None = Field(default=None, description="Why the customer came.", examples=["return", "advice"])
    products: tuple[Ident, ...] = Field(default=(), max_length=50, description="What was looked at: article numbers or names.")
    outcome: Ident | None = Field(default=None, description="How it ended.", examples=["sold", "refunded", "nothing"])

    @property
    def says_why(self) -> bool:
        """Whether anybody could work on it without a text."""
        return bool(self.reason or self.products or self.outcome)


class FormBody(_Strict):
    """A form of your app or counter. Its answers are the `fields` of the contact."""

    id: Ident = Field(description="Your id of the form; `form` in the envelope's `fields`.", examples=["warranty"])
    name: Ident | None = Field(default=None, description="What the customer saw; `form_name` in the envelope's `fields`.")


class AttachmentBody(_Strict):
    content: Annotated[str, AfterValidator(_base64)] = Field(description="The file in base64.")
    filename: Line | None = None
    content_type: Annotated[str, StringConstraints(pattern=r"^[\w.+-]+/[\w.+-]+(;[ -~]*)?$", max_length=200)] | None = None


class MessageBody(_Strict):
    """One contact."""

    sender: SenderBody = SenderBody()
    kind: ApiKind = "text"
    brand: str | None = None
    channel: str | None = None
    text: Lines | None = None
    subject: Line | None = None
    fields: dict[str, Value] = Field(default_factory=dict, max_length=200)
    call: CallBody | None = None
    visit: VisitBody | None = None
    form: FormBody | None = None
    location: LocationBody | None = None
    page: PageBody | None = None
    attachments: tuple[AttachmentBody, ...] = Field(default=(), max_length=50)
    sent_at: Moment | None = None
    external_id: Ident | None = None
    language: str | None = Field(default=None, pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$", description="BCP 47.")
    reply_via: AddressBody | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        needed: dict[str, tuple[str, object]] = {
            "text": ("text", self.text),
            "comment": ("text", self.text),
            "location": ("location", self.location),
            "media": ("attachments", self.attachments),
            "form": ("text or fields", self.text or self.fields),
            "visit": (
                "text, fields, or visit with a reason, products or an outcome",
                self.text or self.fields or (self.visit and self.visit.says_why),
            ),
        }
        name, given = needed.get(self.kind, ("", True))
        if not given:
            raise ValueError(f"a contact of kind {self.kind} needs {name}")
        return self
