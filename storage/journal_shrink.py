"""Giving back to the disk what a journal's file and its log hold for later."""

import logging
import sqlite3
from typing import Final

logger = logging.getLogger(__name__)

EVERY_SECONDS: Final = 1.0
_PAGES_A_TIME: Final = 4_000
_PATIENCE_MS: Final = 500
"""Readers of the file (the books) are not waited for longer: the next time will do."""


def shrink(db: sqlite3.Connection, busy_seconds: int) -> None:
    """Cut free pages off the file, and write the log into the tables. Without it a small disk that was full once stays full
    when nothing waits any more: SQLite keeps its log until it has 16,000 pages, and free pages for ever. Not within a
    transaction; `busy_seconds` is the connection's own limit, which holds again afterwards."""
    db.execute(f"PRAGMA busy_timeout={_PATIENCE_MS}")
    try:
        db.executescript(f"PRAGMA incremental_vacuum({_PAGES_A_TIME})")  # `execute` stops after its first page
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except sqlite3.OperationalError as error:
        logger.warning("the journal cannot be made smaller now", extra={"reason": str(error)})
    finally:
        db.execute(f"PRAGMA busy_timeout={busy_seconds * 1000}")
