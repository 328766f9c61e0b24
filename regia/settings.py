"""The configuration file as typed settings. Each section says what it is for; every key has a default that runs embedded."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from config.loader import SettingsDocument, read
from config.secrets import Secret
from identity.policy import AUTHORITY, CAPS, SHARED, Policy
from identity.policy import Source as ProfileSource
from regia.bridge_settings import AnyBridge
from regia.code_settings import Codes
from regia.console_settings import Console
from regia.erasing.settings import Retention
from regia.faq_settings import Faq, StatePage
from regia.journal_settings import Journal
from regia.notice_settings import Notices
from regia.queue_settings import QueuesStore
from regia.reply_settings import Replies
from regia.server_settings import Server
from regia.store_settings import BlobStore, CoordinationStore, DatabaseStore
from regia.survey_settings import Survey
from regia.watch.settings import Watch
from regia.webhook_settings import Webhook

M = TypeVar("M", bound=BaseModel)

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,60}$")]
Files = Annotated[tuple[Path, ...], Field(min_length=1)]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]
Scope = Literal["messages", "queues", "customers", "customers.read", "events", "tickets", "replies", "operate"]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Data(_Section):
    """Where this node keeps its files."""

    path: Path = Path("data")
    make_secrets: bool = Field(default=False, description="Make missing file: secrets at start. For development.")


class Reading(_Section):
    """How formats with which a stranger can keep a reader busy (mail) are read: in processes that can be ended."""

    workers: int = Field(
        default=2, ge=1, le=64, description="Processes that read mails; more than there are cores help nobody."
    )
    seconds: float = Field(default=10.0, gt=0, le=300, description="Seconds one mail may take; then it goes to quarantine.")
    memory_mb: int = Field(
        default=1024, ge=128, description="Memory one mail may take, in MB above the process's own; then it goes to quarantine."
    )


class Media(_Section):
    """How the files of contacts are fetched."""

    memory_mb: int = Field(
        default=512, ge=256, description="Memory that all files together may take while they are fetched, in MB; others wait."
    )


class Conversations(_Section):
    window_hours: int = Field(default=72, gt=0, description="Hours without a word after which a conversation is closed.")
    max_messages: int = Field(
        default=1_000, ge=2, description="Messages after which a customer's next one opens another, unless it answers one."
    )


class Identity(_Section):
    """What may be decided about customers without a person; docs/identity.md says what each guard stops."""

    caps: dict[Name, Annotated[int, Field(ge=1)]] = Field(
        default=dict(CAPS), description="Addresses of each kind that one customer may come to have by itself."
    )
    cap_other: int = Field(default=8, ge=1, description="The same for all other kinds.")
    merges_per_day: int = Field(default=3, ge=0, description="Merges that nobody decided, of one customer within 24 hours.")
    suggestions_per_day: int = Field(
        default=20, ge=0, description="New suggestions that one customer makes within 24 hours by what it writes; 0 for none."
    )
    shared: tuple[str, ...] = Field(
        default=SHARED, description="Addresses of many people and placeholders, with * for any text: they link nobody."
    )
    names_differ: bool = Field(default=True, description="Whether two names that are clearly not one person's stop a merge.")
    recycled_kinds: tuple[Name, ...] = Field(default=("phone",), description="Kinds of addresses that are given out again.")
    recycle_days: int = Field(default=365, ge=1, description="Days of silence after which such an address is somebody else's.")
    reassign_days: int = Field(
        default=45, ge=1, description="The same where it comes with another account than its owner has on that platform."
    )
    order_fields: tuple[str, ...] = Field(
        default=("order",), description="Fields that hold an order number: two customers with the same one are suggested."
    )
    authority: tuple[ProfileSource, ...] = Field(
        default=AUTHORITY, description="Sources of a profile's facts; the first that has a value wins."
    )
    codes: Codes = Codes()


class Token(_Section):
    """A consumer of the HTTP interface."""

    name: Name
    token: Secret
    scopes: tuple[Scope, ...]


def _node_name() -> str:
    return "".join(c if c.isalnum() else "-" for c in socket.gethostname().lower())[:60].strip("-") or "node"


class Settings(_Section):
    """The whole file. `connectors` are checked one by one, each by its channel's own model."""

    node: Name = Field(default_factory=_node_name, description="Name of this node among several.")
    server: Server = Server()
    console: Console = Console()
    data: Data = Data()
    journal: Journal = Journal()
    database: DatabaseStore = DatabaseStore()
    queues: QueuesStore = QueuesStore()
    coordination: CoordinationStore = CoordinationStore()
    blobs: BlobStore = BlobStore()
    conversations: Conversations = Conversations()
    identity: Identity = Identity()
    replies: Replies = Replies()
    reading: Reading = Reading()
    media: Media = Media()
    watch: Watch = Watch()
    retention: Retention = Retention()
    languages: tuple[Language, ...] = Field(default=("it", "en"), min_length=1)
    rules: tuple[Path, ...] = Field(min_length=1, description="Rule files, relative to this file, in their order.")
    brand_rules: dict[Name, Files] = Field(default_factory=dict, description="Brand to the rule files it has instead of these.")
    shadow: tuple[Path, ...] = Field(default=(), description="Rule files that are asked beside these, and only counted.")
    brand_shadow: dict[Name, Files] = Field(default_factory=dict, description="The same for single brands.")
    links_key: Secret = Field(description="Signs links to attachments; the same on all nodes.")
    tokens: tuple[Token, ...] = ()
    media_private_hosts: tuple[str, ...] = Field(
        default=(), description="Hosts in private networks that media and provider calls may reach."
    )
    connectors: dict[Name, Any] = Field(default_factory=dict)
    bridges: dict[Name, AnyBridge] = Field(
        default_factory=dict, description="Ticket systems that take from the queues; the keys of each type: docs/bridges.md."
    )
    webhooks: dict[Name, Webhook] = Field(default_factory=dict, description="Web addresses that get what is in queues.")
    notices: Notices = Notices()
    surveys: dict[Name, Survey] = Field(default_factory=dict, description="What is asked after a ticket was closed.")
    faq: dict[Name, Faq] = Field(default_factory=dict, description="Articles that customers read: docs/faq.md.")
    state_page: StatePage = StatePage()

    @property
    def policy(self) -> Policy:
        """What identity may decide by itself."""
        given = self.identity.model_dump(exclude={"codes"}) | {"recycled_kinds": frozenset(self.identity.recycled_kinds)}
        talks = self.conversations
        return Policy(window_ms=talks.window_hours * 3_600_000, talk_most=talks.max_messages, **given)

    def database_url(self) -> str:
        """The database's address; the embedded one is a file of the data folder."""
        if self.database.is_local:
            return f"sqlite:///{self.data.path.resolve() / 'regia.sqlite'}"
        return self.database.url.get_secret_value()

    @property
    def on_sqlite(self) -> bool:
        return self.database_url().startswith("sqlite")


@dataclass(frozen=True, slots=True)
class Source:
    """A configuration file that was read, with where its secrets lie; its parts are checked one by one."""

    document: SettingsDocument
    secrets: Path
    make_secrets: bool

    def settings(self) -> Settings:
        """The settings without the channels' own. Raises `ConfigError`."""
        return self.document.validate(Settings, secrets_folder=self.secrets, make_secrets=self.make_secrets)

    def validate(self, model: type[M], *at: str) -> M:
        """One part of the file by a model of its own. Raises `ConfigError`."""
        return self.document.validate(model, secrets_folder=self.secrets, make_secrets=self.make_secrets, at=at)

    def connector_names(self) -> list[str]:
        """Those that can be looked at; what is wrong with the others `settings` says."""
        section = self.document.get("connectors", default={})
        return [name for name, one in section.items() if isinstance(one, dict)] if isinstance(section, dict) else []


def open_settings(path: Path, environ: Mapping[str, str]) -> Source:
    """Read the file with the `REGIA__…` variables over it. Raises `ConfigError` where it is no YAML."""
    document = read(path, environ)
    folder = Path(str(document.get("data", "path", default="data"))) / "secrets"
    return Source(document, folder, document.get("data", "make_secrets", default=False) is True)
