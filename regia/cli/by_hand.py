"""What commands share that do something to accepted messages by hand: who does it, and writing it down."""

import asyncio
import os
import pwd
import re
import signal
from collections.abc import Coroutine, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NoReturn, TypeVar

import typer

from identity.ids import new_id
from regia.by_hand import now_ms
from regia.cli.common import fail
from storage import operations
from storage.operations import Action, Begun

T = TypeVar("T")

INTERRUPTED: Final = 130
"""Exit status of a command that was ended by Ctrl-C, as shells have it."""
_AGO: Final = re.compile(r"(?P<number>[0-9]{1,6})(?P<unit>[smhd])", re.ASCII)
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class Interrupted(Exception):
    """Somebody ended the command."""


def begun(action: Action, selection: Mapping[str, Any]) -> Begun:
    """A new row of the log, by whoever runs this command."""
    return Begun(id=new_id("op"), action=action, actor=user(), selection=selection, begun_ms=now_ms())


def user() -> str:
    """`user/<name>`, by the system's own word: $USER can be anything."""
    try:
        return f"user/{pwd.getpwuid(os.getuid()).pw_name}"
    except KeyError:  # in a container the id may have no name
        return f"user/{os.getuid()}"


def ended(id_: str, state: operations.State) -> Any:
    """Work on a connection that writes down how it ended."""
    return lambda connection: operations.end(connection, id_, state, now_ms())


def moment(name: str, text: str | None) -> int | None:
    """A time in milliseconds since 1970: as `2026-11-21T18:02`, in UTC unless it has an offset, or as `2h`, so long ago."""
    if text is None:
        return None
    if ago := _AGO.fullmatch(text):
        return now_ms() - int(ago["number"]) * _SECONDS[ago["unit"]] * 1000
    try:
        at = datetime.fromisoformat(text)
        return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)
    except (ValueError, OverflowError):
        fail(f"{name}: write a time such as 2026-11-21T18:02 (UTC), 2026-11-21T19:02+01:00, or 2h (two hours ago)", status=2)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Do the work. Raises `Interrupted` for Ctrl-C and SIGTERM, after it has let go of what it held."""

    async def do() -> T:
        task = asyncio.current_task()
        if task is not None:
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await work

    try:
        return asyncio.run(do())
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise Interrupted from None


def stop(message: str) -> NoReturn:
    """End the command that somebody interrupted."""
    typer.echo(f"regia: {message}", err=True)
    raise typer.Exit(INTERRUPTED)
