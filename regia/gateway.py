"""One running gateway: the journal and everything that works it off.

The journal is all that accepting needs. Database and queues are brought up beside it and may come and go: until they
answer, what comes in waits in the journal and in the outbox.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final
from weakref import WeakSet

from desk.faq.counting import Counts
from dispatcher.base import Outcome, QueuesUnavailable, Topology
from dispatcher.cancelling import cancelled
from dispatcher.relay import Relay
from normalizer.envelope import TYPE
from regia.chats.hub import Hub
from regia.compose import Configured, Stores, migrate
from regia.declaring import Declaring
from regia.faqs import Faqs
from regia.links import Links
from regia.noticing import directory, named_by
from regia.outbox_lease import OutboxElsewhere, OutboxLease
from regia.parts import in_public, in_the_log, wrong_with
from regia.pipeline.commit import CommitSettings, Committed
from regia.pipeline.intake import Intake
from regia.pipeline.media import MediaStage
from regia.pipeline.prepare import Preparer
from regia.pipeline.reading import Reader
from regia.pipeline.worker import Pipeline
from regia.proving import proofs
from regia.replying import channels
from regia.rules.hits import RuleHits
from regia.rules.hours import Hours
from regia.rules.live import Rules
from regia.rules.shadow import Tally
from regia.rules.versions import Versions
from regia.running.siblings import Siblings
from regia.surveying import surveys
from regia.watch.metrics import PUBLISHED, READY, TO_QUEUE
from regia.watch.newest import Newest
from regia.watch.sends import Sends
from regia.watch.traffic import Traffic
from storage.coordination import CoordinationUnavailable
from storage.database import DatabaseUnavailable
from storage.journal import Journal
from storage.outbox import OutboxRow

logger = logging.getLogger(__name__)

_AGAIN: Final = 2.0
"""Seconds between attempts to bring up a part that does not answer."""


class Gateway:
    """Made inside the event loop, with its journal open; `start` begins the work and returns at once."""

    def __init__(self, configured: Configured, stores: Stores, journal: Journal) -> None:
        settings = configured.settings
        self.configured = configured
        self.stores = stores
        self.journal = journal
        self.links = Links(settings.server.base_url, settings.links_key.get_secret_value().encode())
        self.proofs = proofs(settings, self.links)
        self.versions = Versions(stores.database, settings.node, configured.rules, self._prepare)
        self.hours = Hours()
        self.shadowed = Tally()
        """What the shadow of the rules said; the runner of the rules stores it."""
        self.rule_hits = RuleHits()
        """Which rules matched; the same runner stores it."""
        self.declaring = Declaring(lambda: self.stores.queues, configured.topology, configured.stray)
        self.channels = channels(configured, lambda: self.versions.rules)
        self.notices = directory(settings.notices, configured.connectors)
        self.surveys = surveys(settings, self.links, configured.limits, self.channels)
        self.faqs = Faqs(settings.faq, configured.faq_folders, configured.connectors, settings.server.base_path)
        self.faq_counts = Counts(lambda: self.stores.database)
        self.traffic = Traffic()
        self.intake = Intake(journal, self.traffic)
        self.missing: dict[str, str] = dict.fromkeys(("database", "queues", "outbox"), "not connected yet")
        """Part to why it is not ready."""
        self.sources: dict[str, str] = {}
        """`connector/source` of what is polled to how that goes; the poller writes it."""
        self.alarms: dict[str, str] = {}
        """`connector`, or `connector/token`, to what is wrong with it; the watcher writes it."""
        self.newest = Newest()
        """The last event; whoever numbers them says so, and who follows them over HTTP waits here."""
        self.chats = Hub(stores.database, stores.coordination, self.links, self.newest, configured.node)
        """The windows of visitors that are open here; the HTTP layer opens them."""
        self.to_send = asyncio.Event()
        """Set by whoever queued something: the sender of this process need not wait for its next look."""
        self.sends = Sends()
        """Whether providers take our tokens when messages are sent; the sender writes it."""
        self.siblings: Siblings | None = None
        """The workers of this gateway, where there are several."""
        self.reader = Reader(configured.connectors, configured.channels, settings.reading)
        media = MediaStage(configured.connectors, stores.blobs, stores.http, settings.media.memory_mb << 20)
        self.preparer = Preparer(media, stores.blobs, settings.languages)
        self.relays: WeakSet[Relay] = WeakSet()
        """All there are in this process: what is erased must leave their memory too."""
        self.relay = self.relay_of(configured.node)
        self._lease = OutboxLease(lambda: self.stores.coordination, configured.node, journal.id, self.relay.fence)
        self.pipeline = self.pipeline_of(journal)
        self._tasks: list[asyncio.Task[None]] = []

    def pipeline_of(self, journal: Journal, node: str | None = None) -> Pipeline:
        """A pipeline that works off `journal` with this gateway's parts, in its own name or that of another `node`: who has the
        lease on the outbox of that one publishes what is committed, behind what was before."""
        node = node or self.configured.node
        return Pipeline(
            journal,
            self.preparer,
            self.stores.database,
            self.relay if node == self.configured.node else self.relay_of(node),  # that one is never started
            lambda: self._commit_settings(journal, node),
            decided=self._count_rules,
        )

    def _count_rules(self, committed: Committed) -> None:
        self.shadowed.add(committed.shadowed)
        self.rule_hits.add(committed.matched)

    def relay_of(self, node: str) -> Relay:
        """A relay that publishes what `node` has committed."""
        relay = Relay(self.stores.queues, self.stores.database, node=node, envelope_type=TYPE, published=_count_published)
        self.relays.add(relay)
        return relay

    def start(self) -> None:
        work = {"bring-up": self._bring_up(), "queues": self.declaring.mend()}
        self._tasks = [asyncio.create_task(one, name=name) for name, one in work.items()]

    async def drain(self, seconds: float) -> bool:
        """Refuse new contacts and work off what was accepted, for at most `seconds`; whether everything went out."""
        self.intake.stop()
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.missing or (self.pipeline.idle and self.relay.idle):
                break
            await asyncio.sleep(0.05)
        return self.pipeline.idle and self.relay.idle

    async def stop(self) -> None:
        """End the work where it stands: the journal and the outbox know how to go on."""
        await cancelled(self._tasks)
        await self.reader.close()
        await self.pipeline.stop()
        await self.relay.stop()
        await self.journal.close()
        await self.stores.close()

    async def _bring_up(self) -> None:
        await self._until_it_works("database", self._open_database)
        self.pipeline.start()
        await self._until_it_works("queues", self.declaring.open)
        await self._until_it_works("outbox", self._own_outbox)
        self.relay.start()
        await self._lease.keep(self.missing)

    async def _open_database(self) -> None:
        await migrate(self.stores.database)
        await self.versions.begin(self.configured.rules if self.configured.from_files else None)

    async def _prepare(self, rules: Rules) -> None:
        """Declare the queues of rules that are about to decide, beside those there are: messages of the version before are on
        their way to these. Whom they name is known as well."""
        self.notices.know(named_by(rules))
        self.declaring.add(self.configured.topology_of(rules))
        if "queues" in self.missing:  # it opens them when they answer
            return
        try:
            await self.declaring.open()
        except QueuesUnavailable as error:
            logger.warning("queues of new rules are not declared yet", extra={"reason": str(error)})

    async def _own_outbox(self) -> None:
        """Wait until nobody else publishes what this node had committed before it died. Without Redis nobody does."""
        try:
            if (told := await self._lease.hold()) is not None:
                raise OutboxElsewhere(told)
        except CoordinationUnavailable as error:
            logger.warning("the outbox is published without its lease", extra={"reason": str(error)})

    @property
    def topology(self) -> Topology:
        """The queues of all rules that have decided here."""
        return self.declaring.topology

    @property
    def knows_other_nodes(self) -> bool:
        """Whether a free lease means a dead node: with Redis, or when the database admits one gateway only."""
        return not self.configured.settings.coordination.is_local or self.stores.database.is_sqlite

    async def _until_it_works(self, part: str, attempt: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await attempt()
            except (DatabaseUnavailable, QueuesUnavailable, OutboxElsewhere) as error:
                self.missing[part] = in_public(error)
                more = {"part": part, "reason": in_the_log(error)}
                logger.warning("a part is not ready; contacts wait in the journal", extra=more)
            except Exception as error:  # a defect here must be seen on the readiness page, not end the task unseen
                self.missing[part] = f"failed: {type(error).__name__}; see the log"
                logger.exception("a part failed to start; contacts wait in the journal", extra={"part": part})
            else:
                self.missing.pop(part, None)
                READY.labels(part).set(1)
                return
            READY.labels(part).set(0)
            await asyncio.sleep(_AGAIN)

    def _commit_settings(self, journal: Journal, node: str) -> CommitSettings:
        settings = self.configured.settings
        return CommitSettings(
            journal=journal.id,
            node=node,
            rules=self.versions.rules,
            links=self.links,
            policy=settings.policy,
            channels=self.channels,
            notices=self.notices,
            hours=self.hours,
            surveys=self.surveys,
        )

    async def check(self) -> dict[str, str]:
        """What does not work at this moment, by part; asked by the readiness page."""
        stores = self.stores
        asked: dict[str, Callable[[], Awaitable[object]]] = {
            "journal": self.journal.ping,
            "database": stores.database.ping,
            "queues": stores.queues.states,
            "blobs": lambda: stores.blobs.exists("0" * 64),
            "coordination": stores.coordination.ping,
        }
        parts = [part for part in asked if part not in self.missing]
        answers = await asyncio.gather(*(wrong_with(part, asked[part]) for part in parts))
        return {part: wrong for part, wrong in zip(parts, answers, strict=True) if wrong is not None}

    def waiting(self) -> Mapping[str, int]:
        """Rows in memory by stage."""
        return {"pipeline": len(self.pipeline), "relay": len(self.relay)}


def _count_published(row: OutboxRow, outcome: Outcome) -> None:
    PUBLISHED.labels(f"{row.brand}.{row.target}", outcome.value).inc()
    if outcome is not Outcome.UNKNOWN:
        TO_QUEUE.observe(max(0.0, time.time() - row.received_ms / 1000))
