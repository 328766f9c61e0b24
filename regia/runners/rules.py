"""Keeps a gateway's rules as they are chosen: looks at files and at the choices of all nodes; stores what shadows say."""

import asyncio
import logging
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from config.problems import ConfigError
from dispatcher.cancelling import cancelled
from regia.compose import unknown_brands
from regia.gateway import Gateway
from regia.rules.files import RuleFiles
from storage import rule_hits, shadows
from storage.database import DatabaseUnavailable

logger = logging.getLogger(__name__)

EVERY: Final = 1.0
"""Seconds between looks."""
SAY_EVERY: Final = 60.0
"""Seconds between words of a node that is there."""
COUNT_EVERY: Final = 5.0
"""Seconds between writes of how often rules matched."""
_KEPT_DAYS: Final = 400
"""Days of which that is kept."""


class Reloading:
    """`ask` reads the files at once, as for SIGHUP; a change of theirs is seen without it. Both wait for the database."""

    def __init__(self, gateway: Gateway, config: Path, environ: Mapping[str, str]) -> None:
        self._gateway = gateway
        self._files = RuleFiles(config, environ, lambda source: unknown_brands(source, gateway.configured.brands))
        self._asked = asyncio.Event()
        self._due = True  # the files may have changed since the configuration was read
        self._said = time.monotonic()
        self._counted = time.monotonic()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="rules")

    def ask(self) -> None:
        """Read the files again."""
        self._asked.set()

    async def stop(self) -> None:
        """End, and store what was counted, if that is done at once."""
        if self._task is not None:
            await cancelled([self._task])
        if "database" not in self._gateway.missing:
            with suppress(DatabaseUnavailable, TimeoutError):
                async with asyncio.timeout(EVERY):
                    await self._store()
                    await self.store_hits()

    async def _run(self) -> None:
        while "database" in self._gateway.missing:
            await asyncio.sleep(EVERY / 5)
        away = False
        while True:
            try:
                await self._look()
                away = False
            except DatabaseUnavailable as error:
                if not away:
                    logger.warning("rules stay as they are", extra={"reason": str(error)})
                away = True
                await asyncio.sleep(EVERY)
            except Exception:  # the rules that decide are not touched by it
                logger.exception("rules could not be looked at; it goes on")
                await asyncio.sleep(EVERY)
            with suppress(TimeoutError):
                async with asyncio.timeout(EVERY):
                    await self._asked.wait()

    async def _look(self) -> None:
        """Raises `DatabaseUnavailable`; what is due stays so then."""
        asked = self._asked.is_set()
        self._asked.clear()  # before the files are read: whoever asks meanwhile means what comes after
        self._due = self._due or asked or await asyncio.to_thread(self._files.changed)
        if self._due:
            await self._reload()
            self._due = False
        versions = self._gateway.versions
        await versions.follow()
        if time.monotonic() - self._said > SAY_EVERY:
            await versions.say()
            self._said = time.monotonic()
        await self._store()
        if time.monotonic() - self._counted > COUNT_EVERY:
            await self.store_hits()

    async def _reload(self) -> None:
        versions = self._gateway.versions
        try:
            files, wrong = await asyncio.to_thread(self._files.read, versions.files)
        except ConfigError as error:
            await versions.refuse(error)
            return
        await versions.bring(files)
        if wrong is None:
            versions.settle_shadow()
        else:
            await versions.refuse_shadow(wrong)

    async def _store(self) -> None:
        """Raises `DatabaseUnavailable`; what was counted is kept then."""
        taken = self._gateway.shadowed.take()
        if not taken:
            return
        try:
            await self._gateway.stores.database.write(lambda connection: shadows.add(connection, taken))
        except Exception:  # not where it is cancelled: it may be stored by then, and is counted once at most
            self._gateway.shadowed.put_back(taken)
            raise

    async def store_hits(self) -> None:
        """Store which rules matched. As `_store`."""
        self._counted, taken = time.monotonic(), self._gateway.rule_hits.take()
        if not taken:
            return
        oldest = time.time_ns() // 1_000_000 // rule_hits.DAY_MS - _KEPT_DAYS

        def work(connection: Connection) -> None:
            rule_hits.add(connection, taken)
            rule_hits.forget(connection, oldest)

        try:
            await self._gateway.stores.database.write(work)
        except Exception:
            self._gateway.rule_hits.put_back(taken)
            raise
