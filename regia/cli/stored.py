"""What a gateway has stored, from another process."""

import asyncio
from collections.abc import Awaitable, Callable
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
    return use(settings, lambda database: database.read(work))


def write(settings: Settings, work: Callable[[Connection], T]) -> T:
    """Do `work` on it and commit, beside a gateway that runs or without one."""
    return use(settings, lambda database: database.write(work))


def use(settings: Settings, work: Callable[[Database], Awaitable[T]]) -> T:
    """Do `work`, of as many transactions as it needs, on it."""
    require(settings)

    async def do() -> T:
        database = Database(settings.database_url())
        try:
            return await work(database)
        finally:
            await database.close()

    try:
        return asyncio.run(do())
    except DatabaseUnavailable as error:
        fail(f"the database does not answer: {error}")
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
