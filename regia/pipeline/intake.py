"""The way in: everything a request held becomes durable before the channel hears yes."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from connectors.base import Parsed
from connectors.errors import Rejected
from regia.pipeline.accepted import entries
from regia.watch.metrics import ACCEPTED, REPEATED
from regia.watch.traffic import Traffic
from storage.journal import Journal
from storage.journal_file import JournalUnavailable, Receipt
from storage.journal_room import JournalFull

logger = logging.getLogger(__name__)

_TELL_EVERY: Final = 10.0


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What became durable. `messages` are the receipts of the contacts, in their order."""

    messages: Sequence[Receipt]
    everything: Sequence[Receipt]


class Intake:
    """Accepts into one journal, and counts new contacts in `traffic`, where that is given. `stop` makes it refuse, so that
    what was accepted can be worked off."""

    def __init__(self, journal: Journal, traffic: Traffic | None = None) -> None:
        self._journal = journal
        self._traffic = traffic
        self._open = True
        self._told = -_TELL_EVERY

    def stop(self) -> None:
        self._open = False

    def _tell(self, error: JournalUnavailable) -> None:
        """One line in ten seconds: on a full disk a line a request would help to keep it full."""
        now = time.monotonic()
        if now - self._told >= _TELL_EVERY:
            self._told = now
            logger.error("nothing can be accepted", extra={"reason": str(error)})

    async def accept(self, connector: str, parsed: Parsed, received_at: datetime | None = None) -> Acceptance:
        """Journal the parsed request; returns after the fsync.

        Raises `Rejected("unavailable")` when nothing could be accepted: the provider is to try again.
        """
        self._while_open()
        batch = entries(connector, parsed, received_at or datetime.now(UTC))
        if not batch:
            return Acceptance((), ())
        try:
            receipts = await self._journal.accept(batch)
        except JournalUnavailable as error:
            raise self._refusal(error) from error
        for entry, receipt in zip(batch, receipts, strict=True):
            (REPEATED if receipt.repeat else ACCEPTED).labels(connector, entry.kind).inc()
        self._count(connector, parsed, receipts)
        return Acceptance(receipts[: len(parsed.messages)], receipts)

    def look(self, size: int) -> None:
        """Before a body of so many bytes is read: raises `Rejected("unavailable")` where it could not be accepted."""
        self._while_open()
        try:
            self._journal.look(size)
        except JournalUnavailable as error:
            raise self._refusal(error) from error

    def _while_open(self) -> None:
        if not self._open:
            raise Rejected("unavailable", "the gateway is stopping; try again", retry_after=5)

    def _refusal(self, error: JournalUnavailable) -> Rejected:
        self._tell(error)
        if self._traffic is not None:
            self._traffic.hindered()
        if isinstance(error, JournalFull):
            return Rejected("unavailable", "there is no room for this now, nothing was accepted; try again", retry_after=30)
        return Rejected("unavailable", "nothing was accepted; try again", retry_after=5)

    def _count(self, connector: str, parsed: Parsed, receipts: Sequence[Receipt]) -> None:
        """Of the channel's traffic are contacts that it brings now, and only the first time."""
        # The receipts of everything else follow those of the contacts.
        told = zip(parsed.messages, receipts, strict=False)
        new = sum(not receipt.repeat and not message.backlog for message, receipt in told)
        if new and self._traffic is not None:
            self._traffic.came(connector, new)
