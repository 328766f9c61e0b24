"""The media stage: a contact's files, wherever they are, become blobs before the commit that names them."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Final
from uuid import UUID, uuid5

from connectors.base import Connector, Fetched, Http
from connectors.errors import MediaReason, MediaUnavailable
from normalizer.inbound import InboundAttachment
from normalizer.message import Attachment
from normalizer.sniffing import sniff
from regia.pipeline.accepted import AcceptedMessage
from regia.watch.metrics import MEDIA
from storage.blobs import Blobs

logger = logging.getLogger(__name__)

SECONDS: Final = 20.0
"""All that fetching the files of one contact may take, retries and waiting for a slot included."""
_RETRY_AFTER: Final = (0.5, 2.0)
_AT_ONCE: Final = 64


class MediaStage:
    """Fetches and stores files. One is shared by everything that prepares messages, so that its bound holds."""

    def __init__(self, connectors: Mapping[str, Connector], blobs: Blobs, http: Http) -> None:
        self._connectors = connectors
        self._blobs = blobs
        self._http = http
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def store(self, accepted: AcceptedMessage, message_id: UUID) -> list[Attachment]:
        """Every file of a contact, stored or with the reason why not. Never raises for what a provider does."""
        inbound = accepted.message
        deadline = asyncio.get_running_loop().time() + SECONDS
        tasks = [
            asyncio.create_task(
                self._one(accepted.connector, inbound.account, item, f"att_{uuid5(message_id, str(number)).hex}", deadline)
            )
            for number, item in enumerate(inbound.attachments)
        ]
        try:
            return await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _one(
        self, connector: str, account: str | None, item: InboundAttachment, attachment_id: str, deadline: float
    ) -> Attachment:
        if item.unavailable is not None:
            return _missing(attachment_id, item, item.unavailable)
        if item.content is not None:
            return await self._stored(attachment_id, item, Fetched(content=item.content))
        try:
            fetched = await self._fetch(connector, item.reference or "", account, deadline)
        except MediaUnavailable as error:
            MEDIA.labels(connector, error.reason).inc()
            return _missing(attachment_id, item, error.reason)
        MEDIA.labels(connector, "stored").inc()
        return await self._stored(attachment_id, item, fetched)

    async def _fetch(self, connector: str, reference: str, account: str | None, deadline: float) -> Fetched:
        known = self._connectors.get(connector)
        if known is None:
            raise MediaUnavailable("unsupported")
        try:
            async with asyncio.timeout_at(deadline), self._slots:
                return await self._try(known, reference, account)
        except TimeoutError as error:
            raise MediaUnavailable("timeout") from error

    async def _try(self, connector: Connector, reference: str, account: str | None) -> Fetched:
        for pause in (*_RETRY_AFTER, None):
            try:
                return await connector.fetch(reference, account, self._http)
            except MediaUnavailable as error:
                if pause is None or not error.retryable:
                    raise
                await asyncio.sleep(pause)
            except Exception as error:  # a connector's defect must cost its file, not the message
                logger.exception("media could not be fetched", extra={"connector": connector.name})
                raise MediaUnavailable("provider_error") from error
        raise MediaUnavailable("provider_error")

    async def _stored(self, attachment_id: str, item: InboundAttachment, fetched: Fetched) -> Attachment:
        blob = await self._blobs.put(fetched.content)
        filename = item.filename or fetched.filename
        return Attachment(
            id=attachment_id,
            state="stored",
            filename=filename,
            content_type=sniff(fetched.content, item.content_type or fetched.content_type),
            size=blob.size,
            sha256=blob.sha256,
            caption=item.caption,
            content_id=item.content_id,
        )


def _missing(attachment_id: str, item: InboundAttachment, reason: MediaReason | str) -> Attachment:
    return Attachment(
        id=attachment_id,
        state="unavailable",
        filename=item.filename,
        content_type=item.content_type,
        caption=item.caption,
        content_id=item.content_id,
        reason=reason,
    )
