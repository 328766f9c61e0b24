"""Puts the parts together. Whoever wants to know what Regia is made of reads this file from top to bottom."""

import logging
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, TypeVar

from config.document import Document
from config.problems import ConfigError, Problem
from connectors.abilities import Limits
from connectors.base import Channel, Connector
from connectors.media import GuardedHttp
from connectors.registry import UnknownChannel, find
from dispatcher.base import Queues, Topology
from dispatcher.letters import Letters
from dispatcher.letters_local import LocalLetters
from dispatcher.letters_rabbit import RabbitLetters
from dispatcher.local import LocalQueues
from dispatcher.rabbitmq import RabbitQueues
from dispatcher.straight import LocalStraight, RabbitStraight, Straight
from normalizer.envelope import priority_of
from regia import bridge_settings, chat_settings, faq_settings, noticing, queue_settings, survey_settings, webhook_settings
from regia.code_settings import unusable
from regia.rules.files import read_rules
from regia.rules.live import Rules
from regia.running.plan import name_of
from regia.server_settings import too_many
from regia.settings import Settings, Source, open_settings
from storage.blobs import Blobs
from storage.coordination import Coordination, LocalCoordination, RedisCoordination
from storage.database import Database
from storage.migrate import schema, upgrade
from storage.threads import once

logger = logging.getLogger(__name__)

T = TypeVar("T")

