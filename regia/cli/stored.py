"""Reading what a gateway has stored, from another process."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import ProgrammingError

from regia.cli.common import fail
from regia.settings import Settings
from storage.database import Database, DatabaseUnavailable

T = TypeVar("T")


def read(settings: Settings, work: Callable[[Connection], T]) -> T:
    """Do `work` on the gateway's database, or end the command saying why it cannot be read."""
    require(settings)

    async def do() -> T:
        database = Database(settings.database_url())
        try:
            return await database.read(work)
        finally:
            await database.close()

    try:
        return asyncio.run(do())
    except DatabaseUnavailable as error:
        fail(f"the database cannot be read: {error}")
    except ProgrammingError:
        fail("this database does not have this version's tables: start the gateway on it once")


def require(settings: Settings) -> None:
    """End the command when the embedded database does not exist: most often the wrong folder."""
    url = settings.database_url()
    if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).exists():
        fail(
            f"nothing is stored in {settings.data.path.resolve()}: no gateway has run with this data.path;"
            " start it, or set REGIA__DATA__PATH to its folder"
        )
