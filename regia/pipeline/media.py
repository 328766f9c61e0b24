"""The media stage: a contact's files, wherever they are, become blobs before the commit that names them."""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Final, Protocol
from uuid import UUID, uuid5

from connectors.base import Connector, Fetched, Http
from connectors.errors import MediaReason, MediaUnavailable
from dispatcher.cancelling import cancelled
from normalizer.inbound import InboundAttachment
from normalizer.message import Attachment
from normalizer.sniffing import sniff
from regia.pipeline.accepted import AcceptedMessage
from regia.pipeline.lanes import Lanes
from regia.watch.metrics import MEDIA
from storage.blobs import Blobs

logger = logging.getLogger(__name__)

SECONDS: Final = 20.0
"""All that fetching the files of one contact may take, retries and waiting for room included."""
MOST: Final = 100
"""Files of one contact that are fetched. Those that came with it are stored all the same, and the raw message tells of the
others too."""
SHOWN: Final = 1000
"""Files of one contact that its envelope names."""
_RETRY_AFTER: Final = (0.5, 2.0)


class LimitedHttp(Http, Protocol):
    @property
    def needs(self) -> int | None: ...


class FilesHttp(Http, Protocol):
    """A client that stops where there is no more room, see `connectors.media.GuardedHttp`."""

    def limited(self, room: int) -> LimitedHttp: ...


class MediaStage:
    """Fetches and stores files, in `memory` bytes. One is shared by everything that prepares messages, so that its bounds
    hold."""

    def __init__(self, connectors: Mapping[str, Connector], blobs: Blobs, http: FilesHttp, memory: int) -> None:
        self._connectors = connectors
        self._blobs = blobs
        self._http = http
        self._lanes = Lanes(memory)

    async def store(self, accepted: AcceptedMessage, message_id: UUID) -> list[Attachment]:
        """The files of a contact, each stored or with the reason why not. Never raises for what a provider does."""
        files = [(f"att_{uuid5(message_id, str(n)).hex}", item) for n, item in enumerate(accepted.message.attachments[:SHOWN])]
        if len(accepted.message.attachments) > MOST:
            more = {"connector": accepted.connector, "files": len(accepted.message.attachments)}
            logger.warning("a contact has more files than are fetched of one", extra=more)
        fetched = [id_ for id_, item in files if item.content is None]
        left_out = frozenset(fetched[MOST:])
        deadline = asyncio.get_running_loop().time() + SECONDS
        tasks = {
            id_: asyncio.create_task(self._one(accepted, item, id_, deadline)) for id_, item in files if id_ not in left_out
        }
        try:
            await asyncio.gather(*tasks.values())
            return [tasks[id_].result() if id_ in tasks else _missing(id_, item, "too_many") for id_, item in files]
        finally:
            await cancelled(tasks.values())

    async def _one(self, accepted: AcceptedMessage, item: InboundAttachment, attachment_id: str, deadline: float) -> Attachment:
        connector, account = accepted.connector, accepted.message.account
        if item.unavailable is not None:
            return _missing(attachment_id, item, item.unavailable)
        if item.content is not None:
            return await self._stored(attachment_id, item, Fetched(content=item.content))
        async with AsyncExitStack() as room:  # until it is stored, and its bytes are let go
            try:
                fetched = await self._fetch(connector, item.reference or "", account, deadline, room)
            except MediaUnavailable as error:
                MEDIA.labels(connector, error.reason).inc()
                return _missing(attachment_id, item, error.reason)
            MEDIA.labels(connector, "stored").inc()
            return await self._stored(attachment_id, item, fetched)

    async def _fetch(
        self, connector: str, reference: str, account: str | None, deadline: float, room: AsyncExitStack
    ) -> Fetched:
        """`room` is entered for what is fetched."""
        known = self._connectors.get(connector)
        if known is None:
            raise MediaUnavailable("unsupported")
        http = self._http.limited(self._lanes.small)
        try:
            async with asyncio.timeout_at(deadline):
                await room.enter_async_context(self._lanes.for_small())
                try:
                    return await self._try(known, reference, account, http)
                except MediaUnavailable:
                    if http.needs is None:
                        raise
                await room.aclose()
                await room.enter_async_context(self._lanes.for_large(http.needs))
                return await self._try(known, reference, account, self._http.limited(http.needs))
        except TimeoutError as error:
            raise MediaUnavailable("timeout") from error

    async def _try(self, connector: Connector, reference: str, account: str | None, http: Http) -> Fetched:
        for pause in (*_RETRY_AFTER, None):
            try:
                return await connector.fetch(reference, account, http)
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
