"""`regia run`: the gateway until it is told to stop."""

import asyncio
import gc
import logging
import os
import shlex
import signal
import sys
import time
from pathlib import Path
from typing import Final

import typer
import uvloop
from aiohttp import web

from config.problems import ConfigError
from regia.cli.common import ConfigOption, config_errors, config_path, configured, fail
from regia.cli.standing import standing
from regia.compose import Configured, open_stores
from regia.gateway import Gateway
from regia.http.app import build_app
from regia.runners.adoption import adopt_for_ever
from regia.runners.delivering import Delivering
from regia.runners.events import Events
from regia.runners.outgoing import Sending
from regia.runners.polling import Polling
from regia.runners.relays import relay_for_the_dead
from regia.runners.retention import Retaining
from regia.runners.rules import Reloading
from regia.runners.watching import Watching
from regia.settings import Settings
from regia.watch import logs
from storage.journal import Journal, JournalLocked
from storage.journal_file import JournalUnavailable

logger = logging.getLogger(__name__)

_SWITCH: Final = 0.0005
"""Seconds a thread keeps the interpreter while another waits. Commits run beside the loop in threads of their own; at
Python's 5 ms each of their many short waits for SQLite would cost the loop, or them, a whole turn."""
DRAIN_SECONDS: Final = 8.0
"""Of the 10 seconds a stop may take; the rest is for closing connections."""


def run(config: ConfigOption = None) -> None:
    """Run the gateway."""
    logs.set_up()
    sys.setswitchinterval(_SWITCH)
    uvloop.run(_serve(standing(config), config_path(config)))


def check(config: ConfigOption = None) -> None:
    """Check configuration, channels and rules, and start nothing."""
    found = configured(config)
    with config_errors():
        if found.stray:
            raise ConfigError(found.stray)
    queues = ", ".join(found.topology.queues)
    rules = sum(len(one.rules) for one in found.rules.live.values())
    typer.echo(f"{len(found.connectors)} connectors, {rules} rules: no problems\nqueues: {queues}")


async def _serve(configured_: Configured, path: Path) -> None:
    settings = configured_.settings
    journal = _journal(settings, configured_.largest)
    gateway = Gateway(configured_, open_stores(settings), journal)
    runner = await _listen(gateway)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    gateway.start()
    polling = Polling(gateway)
    polling.start()
    sending = Sending(gateway)
    sending.start()
    watching = Watching(gateway)
    watching.start()
    events = Events(gateway)
    events.start()
    retaining = Retaining(gateway)
    retaining.start()
    delivering = Delivering(gateway)
    delivering.start()
    reloading = Reloading(gateway, path, os.environ)
    reloading.start()
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reloading.ask)
    _settle_memory()
    work = (gateway.reader.warm(), adopt_for_ever(gateway), relay_for_the_dead(gateway))
    helpers = [asyncio.create_task(one) for one in work]
    if not gateway.knows_other_nodes:
        logger.warning("a shared database without Redis (coordination.url): run only this one gateway on it")
    _welcome(configured_, path)
    await stop.wait()
    logger.info("stopping: no new contacts, working off what was accepted")
    asked = time.monotonic()
    runners = (polling, sending, watching, events, retaining, delivering, reloading)
    await asyncio.gather(*(runner.stop() for runner in runners))
    for task in helpers:
        task.cancel()
    await asyncio.gather(*helpers, return_exceptions=True)
    drained = await gateway.drain(DRAIN_SECONDS - (time.monotonic() - asked))
    await runner.cleanup()
    await gateway.stop()
    logger.info("stopped" if drained else "stopped with work left: it goes on at the next start")


async def _listen(gateway: Gateway) -> web.AppRunner:
    server = gateway.configured.settings.server
    # auto_decompress: signatures are over the bytes as they came, and a small packed body could fill the memory.
    runner = web.AppRunner(build_app(gateway), access_log=None, shutdown_timeout=1, auto_decompress=False)
    await runner.setup()
    site = web.TCPSite(runner, server.host, server.port)
    try:
        await site.start()
    except OSError as error:
        await gateway.stop()
        address = f"{server.host}:{server.port}"
        fail(f"cannot listen on {address}: {error.strerror}; set REGIA__SERVER__PORT to another port", status=1)
    return runner


def _settle_memory() -> None:
    gc.collect()
    gc.freeze()  # what stands now stays: later collections need not look at it again
    gc.set_threshold(20_000, 20, 20)


def _journal(settings: Settings, largest: int) -> Journal:
    path = settings.data.path.resolve() / "journal" / "worker-0.sqlite"
    try:
        return Journal.open(path, keep_ids=settings.journal.keep_ids, limits=settings.journal.limits(largest))
    except JournalLocked:
        fail(f"another gateway uses {settings.data.path}; stop it, or set REGIA__DATA__PATH to another folder")
    except (JournalUnavailable, OSError) as error:
        fail(f"the journal cannot be opened: {error}")


def _welcome(configured_: Configured, path: Path) -> None:
    """Where to look, and how to send a first message."""
    base = configured_.settings.server.base_url
    lines = [f"Regia listens on {base}", ""]
    forms = configured_.of_type("web_form")
    lines += [f"  form             {base}/forms/{name}" for name in forms]
    lines += [
        f"  health           {base}/health/ready",
        f"  API description  {base}/openapi.json",
        f"  figures          {base}/metrics",
    ]
    first = _first_messages(configured_, base, forms)
    if first:
        lines += ["", "A first message:", "", *first, "", "See it routed:", "", f"  {_command(path)}"]
    typer.echo("\n".join(["", *lines, ""]))


def _first_messages(configured_: Configured, base: str, forms: list[str]) -> list[str]:
    lines = [
        f"  curl -F name='Anna Bianchi' -F email=anna@example.it -F message='Vorrei un rimborso' {base}/forms/{name}"
        for name in forms[:1]
    ]
    for name, channel in configured_.settings.connectors.items():
        token = next(iter(channel.get("tokens", [])), "")
        if channel["type"] == "api" and str(token).startswith("file:"):
            secret = configured_.settings.data.path / "secrets" / str(token).removeprefix("file:")
            body = '{"sender": {"handle": {"kind": "phone", "value": "+393331234567"}}, "text": "La padella è rotta"}'
            lines.append(
                f'  curl -H "Authorization: Bearer $(cat {shlex.quote(str(secret))})" -H "Content-Type: application/json" '
                f"-d '{body}' {base}/v1/messages/{name}"
            )
    return lines


def _command(path: Path) -> str:
    return f".venv/bin/regia queue peek -c {shlex.quote(str(path))}"
