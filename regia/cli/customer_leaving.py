"""What a customer may ask for by law, on the command line: everything of theirs, and that nothing of it is left."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from dispatcher.base import QueueMismatch, QueuesUnavailable
from regia.cli.common import ConfigOption, fail
from regia.cli.customer_common import ACTOR, IdArgument, JsonOption, say, say_json
from regia.cli.standing import standing
from regia.cli.stored import require
from regia.compose import Configured, Stores, open_stores
from regia.erasing.erase import Erased, erase
from regia.erasing.failures import EraseFailed
from regia.erasing.reach import Reach
from regia.exporting.export import ExportFailed, open_export
from regia.shown import as_data
from storage.blobs import BlobsUnavailable
from storage.database import DatabaseUnavailable

T = TypeVar("T")


def export(
    customer: IdArgument,
    *,
    to: Annotated[Path | None, typer.Option(dir_okay=False, help="The archive; without it the customer's id and .zip.")] = None,
    config: ConfigOption = None,
) -> None:
    """Write everything of a customer into one ZIP, for the customer's right to have it."""
    path = to or Path(f"{customer}.zip")
    if path.exists():
        fail(f"{path} is there already: name another file with --to")

    async def work(stores: Stores) -> None:
        found = await open_export(stores.database, stores.blobs, customer, actor=ACTOR, now_ms=_now_ms())
        # Under another name until it is whole.
        part = path.with_name(f"{path.name}.part")
        with part.open("wb") as file:
            async for piece in found.pieces:
                file.write(piece)
        part.rename(path)

    _with_stores(standing(config), work)
    say(str(path))


def leave(
    customer: IdArgument,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask: it cannot be undone.")] = False,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Erase a customer and everybody below: from the database, the journals, the queues and the files."""
    found = standing(config)
    if not yes:
        typer.confirm(f"Erase {customer} and everything of theirs? It cannot be undone", abort=True, err=True)

    async def work(stores: Stores) -> Erased:
        with suppress(QueueMismatch):  # what is wrong with one queue is no reason to keep somebody's data
            await stores.queues.open(found.topology)
        return await erase(Reach.of_stores(found, stores), customer, actor=ACTOR, now_ms=_now_ms())

    done = _with_stores(found, work)
    if json:
        say_json({"erased": as_data(done)})
    elif done.again:
        say(f"{customer} was erased before; what was left is gone now")
    else:
        numbers = f"{done.customers} customers, {done.links} addresses, {done.messages} messages, {done.files} files"
        say(f"{customer} is erased: {numbers}")


def _with_stores(found: Configured, work: Callable[[Stores], Awaitable[T]]) -> T:
    require(found.settings)

    async def do() -> T:
        stores = open_stores(found.settings)
        try:
            return await work(stores)
        finally:
            await stores.close()

    try:
        return asyncio.run(do())
    except ExportFailed as failed:
        fail(f"not exported, {failed.reason}: {failed}")
    except EraseFailed as failed:
        fail(f"not erased, {failed.reason}: {failed}")
    except (QueuesUnavailable, DatabaseUnavailable, BlobsUnavailable) as error:
        fail(f"not done, since a part does not answer: {error}")
    except OSError as error:
        fail(f"the archive cannot be written: {error.strerror}")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
