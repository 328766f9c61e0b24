"""The first admin of the console: made where there never was anybody, with a password that is printed once and kept nowhere."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from sqlalchemy import Connection

from desk.staff import passwords, people
from desk.staff.passwords import Passwords
from dispatcher.cancelling import cancelled
from normalizer.envelope_data import from_ms
from regia.gateway import Gateway
from storage import staff
from storage.database import DatabaseUnavailable

logger = logging.getLogger(__name__)

_LOOK: Final = 0.1


def _print(line: str) -> None:
    print(line, flush=True)


class Admitting:
    """`start` returns at once; the first admin is made when the database is there. `tell` prints a line: to a person, and never
    to the log, which is kept."""

    def __init__(self, gateway: Gateway, *, tell: Callable[[str], None] = _print) -> None:
        self._gateway = gateway
        self._tell = tell
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        if self._gateway.configured.settings.console.enabled:
            self._task = asyncio.create_task(self._run(), name="first admin")

    async def stop(self) -> None:
        if self._task is not None:
            await cancelled([self._task])

    async def _run(self) -> None:
        while True:
            while "database" in self._gateway.missing:
                await asyncio.sleep(_LOOK)
            try:
                await self.admit()
            except DatabaseUnavailable:
                await asyncio.sleep(1)
            except Exception:  # one defect must not end unseen
                logger.exception("no first admin was made: regia user add NAME --role admin makes one")
                return
            else:
                return

    async def admit(self) -> None:
        """Make the first admin, where there is nobody. Raises `DatabaseUnavailable`."""
        database = self._gateway.stores.database
        if not await database.read(staff.is_empty):
            return
        password = passwords.one_time()
        hashed = await Passwords().hash(password)

        settings = self._gateway.configured.settings
        until_ms = people.now_ms() + settings.console.one_time_ms

        def work(connection: Connection) -> bool:
            return people.add_first(connection, hashed, until_ms) is not None

        if await database.write(work):
            self._tell(
                f"\nThe console's first user, shown only now: log in at {settings.server.base_url}/console/\n"
                f"  name      {people.FIRST}\n  password  {password}\n"
                f"It lets in once, until {from_ms(until_ms)}. Another one: regia user password {people.FIRST}\n"
            )
