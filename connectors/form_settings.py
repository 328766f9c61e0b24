"""What a web form asks and how its page looks: the settings of `type: web_form`, shared by the connector and its pages."""

from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator
from yarl import URL

from connectors.base import ConnectorSettings
from connectors.form_topics import Topic, topics_problem
from connectors.uploads import MEGABYTE, UploadRules
from normalizer.advice import LANGUAGES, Language
from normalizer.fields import FieldName, FieldSpec, Text

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,60}$")]
Region = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]

HIDDEN: Final = ("submission", "language", "page_url", "page_title", "page_referrer", "faq")
"""What the page adds to the customer's words: its one-time token, its language, where the customer came from, and what was
read of the FAQ before."""
FILES: Final = "files"


class RateLimit(BaseModel):
    """At most `count` posts in `seconds` from one address; kept by the HTTP layer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    count: int = Field(default=10, gt=0)
    seconds: int = Field(default=60, gt=0)


class Colours(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    primary: str = Field(default="#1f5f8b", pattern=r"^#[0-9a-fA-F]{6}$")


def bare_origins(origins: tuple[str, ...]) -> tuple[str, ...]:
    """As browsers send them. Raises ValueError."""
    for origin in origins:
        url = URL(origin)
        if url.scheme not in ("http", "https") or not url.host or str(url.origin()) != origin.rstrip("/"):
            raise ValueError("an origin is scheme, host and port only, such as https://shop.example")
    return tuple(origin.rstrip("/") for origin in origins)


def _default_fields() -> dict[FieldName, FieldSpec]:
    return {
        "name": FieldSpec(required=True, max_length=120, label={"it": "Nome e cognome", "en": "Your name"}),
        "email": FieldSpec(type="email", label={"it": "E-mail", "en": "E-mail"}),
        "phone": FieldSpec(type="phone", label={"it": "Telefono", "en": "Phone"}),
        "message": FieldSpec(required=True, multiline=True, label={"it": "Messaggio", "en": "Message"}),
    }


class WebFormSettings(ConnectorSettings):
    """What a form asks, in the order of `fields`, and how its page looks. `*_field` name the fields with a role."""

    type: str = "web_form"
    max_body: int = Field(default=20 * MEGABYTE, gt=0, description="Largest post with all its files, in bytes.")
    brand: Slug
    channel: Slug = "web_form"
    title: Text = Field(default_factory=lambda: {"it": "Scrivici", "en": "Write to us"})
    intro: Text | None = None
    thanks: Text | None = None
    languages: tuple[Language, ...] = Field(default=LANGUAGES, min_length=1)
    region: Region = Field(default="IT", description="Country of phone numbers without a prefix (ISO 3166).")
    fields: dict[FieldName, FieldSpec] = Field(default_factory=_default_fields)
    topics: dict[Slug, Topic] = Field(
        default_factory=dict, description="What it may be about: the first thing a customer chooses, if there are any."
    )
    topic_field: FieldName = Field(default="topic", description="The field in which the topic goes along.")
    topic_required: bool = Field(default=True, description="Whether a topic must be chosen.")
    topic_label: Text = Field(
        default_factory=lambda: {"it": "Di cosa si tratta?", "en": "What is it about?"}, description="What the page calls it."
    )
    faq: Slug | None = Field(default=None, description="The FAQ whose articles are offered while a customer writes.")
    require_one_of: tuple[tuple[str, ...], ...] | None = Field(
        default=None, description="Groups of fields, one of each must be filled; without it, one of e-mail and phone."
    )
    message_field: str = "message"
    name_field: str = "name"
    email_field: str = "email"
    phone_field: str = "phone"
    subject_field: str | None = None
    honeypot: FieldName = "website"
    rate: RateLimit = RateLimit()
    upload: UploadRules | None = UploadRules()
    colours: Colours = Colours()
    logo: str | None = Field(default=None, pattern=r"^(https://|/)[^\s\"'<>;,]+$")
    origins: tuple[str, ...] = Field(default=(), description="Sites whose scripts may post JSON, such as https://shop.example.")

    @field_validator("origins")
    @classmethod
    def _bare_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        return bare_origins(origins)

    @model_validator(mode="after")
    def _names_fit(self) -> Self:
        taken = {*HIDDEN, FILES, *((self.topic_field,) if self.topics else ())}
        if clash := sorted(taken & {*self.fields, self.honeypot}):
            raise ValueError(f"these names are taken by the page itself: {', '.join(clash)}")
        if self.honeypot in self.fields:
            raise ValueError("honeypot must not be one of the fields: people would fill it in")
        unknown = {name for group in self.groups for name in group} - self.fields.keys()
        if unknown:
            raise ValueError(f"require_one_of names fields that are not declared: {', '.join(sorted(unknown))}")
        return self

    @model_validator(mode="after")
    def _roles_fit(self) -> Self:
        if self.message_field not in self.fields:
            raise ValueError("message_field must name one of the fields")
        for name, kind in ((self.email_field, "email"), (self.phone_field, "phone")):
            if name in self.fields and self.fields[name].type != kind:
                raise ValueError(f"{name} must be of type {kind}")
        if not self.address_fields:
            raise ValueError("an answer needs an address: declare the field of email_field or of phone_field")
        required = any(self.fields[name].required for name in self.address_fields)
        if not required and not any(group and set(group) <= set(self.address_fields) for group in self.groups):
            raise ValueError("an answer needs an address: require e-mail or phone, or put them in require_one_of")
        return self

    @model_validator(mode="after")
    def _topics_fit(self) -> Self:
        always = (self.message_field, *self.address_fields, *(name for group in self.groups for name in group))
        if (wrong := topics_problem(self.topics, self.fields, always)) is not None:
            raise ValueError(wrong)
        return self

    @property
    def address_fields(self) -> tuple[str, ...]:
        """The declared fields an answer can go to, e-mail first."""
        return tuple(name for name in (self.email_field, self.phone_field) if name in self.fields)

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """Groups of fields of which at least one must be filled."""
        if self.require_one_of is not None:
            return self.require_one_of
        required = any(self.fields[name].required for name in self.address_fields)
        return () if required else (self.address_fields,)

    @property
    def roles(self) -> frozenset[str | None]:
        """The fields that have a place of their own in the envelope."""
        return frozenset((self.message_field, self.name_field, self.email_field, self.phone_field, self.subject_field))
