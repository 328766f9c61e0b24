"""After a restore: who was erased since the backup, by ids that were written down elsewhere."""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from dispatcher.base import QueueMismatch, QueuesUnavailable
from regia.cli.common import ConfigOption, fail
from regia.cli.customer_common import ACTOR, look, say
from regia.cli.standing import standing
from regia.cli.stored import require
from regia.compose import open_stores
from regia.erasing.erase import erase
from regia.erasing.failures import EraseFailed
from regia.erasing.reach import Reach
from storage.database import DatabaseUnavailable
from storage.erasure import erased_since

_DAY: Final = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]


def erased(
    *,
    since: Annotated[datetime, typer.Option(formats=_DAY, help="In UTC.")],
    config: ConfigOption = None,
) -> None:
    """The ids of customers erased since then, one a line: to be kept beside the backups."""
    since_ms = int(since.replace(tzinfo=UTC).timestamp() * 1000)
    for id_ in look(standing(config).settings, lambda connection: erased_since(connection, since_ms)):
        say(id_)


def erase_again(
    file: Annotated[Path, typer.Argument(dir_okay=False, exists=True, help="As `regia customer erased` writes it.")],
    *,
    config: ConfigOption = None,
) -> None:
    """Erase again whoever of these a backup has brought back. Whom it does not have is no error. Exits with 1 where somebody
    could not be erased: run it again then."""
    found = standing(config)
    require(found.settings)
    wanted = list(dict.fromkeys(line.strip() for line in file.read_text("utf-8").splitlines() if line.strip()))

    async def work() -> tuple[int, dict[str, EraseFailed]]:
        stores = open_stores(found.settings)
        try:
            await stores.queues.open(found.topology)
            return await _erase_all(Reach.of_stores(found, stores), wanted)
        finally:
            await stores.close()

    try:
        done, failed = asyncio.run(work())
    except (QueueMismatch, QueuesUnavailable, DatabaseUnavailable) as error:
        fail(f"not done, since a part does not answer: {error}")
    for id_, why in failed.items():
        say(f"{id_}: not erased, {why.reason}: {why}")
    say(f"{done} customers erased again, {len(wanted) - done - len(failed)} were not there")
    if failed:
        raise typer.Exit(1)


async def _erase_all(reach: Reach, wanted: list[str]) -> tuple[int, dict[str, EraseFailed]]:
    """How many were there, and who could not be erased. An id below another of the list is gone with that one."""
    done, failed = 0, dict[str, EraseFailed]()
    for id_ in wanted:
        try:
            result = await erase(reach, id_, actor=ACTOR, now_ms=time.time_ns() // 1_000_000)
        except EraseFailed as error:
            if error.reason == "merged" and error.root_id in wanted:
                continue
            if error.reason != "unknown_customer":
                failed[id_] = error
        else:
            done += not result.again
    return done, failed
