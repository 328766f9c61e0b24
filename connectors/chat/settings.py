"""Who may chat, what the widget looks like and asks for: the settings of `type: chat`."""

from typing import Final, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from connectors.base import ConnectorSettings
from connectors.chat.flow import Flow
from connectors.form_settings import Colours, RateLimit, Region, Slug, bare_origins
from connectors.kit.user_tokens import UserTokenSettings
from connectors.uploads import MEGABYTE, UploadRules
from normalizer.advice import LANGUAGES, Language
from normalizer.fields import FieldName, FieldSpec, Text

TOPIC: Final = "topic"
"""The field in which the welcome flow says what a message is about; it need not be declared."""

OUT: Final = "out_"
"""What the ids of our messages begin with in the widget."""


class VisitorRate(RateLimit):
    """At most `count` messages in `seconds` of one visitor, on whatever connection."""

    count: int = Field(default=20, gt=0)


class AddressRate(RateLimit):
    """The same for one address, behind which a whole office may be; counted are new visitors too."""

    count: int = Field(default=120, gt=0)


class AskRate(RateLimit):
    """At most `count` requests in `seconds` from one address that are no messages: what the widget is told, what is new, what
    was seen, new connections. A whole company or a mobile network may be behind one address."""

    count: int = Field(default=3_000, gt=0)


class ChatRates(BaseModel):
    """How much may come; kept by the HTTP layer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    visitor: VisitorRate = VisitorRate()
    address: AddressRate = AddressRate()
    asks: AskRate = AskRate()


class Sockets(BaseModel):
    """How many connections of this chat one node keeps open, also long polls and those that have not said who they are."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    visitor: int = Field(default=10, gt=0, le=1000, description="Open connections of one visitor: tabs of a browser.")
    address: int = Field(default=500, gt=0, description="Open connections of one address, behind which a whole office may be.")
    all: int = Field(default=10_000, gt=0, description="Open connections of all visitors on one node.")
    hello: int = Field(default=10, gt=0, le=60, description="Seconds in which a WebSocket must say whose it is.")


class Users(UserTokenSettings):
    """The signed tokens of the site's logged-in users."""

    scope: Slug | None = Field(
        default=None,
        description="Stands before the user's id in the handle `app_user`; connectors for the same users have the same one."
        " Without it, the connector's name.",
    )


class Greeting(BaseModel):
    """What the widget says before anybody wrote, by opening hours."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    open: Text | None = Field(default=None, description="While somebody is there; without `hours` always.")
    closed: Text | None = Field(default=None, description="Outside `hours`: when and where an answer comes.")


class ChatSettings(ConnectorSettings):
    """Who may chat and what the widget shows."""

    type: str = "chat"
    max_body: int = Field(default=20 * MEGABYTE, gt=0, description="Largest message with all its files, in bytes.")
    max_frame: int = Field(
        default=65_536, ge=4_096, le=1_048_576, description="Largest frame that a WebSocket takes from a visitor, in bytes."
    )
    brand: Slug
    channel: Slug = "chat"
    origins: tuple[str, ...] = Field(default=(), description="Sites that may show the widget, such as https://shop.example.")
    languages: tuple[Language, ...] = Field(default=LANGUAGES, min_length=1)
    region: Region = Field(default="IT", description="Country of phone numbers without a prefix (ISO 3166).")
    title: Text = Field(default_factory=lambda: {"it": "Scrivici", "en": "Chat with us"})
    colours: Colours = Colours()
    logo: str | None = Field(default=None, pattern=r"^(https://|/)[^\s\"'<>;,]+$")
    greeting: Greeting = Greeting()
    longest_text: int = Field(default=4_000, gt=0, le=100_000, description="Characters of one message.")
    upload: UploadRules | None = UploadRules()
    rate: ChatRates = ChatRates()
    sockets: Sockets = Sockets()
    token_days: int = Field(
        default=180,
        gt=0,
        le=3650,
        description="Days without use after which a browser is not known as the same visitor any more.",
    )
    user_tokens: Users | None = None
    fields: dict[FieldName, FieldSpec] = Field(default_factory=dict, max_length=100)
    hours: Slug | None = Field(default=None, description="A calendar of the rules: when somebody is there to answer.")
    faq: Slug | None = Field(default=None, description="The FAQ in which visitors may search.")
    flow: Flow | None = Field(default=None, description="The welcome, step by step; without it, the greeting.")

    @field_validator("origins")
    @classmethod
    def _bare_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        return bare_origins(origins)

    @model_validator(mode="after")
    def _nothing_is_required(self) -> Self:
        """Whoever writes is not asked for anything first."""
        if required := sorted(name for name, spec in self.fields.items() if spec.required):
            raise ValueError(f"fields of a chat cannot be required, people write at once: {', '.join(required)}")
        return self

    @model_validator(mode="after")
    def _flow_fits(self) -> Self:
        if self.flow is not None:
            self.flow.check(self.known_fields)
            if self.flow.needs_faq and self.faq is None:
                raise ValueError("the flow offers articles: name their FAQ in faq")
        return self

    @property
    def known_fields(self) -> dict[FieldName, FieldSpec]:
        """The declared ones and the flow's own."""
        return {TOPIC: FieldSpec(max_length=200), **self.fields}

    def fields_of(self, kind: str) -> tuple[str, ...]:
        """The declared fields of one type."""
        return tuple(name for name, spec in self.fields.items() if spec.type == kind)
