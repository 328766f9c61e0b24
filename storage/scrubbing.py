"""Files of SQLite without what was deleted from them.

`secure_delete` overwrites what a row held, but not the copies that lie in the unused part of a page since a split moved
the row to another one: of 6,000 rows among 20,000, deleted one by one, 110 were still to be read in the file. And the log
holds every version of a page until it begins anew. `VACUUM` writes all that is there into new pages, about five seconds a
gigabyte, while nobody else writes; `wal_checkpoint(TRUNCATE)` brings it into the file and empties the log.
"""

import sqlite3
import time
from pathlib import Path
from typing import Final
from urllib.parse import quote

_AGAIN: Final = 0.05
"""Seconds between attempts while somebody reads."""


class NotScrubbed(Exception):
    """The file may still hold what was deleted. The text says why, and what to do."""


def scrub(path: Path, seconds: float) -> None:
    """Write the file anew and empty its log, whoever else uses it. Waits at most `seconds` for writers, and as long for
    readers. One that is not there, or goes meanwhile, is no error. Raises `NotScrubbed`."""
    try:
        db = sqlite3.connect(f"file:{quote(str(path))}?mode=rw", uri=True, timeout=seconds, isolation_level=None)
        try:
            db.execute("PRAGMA secure_delete=ON")
            db.execute("VACUUM")
            _empty_log(db, path, seconds)
        finally:
            db.close()
    except sqlite3.OperationalError as error:
        if path.exists():
            raise NotScrubbed(f"{path.name} cannot be written anew: {error}") from error
    if not path.exists():  # it was removed meanwhile: a log that we wrote is nobody's
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)


def _empty_log(db: sqlite3.Connection, path: Path, seconds: float) -> None:
    until = time.monotonic() + seconds
    while True:
        busy, _, _ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if not busy:
            return
        if time.monotonic() >= until:
            raise NotScrubbed(f"{path.name} is being read all the time, and its log cannot be emptied: try again later")
        time.sleep(_AGAIN)
