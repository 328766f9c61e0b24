"""One process that serves: alone, or as one worker of several."""

import asyncio
import gc
import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, NoReturn, Protocol

from aiohttp import web

from dispatcher.cancelling import cancelled
from regia.cli.common import fail
from regia.compose import Configured, open_stores
from regia.gateway import Gateway
from regia.http.app import build_app
from regia.http.health import figures
from regia.runners.admitting import Admitting
from regia.runners.adoption import adopt_for_ever
from regia.runners.bridging import Bridging
from regia.runners.chats import Chats
from regia.runners.counting import Counting
from regia.runners.delivering import Delivering
from regia.runners.events import Events
from regia.runners.faqs import FaqKeeping
from regia.runners.noticing import Noticing
from regia.runners.orders import Orders
from regia.runners.outgoing import Sending
from regia.runners.polling import Polling
from regia.runners.promises import Promises
from regia.runners.relays import relay_for_the_dead
from regia.runners.retention import Retaining
from regia.runners.rules import Reloading
from regia.runners.surveys import Asking
from regia.runners.watching import Watching
from regia.runners.webhooks import Webhooks
from regia.running.ending import end_within
from regia.running.line import LEAVE, READY, RULES, UP, Line
from regia.running.listening import BACKLOG, PATIENCE
from regia.running.plan import journal_of
from regia.running.siblings import Siblings
from storage.journal import Journal, JournalLocked
from storage.journal_file import JournalUnavailable

logger = logging.getLogger(__name__)

DRAIN_SECONDS: Final = 8.0
"""Of the 10 seconds a stop may take; the rest is for closing connections."""
_ANSWER_SECONDS: Final = 3
"""What a worker that leaves gives to answers that are on their way."""
_LOOK: Final = 0.1


