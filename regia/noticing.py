"""What notices must know of the configuration: the lists, and what is wrong with their settings."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from config.document import Document
from config.problems import Loc, Problem
from connectors.base import Channel, Connector
from connectors.email import plus
from connectors.email.mailbox import MailConnector
from connectors.telegram.people import CHAT
from connectors.telegram.settings import TelegramSettings
from desk.notices.lines import Look
from desk.notices.lists import OWNERS, Directory, Hook, NoticeList, Recipient
from desk.notices.schedule import Schedule
from normalizer.event import TYPES
from normalizer.inbound import Handle
from normalizer.values import Invalid, read_email
from regia.code_settings import cannot_carry
from regia.notice_settings import DAYS, DistributionList, HowTold, Notices, OwnersTold
from regia.rules.live import Rules

_AT = ("notices",)


def directory(notices: Notices, connectors: Mapping[str, Connector]) -> Directory:
    """The lists. An owner that is one of our own mailboxes has none: it would be told of what it is told."""
    lists = {name: _list(name, one, notices, connectors) for name, one in notices.lists.items()}
    owners, ours = notices.owners, own_addresses(connectors)
    if owners is None:
        return Directory(lists)

    def address(name: str) -> NoticeList | None:
        try:
            found = read_email(name) if "@" in name else None
        except Invalid:
            return None
        return None if found is None or plus.own(found, ours) else _of_address(name, found, owners, notices)

    return Directory(lists, address)


def look(notices: Notices, rules: Rules) -> Look:
    """What people call categories, and where contacts are looked at."""

    def label(brand: str, category: str) -> str:
        found = rules.of(brand).categories.get(category)
        return category if found is None else found.label or category

    return Look(label=label, link=notices.link)


def own_addresses(connectors: Mapping[str, Connector]) -> frozenset[str]:
    """The addresses of all our mailboxes."""
    mailboxes = [one for one in connectors.values() if isinstance(one, MailConnector)]
    return frozenset(address for one in mailboxes for address in one.settings.own_addresses)


def _list(name: str, one: DistributionList, notices: Notices, connectors: Mapping[str, Connector]) -> NoticeList:
    by = one.by or ""
    handles = [Handle("email", address, "agent") for address in one.email]
    if one.telegram is not None:
        settings = connectors[by].settings
        bot = settings.bot_id if isinstance(settings, TelegramSettings) else ""
        handles = [Handle(CHAT, f"{bot}:{one.telegram.chat}", "agent")]
    return _made(
        one,
        notices,
        name=name,
        figure=OWNERS if "@" in name else name,
        recipients=tuple(Recipient(by, None, handle) for handle in handles),
        hook=None if one.webhook is None else Hook(one.webhook.url, one.webhook.keys),
        brands=frozenset(one.brands),
    )


def _of_address(name: str, address: str, owners: OwnersTold, notices: Notices) -> NoticeList:
    to = Recipient(owners.by or "", None, Handle("email", address, "agent"))
    return _made(owners, notices, name=name, figure=OWNERS, recipients=(to,), hook=None, brands=frozenset())


def _made(how: HowTold, notices: Notices, *, name: str, **more: Any) -> NoticeList:
    zone = ZoneInfo(how.timezone or notices.timezone)
    return NoticeList(
        name=name.lower() if "@" in name else name,
        when=how.when,
        schedule=_schedule(how, zone) if how.when == "digest" else None,
        zone=zone,
        language=how.language or notices.language,
        snippet=how.snippet,
        **more,
    )


def _schedule(how: HowTold, zone: ZoneInfo) -> Schedule:
    digest = how.digest
    if digest.every_minutes is not None:
        return Schedule(every_ms=digest.every_minutes * 60_000, zone=zone)
    at = tuple(int(time[:2]) * 60 + int(time[3:]) for time in digest.at)
    return Schedule(at=at, days=frozenset(DAYS.index(day) for day in digest.days), zone=zone)


def unusable(
    notices: Notices, document: Document, connectors: Mapping[str, Connector], channels: Mapping[str, Channel[Any]]
) -> list[Problem]:
    """Lists that could not be told, would be told of themselves, or are of brands that are not there."""
    brands = {brand for connector in connectors.values() for brand in connector.brands}
    found: list[Problem] = []
    sections: list[tuple[Loc, HowTold]] = [((*_AT, "lists", name), one) for name, one in notices.lists.items()]
    sections += [((*_AT, "owners"), notices.owners)] if notices.owners is not None else []
    for at, how in sections:
        if how.by is not None and (wrong := _wrong(how, connectors.get(how.by), channels.get(how.by))):
            found.append(document.problem((*at, "by"), wrong))
    ours = own_addresses(connectors)
    for name, one in notices.lists.items():
        at = (*_AT, "lists", name)
        found += [
            document.problem((*at, "email", place), "is one of our own mailboxes: it would be told of its own notices")
            for place, address in enumerate(one.email)
            if plus.own(address, ours)
        ]
        found += _unknown((*at, "brands"), one.brands, brands, document)
    for place, told in enumerate(notices.customers):
        at = (*_AT, "customers", place)
        found += _unknown((*at, "brands"), told.brands, brands, document)
        if f"regia.ticket.{told.on}.v1" not in TYPES:
            found.append(document.problem((*at, "on"), "nothing tells of this"))
    return found


def _unknown(at: Loc, named: Sequence[str], known: set[str], document: Document) -> Iterator[Problem]:
    for place, name in enumerate(named):
        if name not in known:
            yield document.problem((*at, place), "no connector has this brand")


def _wrong(how: HowTold, connector: Connector | None, channel: Channel[Any] | None) -> str | None:
    if isinstance(how, DistributionList) and how.telegram is not None:
        if connector is None:
            return "there is no connector of this name"
        return None if isinstance(connector.settings, TelegramSettings) else "this connector is no Telegram bot"
    wrong = cannot_carry("email", connector, channel)
    return wrong or (None if isinstance(connector, MailConnector) else "this connector sends no mails")


def without_templates(notices: Notices, document: Document, rules: Rules) -> list[Problem]:
    """Templates that no rule file has which could be asked for them."""
    found: list[Problem] = []
    for place, told in enumerate(notices.customers):
        asked = [rules.of(brand) for brand in told.brands] or list(rules.live.values())
        if not all(told.template in one.answers.templates for one in asked):
            at = (*_AT, "customers", place, "template")
            known = sorted({name for one in asked for name in one.answers.templates})
            found.append(
                document.problem(at, "the rules have no template of this name", f"templates: {', '.join(known) or 'none'}")
            )
    return found


def untold(lists: Directory, rules: Rules) -> list[str]:
    """Names under `owners` and `notify` by which nobody is told, where anybody is told at all; each with where it stands."""
    if not lists:
        return []
    return [f"{name} ({where})" for name, where in named_by(rules).items() if lists.of(name) is None]


def named_by(rules: Rules) -> dict[str, str]:
    """All names under `owners` and `notify`, each with where it stands."""
    named: dict[str, str] = {}
    for ruleset in rules.live.values():
        for category in ruleset.categories.values():
            named |= {owner: f"category {category.name}" for owner in category.owners if owner not in named}
        for rule in ruleset.rules:
            added = (*rule.then.adds.get("owners", ()), *rule.then.adds.get("notify", ()))
            named |= {name: f"rule {rule.name}" for name in added if name not in named}
    return named
