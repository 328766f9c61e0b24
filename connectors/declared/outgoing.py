"""How a description says that texts leave and files are fetched."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from connectors.abilities import Limits, Unit
from connectors.declared.query import OfAnswer
from connectors.declared.schemes import HeaderName
from connectors.declared.template import ButtonBody, MediaHeader, SendBody, SendHeader, SendUrl
from connectors.errors import SendCode

_OK: Final = range(200, 300)
Host = Annotated[str, StringConstraints(pattern=r"^\.?[A-Za-z0-9.-]{1,253}$")]
Status = Annotated[int, Field(ge=200, le=599)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class SendLimits(_Strict):
    text: int = Field(gt=0, description="The longest text; a longer one leaves in parts.")
    unit: Unit = Field(default="characters", description="What it is counted in.")
    buttons: int = Field(default=0, ge=0, description="How many buttons a message takes.")
    button_title: int = Field(default=20, gt=0, description="The longest title of one.")

    @property
    def limits(self) -> Limits:
        return Limits(text=self.text, unit=self.unit, buttons=self.buttons, button_title=self.button_title)


class Send(_Strict):
    """One request a text. Its placeholders are `{to}`, `{text}` and so on."""

    method: Literal["POST", "PUT", "PATCH"] = Field(default="POST", description="The HTTP method.")
    api_url: Annotated[str, StringConstraints(pattern=r"^https?://[^/?#@\s]+(/[^?#\s]*[^/?#\s])?$")] | None = Field(
        default=None, description="What `{api}` stands for; the connector's `api_url` is used instead where it is set."
    )
    url: SendUrl = Field(description="The address; values are percent-encoded.")
    headers: dict[HeaderName, SendHeader] = Field(default={}, description="Headers, such as `Authorization: Bearer {token}`.")
    format: Literal["json", "form"] = Field(default="json", description="How the body is written.")
    body: SendBody = Field(description="The body; a key whose placeholder has no value is left out.")
    buttons: ButtonBody | None = Field(
        default=None, description="One button, with `{id}` and `{title}`; `{buttons}` is the list."
    )
    id: OfAnswer | None = Field(default=None, description="Where the answer has the id of the message.")
    failed_when: OfAnswer | None = Field(default=None, description="A failure in spite of a 2xx status.")
    error: OfAnswer | None = Field(default=None, description="Where the answer has the provider's error code.")
    errors: dict[str, SendCode] = Field(default={}, description="The provider's error codes to ours.")
    statuses: dict[Status, SendCode] = Field(default={}, description="HTTP statuses to our codes, where no error code decides.")
    taken: tuple[Status, ...] = Field(default=(), description="More statuses that mean taken, such as 409 for a repeat.")
    idempotency_header: HeaderName | None = Field(
        default=None, description="Names one message over all tries: a lost answer is then asked for again."
    )
    limits: SendLimits
    window_hours: float | None = Field(
        default=None, gt=0, le=8784, description="How long after a customer's message texts may be sent."
    )

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if not str(self.url).startswith(("https://", "http://", "{api}")):
            raise ValueError("url must begin with https:// or {api}")
        if (self.buttons is not None) != (self.limits.buttons > 0) or ("buttons" in self.body.names) != (
            self.buttons is not None
        ):
            raise ValueError("buttons need three things: limits.buttons, buttons, and {buttons} in the body")
        if self.format == "form" and not self.body.is_flat:
            raise ValueError("the body of a form is a mapping of texts")
        if "text" not in self.body.names:
            raise ValueError("body must hold {text}")
        return self

    def is_taken(self, status: int) -> bool:
        return status in _OK or status in self.taken

    @property
    def needs_token(self) -> bool:
        return _needs_token(self.headers) or "token" in self.url.names | self.body.names


class Media(_Strict):
    hosts: tuple[Host, ...] = Field(
        min_length=1, description="Hosts files are fetched from; `.example.com` for its subdomains."
    )
    headers: dict[HeaderName, MediaHeader] = Field(default={}, description="Headers, with `{token}`.")

    @property
    def needs_token(self) -> bool:
        return _needs_token(self.headers)


def _needs_token(headers: Mapping[str, SendHeader]) -> bool:
    return any("token" in template.names for template in headers.values())