_OWN: Final = "regia"
_ROUTABLE: Final = re.compile(r"[a-z0-9_-]{1,60}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    """A configuration that holds together: settings, channels and rules, and nothing opened yet."""

    settings: Settings
    channels: Mapping[str, Channel[Any]]
    connectors: Mapping[str, Connector]
    rules: Rules
    stray: tuple[Problem, ...] = ()
    """What the configuration says of queues that these rules do not have."""
    from_files: bool = True
    """Whether these are the rules of the files: no where these are wrong, and what decided before goes on."""
    faq_folders: Mapping[str, Path] = field(default_factory=dict)
    """Where the articles of each FAQ are."""
    worker: int = 0
    """Which of the gateway's processes this is."""

    @property
    def node(self) -> str:
        """The name in which this process works."""
        return name_of(self.settings.node, self.worker)

    @property
    def topology(self) -> Topology:
        """The queues of these rules."""
        return self.topology_of(self.rules)

    def topology_of(self, rules: Rules) -> Topology:
        """Every brand's queues: its categories and the queues its rules declare."""
        targets = {brand: frozenset(rules.of(brand).targets) for brand in sorted(self.brands)}
        return Topology(targets=targets, layout=self.settings.queues.layout)

    def of_type(self, name: str) -> list[str]:
        """The connectors with this `type:`."""
        return [connector for connector, channel in self.channels.items() if channel.name == name]

    @property
    def limits(self) -> dict[str, Limits]:
        """What each connector that can send may send, with the rate of its own settings where they name one."""
        able = {name: channel.abilities.send for name, channel in self.channels.items()}
        return {
            name: _paced(limits, self.connectors[name], self.settings.server.workers)
            for name, limits in able.items()
            if limits is not None
        }

    @property
    def largest(self) -> int:
        """Bytes of the largest contact that is accepted."""
        return max((connector.settings.max_body for connector in self.connectors.values()), default=0)

    @property
    def categories(self) -> set[str]:
        """Those of all brands' rules."""
        return {name for brand in self.brands for name in self.rules.of(brand).categories}

    @property
    def brands(self) -> set[str]:
        return {brand for connector in self.connectors.values() for brand in connector.brands}


def _paced(limits: Limits, connector: Connector, workers: int) -> Limits:
    """With the rate of the connector's settings, of which each worker has its share: together they are no faster."""
    rate = connector.settings.send_rate
    messages, seconds = (rate.count, rate.seconds) if rate is not None else limits.rate or (0, 0)
    if not messages or workers == 1:
        return limits if rate is None else replace(limits, rate=(messages, seconds))
    share = max(1, messages // workers)
    return replace(limits, rate=(share, seconds * share * workers / messages))


def configure(path: Path, environ: Mapping[str, str], *, rules: Callable[[Source], Rules] = read_rules) -> Configured:
    """Read and check the file, its channels and its rules, which `rules` gives. Raises `ConfigError` with the problems of all
    of them at once."""
    source = open_settings(path, environ)
    problems: list[Problem] = []
    settings = _collect(problems, source.settings)
    channels: dict[str, Channel[Any]] = {}
    connectors: dict[str, Connector] = {}
    for name in source.connector_names():
        try:
            channels[name] = _channel(name, source)
            connectors[name] = _connector(name, channels[name], source)
            problems += _unusable_brands(name, connectors[name], source.document)
        except ConfigError as error:
            problems += error.problems
    problems += _unknown_names(source)
    if settings is not None and len(connectors) == len(source.connector_names()):
        problems += unusable(settings.identity.codes, source.document, connectors, channels)
        problems += noticing.unusable(settings.notices, source.document, connectors, channels)
        problems += faq_settings.unusable(settings.faq, source.document, connectors)
    if settings is not None:
        shared = {"on_sqlite": settings.on_sqlite, "without_redis": settings.coordination.is_local}
        problems += too_many(settings.server.workers, source.document, **shared)
    problems += _unknown_brands(source, connectors)
    problems += [] if settings is None else queue_settings.unusable(settings.queues, source.document)
    read = _collect(problems, lambda: rules(source))
    if problems or settings is None or read is None:
        raise ConfigError(problems)
    folders = {name: faq_settings.folder_of(one, source.document) for name, one in settings.faq.items()}
    found = Configured(settings=settings, channels=channels, connectors=connectors, rules=read, faq_folders=folders)
    alone = settings.coordination.is_local
    wrong = bridge_settings.unusable(settings.bridges, source.document, found.topology, without_redis=alone)
    wrong += webhook_settings.unusable(settings.webhooks, settings.bridges, source.document, found.topology)
    wrong += chat_settings.unusable(connectors, source.document, read)
    wrong += noticing.without_templates(settings.notices, source.document, read)
    if wrong := wrong + survey_settings.unusable(settings.surveys, source.document, found.brands, found.categories):
        raise ConfigError(wrong)
    return replace(found, stray=tuple(queue_settings.stray(settings.queues, source.document, found.topology)))


def _collect(problems: list[Problem], part: Callable[[], T]) -> T | None:
    """The part, or None with its problems added."""
    try:
        return part()
    except ConfigError as error:
        problems += error.problems
        return None


def _channel(name: str, source: Source) -> Channel[Any]:
    wanted = source.document.get("connectors", name, "type")
    try:
        return find(str(wanted))
    except UnknownChannel as error:
        raise ConfigError([source.document.problem(("connectors", name, "type"), str(error))]) from error


def _connector(name: str, channel: Channel[Any], source: Source) -> Connector:
    return channel.connector(name, source.validate(channel.settings, "connectors", name))


def _unusable_brands(name: str, connector: Connector, document: Document) -> list[Problem]:
    """A brand is a part of queue names and routing keys, and `regia` is the prefix of our own."""
    return [
        document.problem(("connectors", name), f"brand {brand!r}: use a-z, 0-9, _ and -, and not regia, which is our own")
        for brand in sorted(connector.brands)
        if brand == _OWN or not _ROUTABLE.fullmatch(brand)
    ]


def _unknown_names(source: Source) -> list[Problem]:
    """Where the file speaks of connectors it does not have."""
    at = ("watch", "silence", "connectors")
    named = source.document.get(*at, default={})
    known = source.connector_names()
    unknown = [name for name in named if name not in known] if isinstance(named, dict) else []
    return [source.document.problem((*at, name), "there is no connector of this name", key=True) for name in unknown]


def _unknown_brands(source: Source, connectors: Mapping[str, Connector]) -> list[Problem]:
    return unknown_brands(source, {brand for connector in connectors.values() for brand in connector.brands})


def unknown_brands(source: Source, known: Collection[str]) -> list[Problem]:
    """Where the file speaks of brands that no connector has."""
    problems: list[Problem] = []
    for at in (("retention", "brands"), ("brand_rules",), ("brand_shadow",)):
        named = source.document.get(*at, default={})
        unknown = [name for name in named if name not in known] if isinstance(named, dict) and known else []
        problems += [source.document.problem((*at, name), "no connector has this brand", key=True) for name in unknown]
    return problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """What is opened: database, queues, blobs, coordination and the HTTP client for providers."""

    database: Database
    queues: Queues
    blobs: Blobs
    coordination: Coordination
    http: GuardedHttp

    async def close(self) -> None:
        await self.queues.close()
        await self.coordination.close()
        await self.http.close()
        await self.database.close()


def open_stores(settings: Settings) -> Stores:
    """The stores the settings name, embedded or shared. Nothing is connected yet."""
    database = Database(settings.database_url())
    queues: Queues = (
        LocalQueues(database)
        if settings.queues.is_local
        else RabbitQueues(settings.queues.url.get_secret_value(), priority_of=priority_of)
    )
    coordination: Coordination = (
        LocalCoordination()
        if settings.coordination.is_local
        else RedisCoordination(settings.coordination.url.get_secret_value())
    )
    blobs = open_blobs(settings)
    http = GuardedHttp(private_hosts=frozenset(settings.media_private_hosts))
    return Stores(database=database, queues=queues, blobs=blobs, coordination=coordination, http=http)


def open_blobs(settings: Settings) -> Blobs:
    """The blob store the settings name."""
    if settings.blobs.is_local:
        return Blobs.local(settings.data.path.resolve() / "blobs")
    return Blobs.s3(settings.blobs.url.get_secret_value())


def open_straight(settings: Settings, stores: Stores) -> Straight:
    """What publishes into a queue by its name."""
    if isinstance(stores.queues, LocalQueues):
        return LocalStraight(stores.queues, stores.database)
    url, layout = settings.queues.url.get_secret_value(), settings.queues.layout
    return RabbitStraight(url, real=layout.real, highest=layout.priorities_of, priority_of=priority_of)


def open_letters(settings: Settings, stores: Stores) -> Letters:
    """The dead letters."""
    if isinstance(stores.queues, LocalQueues):
        return LocalLetters(stores.queues, stores.database)
    return RabbitLetters(settings.queues.url.get_secret_value(), stores.database, real=settings.queues.layout.real)


async def migrate(database: Database) -> None:
    """Bring the database to this version, in a thread of its own, and write only to that. Raises `DatabaseUnavailable`."""
    await once(lambda: upgrade(database.engine), "migrate")
    database.expect(schema())
