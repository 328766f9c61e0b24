"""Notices: who of ours is told of contacts and missed response times, how and when, and of what customers are told."""

import re
from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, StringConstraints, field_validator, model_validator

from desk.notices.lists import When
from desk.webhooks import key_of
from identity.tickets import TicketEvent
from normalizer.values import Invalid, read_email
from regia.store_settings import Section
from regia.webhook_settings import HookUrl, KeySecret

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,60}$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]
ListName = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: Final[tuple[Day, ...]] = get_args(Day)

_PLACES: Final = frozenset({"message", "conversation", "reference"})


def _is_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("is no time zone; write one like Europe/Rome") from None
    return name


def _is_address(text: str) -> str:
    try:
        return read_email(text)
    except Invalid:
        raise ValueError("is no mail address") from None


def _is_link(text: str) -> str:
    named = re.findall(r"\{([^{}]*)\}", text)
    if set(named) - _PLACES or re.sub(r"\{[a-z]+\}", "", text).strip("{}") != re.sub(r"\{[a-z]+\}", "", text):
        raise ValueError("names something else than {message}, {conversation} and {reference}")
    return text


Zone = Annotated[str, AfterValidator(_is_zone)]
Address = Annotated[str, AfterValidator(_is_address)]
Time = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class Digest(Section):
    """When a digest is told: at times, or in intervals."""

    at: tuple[Time, ...] = Field(default=(), description="Times of the day, such as 08:30; a digest tells all since the last.")
    days: tuple[Day, ...] = Field(default=DAYS, min_length=1, description="Days of the week on which these times hold.")
    every_minutes: int | None = Field(
        default=None, ge=1, le=7 * 24 * 60, description="Instead of `at`: so long after the first contact that waits."
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if bool(self.at) == (self.every_minutes is not None):
            raise ValueError("give either at, such as [08:30, 14:00], or every_minutes")
        return self


class HowTold(Section):
    """How a list is told."""

    when: When = Field(
        default="digest", description="Of each contact at once, of several together, or only where a response time is missed."
    )
    digest: Digest = Field(default=Digest(at=("08:30", "14:00")), description="When digests are told, with `when: digest`.")
    by: Name | None = Field(default=None, description="The connector by which mails or Telegram messages leave.")
    language: Language | None = Field(default=None, description="`it` or `en`; without it `notices.language`.")
    timezone: Zone | None = Field(default=None, description="Whose clocks count and are shown; without it `notices.timezone`.")
    snippet: bool = Field(default=False, description="Whether notices hold the first 100 characters of what customers wrote.")

    @model_validator(mode="after")
    def _digest_is_used(self) -> Self:
        if "digest" in self.model_fields_set and self.when != "digest":
            raise ValueError(f"digest is only for when: digest, and this is {self.when}")
        return self


class OwnersTold(HowTold):
    """How owners are told that are mail addresses and have no list."""

    @model_validator(mode="after")
    def _has_connector(self) -> Self:
        if self.by is None:
            raise ValueError("needs by, the mail connector by which they are told")
        return self


class Chat(Section):
    """A Telegram chat: of one person, or a group with the bot in it."""

    chat: int = Field(description="Its number; a group's is negative.")


class ListHook(Section):
    """A web address that gets notices as JSON, signed."""

    url: HookUrl = Field(description="Where to, without user and password: the signature says who we are.")
    secrets: tuple[KeySecret, ...] = Field(
        min_length=1, max_length=2, description="Keys of the signatures, `whsec_…`; two while one is being changed."
    )

    @property
    def keys(self) -> tuple[bytes, ...]:
        return tuple(key_of(secret.get_secret_value()) for secret in self.secrets)


class DistributionList(HowTold):
    """One list: it has addresses, a chat or a web address."""

    email: tuple[Address, ...] = Field(default=(), description="Mail addresses: each gets a mail of its own.")
    telegram: Chat | None = Field(default=None, description="Or a chat.")
    webhook: ListHook | None = Field(default=None, description="Or a web address.")
    brands: tuple[Name, ...] = Field(default=(), description="Contacts of these brands only; without it of all.")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        ways = [name for name in ("email", "telegram", "webhook") if getattr(self, name)]
        if len(ways) != 1:
            raise ValueError("give one of email, telegram and webhook")
        if (self.by is None) != (self.webhook is not None):
            needed = "leave by out: a web address is told by no connector"
            raise ValueError(needed if self.webhook else f"needs by, the connector by which {ways[0]} leaves")
        return self


class CustomerNotice(Section):
    """What a customer is told when something happens to the ticket."""

    on: TicketEvent = Field(description="What happens to the ticket.")
    template: Name = Field(description="Of `templates` in the rule files: what the customer is told.")
    brands: tuple[Name, ...] = Field(default=(), description="For these brands only.")
    categories: tuple[Name, ...] = Field(default=(), description="Where the contact is of one of these categories.")
    channels: tuple[Name, ...] = Field(default=(), description="Where the contact came by one of these channels.")


class Notices(Section):
    """Who is told of contacts. Without `owners` and `lists` nobody is."""

    owners: OwnersTold | None = Field(
        default=None, description="How owners of the rules are told that are mail addresses and have no list."
    )
    lists: dict[ListName, DistributionList] = Field(
        default_factory=dict, description="An owner of the rules, by its name or address, to how it is told."
    )
    customers: tuple[CustomerNotice, ...] = Field(
        default=(), description="What customers are told of their tickets; of several for one event the first that fits."
    )
    language: Language = Field(default="it", description="Of notices whose list names none: `it` or `en`.")
    timezone: Zone = Field(default="UTC", description="Of lists that name none.")
    link: Annotated[str, StringConstraints(pattern=r"^https?://\S+$"), AfterValidator(_is_link)] | None = Field(
        default=None,
        description="Where your people look at a contact whose ticket has no address, with {conversation}, {message} or "
        "{reference}.",
    )

    @field_validator("lists")
    @classmethod
    def _each_once(cls, lists: Mapping[str, DistributionList]) -> Mapping[str, DistributionList]:
        lowered = [name.lower() for name in lists if "@" in name]
        if len(set(lowered)) < len(lowered):
            raise ValueError("names an address twice: capital letters make no difference")
        return lists
