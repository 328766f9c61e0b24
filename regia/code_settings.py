"""How addresses are proven: by which connectors codes and links are sent, in which words, and how many of them."""

from collections.abc import Mapping
from typing import Annotated, Any, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationInfo, field_validator

from config.document import Document
from config.problems import Problem
from connectors.base import Channel, Connector
from connectors.email.mailbox import MailConnector
from connectors.form_settings import RateLimit
from connectors.kit.settings import AccountsSettings
from desk.proof_words import Piece, problem

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,60}$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class CodeTexts(_Part):
    """What is left out is as usual."""

    subject: str | None = Field(default=None, min_length=1, max_length=200, description="Of mails. May name {brand}.")
    code: str | None = Field(default=None, max_length=1000, description="Names {code}, and may name {brand} and {minutes}.")
    link: str | None = Field(default=None, max_length=1000, description="Names {link}, and may name {brand} and {hours}.")

    @field_validator(*get_args(Piece))
    @classmethod
    def _can_be_filled(cls, text: str | None, info: ValidationInfo) -> str | None:
        wrong = None if text is None else problem(info.field_name, text)  # type: ignore[arg-type]  # one of the pieces
        if wrong is not None:
            raise ValueError(wrong)
        return text


class CodesOfBrand(_Part):
    """What one brand has of its own."""

    name: str | None = Field(
        default=None, min_length=1, max_length=60, description="What customers call the brand; otherwise its name here."
    )
    email: Name | None = Field(
        default=None, description="The connector by which codes and links go to mail addresses; without it none do."
    )
    phone: Name | None = Field(
        default=None, description="The same for phone numbers: an SMS provider. WhatsApp takes a code only from who just wrote."
    )
    phone_account: str | None = Field(
        default=None, min_length=1, description="Which account of that connector they leave from, where it has several."
    )
    texts: dict[Language, CodeTexts] = Field(
        default_factory=dict, description="Language to words of your own, also in languages that have none."
    )


class PageRate(RateLimit):
    """How often the pages behind links may be opened."""

    count: int = Field(default=30, gt=0, description="Pages of links that one address on the internet may open.")
    seconds: int = Field(default=60, gt=0, description="In so many seconds.")


class Codes(CodesOfBrand):
    """For all brands, and for each what it has of its own."""

    brands: dict[Name, CodesOfBrand] = Field(default_factory=dict, description="Brand to what it has of its own.")
    an_hour: int = Field(
        default=300, ge=1, description="Codes and links of one brand in an hour: whoever earns by messages asks for many."
    )
    rate: PageRate = PageRate()


def unusable(
    codes: Codes, document: Document, connectors: Mapping[str, Connector], channels: Mapping[str, Channel[Any]]
) -> list[Problem]:
    """Where codes are to be sent by connectors that are not there or cannot, or for brands that are not."""
    at, known = ("identity", "codes"), {brand for connector in connectors.values() for brand in connector.brands}
    found = [
        document.problem((*at, "brands", name), "no connector has this brand", key=True)
        for name in codes.brands
        if name not in known
    ]
    sections = [(at, codes), *(((*at, "brands", name), part) for name, part in codes.brands.items())]
    for section, part in sections:
        for kind, name in (("email", part.email), ("phone", part.phone)):
            if name is not None and (wrong := cannot_carry(kind, connectors.get(name), channels.get(name))):
                found.append(document.problem((*section, kind), wrong))
        if part.phone is not None and not _has_account(connectors.get(part.phone), part.phone_account):
            found.append(document.problem((*section, "phone_account"), "name one of the connector's accounts"))
    return found


def _has_account(connector: Connector | None, account: str | None) -> bool:
    settings = None if connector is None else connector.settings
    return not isinstance(settings, AccountsSettings) or settings.account_id(account) is not None


def cannot_carry(kind: str, connector: Connector | None, channel: Channel[Any] | None) -> str | None:
    """Why a connector cannot carry messages that answer nothing to addresses of a kind; None where it may."""
    if connector is None or channel is None:
        return "there is no connector of this name"
    if channel.abilities.send is None:
        return "this connector cannot send"
    if isinstance(connector, MailConnector):
        if kind != "email":
            return "this connector sends to mail addresses only"
        return "this connector cannot send: it has no smtp" if connector.settings.smtp is None else None
    return None
