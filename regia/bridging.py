"""A bridge as the configuration describes it."""

from desk.asking import Desk
from desk.bridges.bridge import Bridge, Limits
from desk.bridges.marks import Marks
from desk.bridges.roundup import Roundup, Ways
from desk.bridges.roundup_rest import RoundupRest
from regia.by_hand import now_ms
from regia.compose import Configured, Stores
from regia.replying import channels
from storage.blobs import BlobDamaged, BlobMissing


def bridge_of(configured: Configured, stores: Stores, name: str) -> Bridge:
    """The bridge of this name. Nothing is connected yet."""
    settings = configured.settings.bridges[name]
    rest = RoundupRest(stores.http, settings.url, settings.user, settings.password)
    ways = Ways(
        user=settings.user,
        agents=frozenset(settings.agents),
        closed=frozenset(settings.closed),
        reopened=settings.reopened,
        paused=frozenset(settings.paused),
        marks=Marks(settings.answers, settings.mark),
        priorities=tuple(sorted(settings.priorities.items(), reverse=True)),
    )

    async def content(sha256: str) -> bytes | None:
        try:
            return await stores.blobs.get(sha256)
        except (BlobMissing, BlobDamaged):
            return None

    return Bridge(
        name,
        Roundup(rest, ways),
        desk=Desk(stores.database, channels(configured), stores.blobs),
        files=content,
        limits=Limits(when_closed=settings.when_closed, file_bytes=settings.max_file_mb << 20),
        now_ms=now_ms,
        closed_is_answer=settings.closed_is_answer,
    )
