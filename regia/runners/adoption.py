"""Journals that nobody owns: of an import that is over, of a worker that died. They are worked off and removed."""

import asyncio
import logging
import time
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from regia.gateway import Gateway
from regia.pipeline.worker import Pipeline
from storage.database import Database, DatabaseUnavailable
from storage.journal import Journal, JournalLocked
from storage.journal_file import JournalUnavailable
from storage.journals import close

logger = logging.getLogger(__name__)

_EVERY: Final = 1.0
_LOOK: Final = 0.05


async def adopt_for_ever(gateway: Gateway) -> None:
    """Look every second for journals beside the gateway's own that nobody holds, and work them off."""
    while True:
        try:
            if not gateway.missing:
                for path in sorted(gateway.journal.path.parent.glob("*.sqlite")):
                    if path != gateway.journal.path:
                        await adopt(gateway, path)
        except Exception:  # one journal that resists must not end the search for ever
            logger.exception("journals without an owner are not looked after")
        await asyncio.sleep(_EVERY)


async def adopt(gateway: Gateway, path: Path) -> None:
    """Work off and remove one journal, unless somebody has it."""
    try:
        journal = Journal.open(path)
    except JournalLocked:
        return
    except JournalUnavailable as error:
        logger.warning("a journal cannot be adopted", extra={"journal": path.name, "reason": str(error)})
        return
    logger.info("a journal is adopted", extra={"journal": path.name})
    pipeline = gateway.pipeline_of(journal)
    pipeline.start()
    try:
        await work_off(pipeline, journal, gateway.stores.database)
    finally:
        await pipeline.stop()
        await journal.close()


async def work_off(pipeline: Pipeline, journal: Journal, database: Database) -> None:
    """Wait until everything of the journal is committed, enter its count into the books, and remove it."""
    while not pipeline.idle:
        await asyncio.sleep(_LOOK)

    def closed(connection: Connection) -> None:
        close(connection, journal.id, journal.last_seq, time.time_ns() // 1_000_000)

    while True:
        try:
            await database.write(closed)
            break
        except DatabaseUnavailable:
            await asyncio.sleep(_EVERY)
    await journal.remove()
