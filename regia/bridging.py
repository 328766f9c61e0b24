"""A bridge as the configuration describes it."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from connectors.exchange import Http
from desk.asking import Desk
from desk.bridges.base import TicketSystem
from desk.bridges.bridge import Bridge, Limits
from regia.bridges.http import described
from regia.bridges.hubspot import hubspot
from regia.bridges.roundup import roundup
from regia.bridges.rt import request_tracker
from regia.bridges.zammad import zammad
from regia.by_hand import now_ms
from regia.compose import Configured, Stores
from regia.links import Links
from regia.replying import channels
from storage.blobs import BlobDamaged, BlobMissing

MAKERS: Final[Mapping[str, Callable[[Any, Http], TicketSystem]]] = {
    "http": described,
    "hubspot": hubspot,
    "roundup": roundup,
    "rt": request_tracker,
    "zammad": zammad,
}
"""The ticket system of each `type`, made of its settings (`regia.bridge_settings.AnyBridge`)."""


def bridge_of(configured: Configured, stores: Stores, name: str) -> Bridge:
    """The bridge of this name. Nothing is connected yet."""
    settings = configured.settings.bridges[name]
    links = Links(configured.settings.server.base_url, configured.settings.links_key.get_secret_value().encode())

    async def content(sha256: str) -> bytes | None:
        try:
            return await stores.blobs.get(sha256)
        except (BlobMissing, BlobDamaged):
            return None

    return Bridge(
        name,
        MAKERS[settings.type](settings, stores.http),
        desk=Desk(stores.database, channels(configured), stores.blobs),
        files=content,
        limits=Limits(when_closed=settings.when_closed, file_bytes=settings.max_file_mb << 20),
        now_ms=now_ms,
        renewed=links.renewed,
        closed_is_answer=settings.closed_is_answer,
    )
