"""Puts the parts together. Whoever wants to know what Regia is made of reads this file from top to bottom."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from config.loader import SettingsDocument
from config.problems import ConfigError, Problem
from connectors.base import Connector
from connectors.media import GuardedHttp
from connectors.registry import UnknownChannel, find
from dispatcher.base import Queues, Topology
from dispatcher.local import LocalQueues
from dispatcher.rabbitmq import RabbitQueues
from regia.settings import Settings
from router.load import load as load_rules
from router.ruleset import Ruleset
from storage.blobs import Blobs
from storage.coordination import Coordination, LocalCoordination, RedisCoordination
from storage.database import Database

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    """A configuration that holds together: settings, channels and rules, and nothing opened yet."""

    settings: Settings
    connectors: Mapping[str, Connector]
    rules: Ruleset

    @property
    def topology(self) -> Topology:
        """Every brand's queues: its categories and the queues the rules declare."""
        return Topology(targets=dict.fromkeys(sorted(self.brands), frozenset(self.rules.targets)))

    def kind_of(self, connector: str) -> str:
        """The `type:` of a configured connector."""
        return str(self.settings.connectors[connector]["type"])

    @property
    def brands(self) -> set[str]:
        return {brand for connector in self.connectors.values() for brand in connector.brands}


def configure(settings: Settings, document: SettingsDocument) -> Configured:
    """Check connectors and rules. Raises `ConfigError` with the problems of all of them at once."""
    problems: list[Problem] = []
    connectors: dict[str, Connector] = {}
    for name in settings.connectors:
        try:
            connectors[name] = _connector(name, settings, document)
        except ConfigError as error:
            problems += error.problems
    rules: Ruleset | None = None
    try:
        rules = load_rules(_rule_files(settings, document))
    except ConfigError as error:
        problems += error.problems
    if problems or rules is None:
        raise ConfigError(problems)
    return Configured(settings=settings, connectors=connectors, rules=rules)


def _connector(name: str, settings: Settings, document: SettingsDocument) -> Connector:
    wanted = document.get("connectors", name, "type")
    try:
        channel = find(str(wanted))
    except UnknownChannel as error:
        raise ConfigError([document.problem(("connectors", name, "type"), str(error))]) from error
    checked = document.validate(
        channel.settings,
        secrets_folder=settings.data.path / "secrets",
        make_secrets=settings.data.make_secrets,
        at=("connectors", name),
    )
    return channel.connector(name, checked)


def _rule_files(settings: Settings, document: SettingsDocument) -> list[tuple[str, str]]:
    files: list[tuple[str, str]] = []
    for number, path in enumerate(settings.rules):
        full = Path(document.name).parent / path
        try:
            files.append((str(full), full.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError([document.problem(("rules", number), f"cannot be read: {type(error).__name__}")]) from error
    return files


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
    queues: Queues = LocalQueues(database) if settings.queues.is_local else RabbitQueues(settings.queues.url.get_secret_value())
    coordination: Coordination = (
        LocalCoordination()
        if settings.coordination.is_local
        else RedisCoordination(settings.coordination.url.get_secret_value())
    )
    blobs = (
        Blobs.local(settings.data.path.resolve() / "blobs")
        if settings.blobs.is_local
        else Blobs.s3(settings.blobs.url.get_secret_value())
    )
    http = GuardedHttp(private_hosts=frozenset(settings.media_private_hosts))
    return Stores(database=database, queues=queues, blobs=blobs, coordination=coordination, http=http)


async def migrate(database: Database) -> None:
    """Bring the database to this version, in a thread of its own. Raises `DatabaseUnavailable`."""
    from storage.migrate import upgrade

    await asyncio.to_thread(upgrade, database.engine)
