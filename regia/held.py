"""What people do to what is held in quarantine, besides reading it again: another text for it, or the end of it."""

import hashlib
from collections.abc import Sequence

from regia.by_hand import Doing, log
from storage import quarantine
from storage.database import Database


async def edit(database: Database, id_: str, raw: bytes, *, actor: str) -> bool:
    """Keep `raw` beside what came, to be read instead when it is driven again. False where nothing of that id is held. The
    log has SHA-256 of what was to be read before and is now. Raises `DatabaseUnavailable`."""
    before: str | None = None
    after = hashlib.sha256(raw).hexdigest()
    doing = Doing("quarantine.edit", actor, {"ids": [id_]})
    async with log(database, doing, lambda: (int(before is not None), {"before": before, "after": after})):
        before = await database.write(lambda connection: quarantine.edit(connection, id_, raw))
    return before is not None


async def discard(database: Database, ids: Sequence[str], why: str, *, actor: str) -> list[str]:
    """Nobody is to look at these any more; those that were held. Their bytes stay for as long as `retention` says. Raises
    `DatabaseUnavailable`."""
    done: list[str] = []
    doing = Doing("quarantine.discard", actor, {"number": len(ids), "ids": list(ids[:100])})
    async with log(database, doing, lambda: (len(done), {"why": why})):
        done += await database.write(lambda connection: quarantine.discard(connection, ids))
    return done
