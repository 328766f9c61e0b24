"""From journal rows to what the commit takes: decoded, with files stored, cleaned."""

import asyncio
import hashlib
import logging
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from connectors.errors import QuarantineReason
from normalizer.message import Attachment, normalise
from regia.pipeline.accepted import AcceptedMessage, AcceptedStatus, AcceptedUnreadable, decode
from regia.pipeline.media import MediaStage
from regia.pipeline.prepared import Held, Prepared, Ready, Repeated, Told
from regia.watch.metrics import COMMIT_FAILURES
from storage.blobs import Blobs, BlobsUnavailable
from storage.journal_file import REPEAT, Row

logger = logging.getLogger(__name__)

RAW_INLINE: Final = 64 * 1024
"""Raw bytes up to here stand in the message's own row: two fsyncs of a file for each chat line would cost more."""
_TURN: Final = 0.001
"""Seconds after which the loop gets a turn."""


class Preparer:
    """Prepares rows one after the other. `languages` are the configured ones."""

    def __init__(self, media: MediaStage, blobs: Blobs, languages: Sequence[str]) -> None:
        self._media = media
        self._blobs = blobs
        self._languages = tuple(languages)

    async def prepare(self, rows: Sequence[Row], kept: Mapping[int, Prepared]) -> list[Prepared]:
        """What became of the rows, in their order, without those whose files cannot be stored now and the later ones of
        their keys: no file is called stored that is not. What cannot be read or cleaned is held, never raised.
        `kept` is what was prepared before, by the number of the row."""
        prepared = []
        failed: set[str] = set()
        turn = time.perf_counter()
        for row in rows:
            if row.order_key in failed:
                continue
            try:
                prepared.append(kept.get(row.seq) or await self.one(row))
            except BlobsUnavailable as error:
                failed.add(row.order_key)
                COMMIT_FAILURES.labels(type(error).__name__).inc()
                logger.warning("the blob store does not answer; a contact waits", extra={"error": str(error)})
            except Exception:  # a defect: its sender waits, nobody else does
                failed.add(row.order_key)
                logger.exception("a journal row cannot be prepared", extra={"seq": row.seq})
            if time.perf_counter() - turn > _TURN:  # a batch of 256 must not hold up the answers to providers
                await asyncio.sleep(0)
                turn = time.perf_counter()
        return prepared

    async def one(self, row: Row) -> Prepared:
        """Raises `BlobsUnavailable`."""
        if row.kind == REPEAT:
            return Repeated(row)
        try:
            accepted = decode(row.payload)
        except msgspec.MsgspecError:
            logger.exception("a journal row cannot be decoded", extra={"seq": row.seq})
            return Held(row, "", _now_ms(), "undecodable", "journal row of another version", row.payload, "application/msgpack")
        connector, at = accepted.connector, _ms(accepted.received_at)
        if isinstance(accepted, AcceptedMessage):
            return await self._message(row, accepted)
        if isinstance(accepted, AcceptedUnreadable):
            it = accepted.unreadable
            return Held(row, connector, at, it.reason, it.detail, it.raw, it.content_type)
        return Told(row, connector, at, accepted.status if isinstance(accepted, AcceptedStatus) else accepted.event)

    async def _message(self, row: Row, accepted: AcceptedMessage) -> Prepared:
        assert row.id is not None  # noqa: S101  # only repeats have none
        inbound = accepted.message
        try:
            attachments: list[Attachment] = await self._media.store(accepted, row.id) if inbound.attachments else []
            message = normalise(
                row.id,
                accepted.connector,
                accepted.received_at,
                inbound,
                attachments=attachments,
                languages=self._languages,
            )
        except BlobsUnavailable:
            raise
        except Exception as error:  # any defect of ours becomes a quarantined message, not a stop
            logger.exception("a message could not be normalised", extra={"message_id": str(row.id)})
            return held(row, accepted, "normalizer_failed", type(error).__name__)
        raw_blob = len(inbound.raw) > RAW_INLINE
        if raw_blob:
            await self._blobs.put(inbound.raw)
        return Ready(row, message, hashlib.sha256(inbound.raw).hexdigest(), raw_blob)


def held(row: Row, accepted: AcceptedMessage, reason: QuarantineReason, detail: str) -> Held:
    """A message that goes to quarantine with the provider's own bytes."""
    inbound = accepted.message
    return Held(row, accepted.connector, _ms(accepted.received_at), reason, detail, inbound.raw, inbound.raw_content_type)


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _now_ms() -> int:
    return int(datetime.now().astimezone().timestamp() * 1000)