class _Part(Protocol):
    """What works beside accepting and committing."""

    def start(self) -> None: ...
    async def stop(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """What makes a process one of several: which, of how many, the sockets they share, its end of the line to the parent."""

    number: int
    workers: int
    listening: Sequence[socket.socket]
    line: socket.socket


@dataclass(slots=True)
class _End:
    """Asked for by a signal (`is_leaving`: or by the parent, and others take what comes)."""

    asked: asyncio.Event = field(default_factory=asyncio.Event)
    is_leaving: bool = False

    def leave(self) -> None:
        self.is_leaving = True
        self.asked.set()


_KINDS: Final[tuple[Callable[[Gateway], _Part], ...]] = (
    Polling,
    Sending,
    Watching,
    Events,
    Retaining,
    Delivering,
    Orders,
    Bridging,
    Webhooks,
    Promises,
    Noticing,
    Asking,
    Counting,
    Admitting,
    Chats,
    FaqKeeping,
)
"""What runs beside the pipeline, from the start to the end."""


async def serve(configured: Configured, path: Path, *, started: Callable[[], None], worker: Worker | None = None) -> None:
    """Until SIGTERM or SIGINT, or until the parent is gone. `path` is the configuration's; `started` is called once
    connections are taken."""
    if worker is not None:
        configured = replace(configured, worker=worker.number)
    journal = await _journal(configured)
    gateway = Gateway(configured, open_stores(configured.settings), journal)
    if worker is not None:
        _know_the_others(gateway, worker)
    runner = await _listen(gateway, worker)
    end, loop = _End(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end.asked.set)
    gateway.start()
    reloading = Reloading(gateway, path, os.environ)
    parts: list[_Part] = [*(kind(gateway) for kind in _KINDS), reloading]
    for part in parts:
        part.start()
    loop.add_signal_handler(signal.SIGHUP, reloading.ask)
    loop.add_signal_handler(signal.SIGUSR2, _no_roll)
    _settle_memory()
    work = [gateway.reader.warm(), adopt_for_ever(gateway), relay_for_the_dead(gateway)]
    if worker is not None:
        work.append(_on_the_line(gateway, worker, end, reloading.ask))
    helpers = [asyncio.create_task(one) for one in work]
    if not gateway.knows_other_nodes:
        logger.warning("a shared database without Redis (coordination.url): run only this one gateway on it")
    started()
    await end.asked.wait()
    await _stop(gateway, runner, parts, helpers, end)


async def _stop(
    gateway: Gateway, runner: web.AppRunner, parts: Sequence[_Part], helpers: "Sequence[asyncio.Task[None]]", end: _End
) -> None:
    """A worker that leaves takes no connections any more and finishes those it has; others are there. A gateway that stops
    refuses while it drains: who is told to come again comes sooner than who is not answered."""
    logger.info("stopping: no new contacts, working off what was accepted")
    end_within()
    asked = time.monotonic()
    if end.is_leaving:
        gateway.newest.end()
        await runner.cleanup()
    await asyncio.gather(*(part.stop() for part in parts))
    await cancelled(helpers)
    drained = await gateway.drain(DRAIN_SECONDS - (time.monotonic() - asked))
    await runner.cleanup()
    if gateway.siblings is not None:
        await gateway.siblings.stop()
    await gateway.stop()
    logger.info("stopped" if drained else "stopped with work left: it goes on at the next start")


async def _listen(gateway: Gateway, worker: Worker | None) -> web.AppRunner:
    server = gateway.configured.settings.server
    # auto_decompress: signatures are over the bytes as they came, and a small packed body could fill the memory.
    seconds = 1 if worker is None else _ANSWER_SECONDS
    runner = web.AppRunner(build_app(gateway), access_log=None, shutdown_timeout=seconds, auto_decompress=False)
    await runner.setup()
    if worker is not None:
        for one in worker.listening:
            await web.SockSite(runner, one, backlog=BACKLOG).start()
        return runner
    try:
        await web.TCPSite(runner, server.host, server.port, backlog=BACKLOG).start()
    except OSError as error:
        await gateway.stop()
        cannot_listen(server.host, server.port, error)
    return runner


def cannot_listen(host: str, port: int, error: OSError) -> NoReturn:
    """End the program."""
    told = f"cannot listen on {host}:{port}: {error.strerror}; set REGIA__SERVER__PORT to another port"
    fail(told, status=1)


def data_in_use(data: Path) -> NoReturn:
    """End the program."""
    fail(f"another gateway uses {data}; stop it, or set REGIA__DATA__PATH to another folder")


def _know_the_others(gateway: Gateway, worker: Worker) -> None:
    gateway.siblings = Siblings(
        gateway.configured.settings.data.path.resolve(),
        worker.number,
        worker.workers,
        figures=lambda: figures(gateway),
        is_ready=lambda: not gateway.missing,
    )


async def _on_the_line(gateway: Gateway, worker: Worker, end: _End, read_rules: Callable[[], None]) -> None:
    """Tell the parent how far this worker is, and do what it says. Without a parent it leaves."""
    if gateway.siblings is not None:
        await gateway.siblings.start()
    line = await Line.connect(worker.line)
    line.say(UP)
    listening = asyncio.create_task(line.listen({LEAVE: end.leave, RULES: read_rules}, end.leave))
    try:
        while gateway.missing:
            await asyncio.sleep(_LOOK)
        line.say(READY)
        await listening
    finally:
        listening.cancel()
        line.close()


def _no_roll() -> None:
    logger.warning("SIGUSR2 is for the parent of several workers (server.workers): one process is stopped and started")


def _settle_memory() -> None:
    gc.collect()
    gc.freeze()  # what stands now stays: later collections need not look at it again
    gc.set_threshold(20_000, 20, 20)


async def _journal(configured: Configured) -> Journal:
    """A worker waits for its journal: another may be working it off at the moment."""
    settings = configured.settings
    limits = settings.journal.limits(configured.largest)
    path = journal_of(settings.data.path.resolve(), configured.worker)
    limits = settings.journal.limits(configured.largest)
    deadline = time.monotonic() + (PATIENCE if settings.server.workers > 1 else 0)
    while True:
        try:
            return Journal.open(path, keep_ids=settings.journal.keep_ids, limits=limits)
        except JournalLocked:
            if time.monotonic() >= deadline:
                data_in_use(settings.data.path)
        except (JournalUnavailable, OSError) as error:
            fail(f"the journal cannot be opened: {error}")
        await asyncio.sleep(_LOOK)
