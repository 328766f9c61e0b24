"""Logs: one JSON object a line (or coloured text on a terminal), without what customers wrote.

Messages are fixed texts and everything that varies is a field. Exceptions are logged by type and place, never by their
words: an exception's text often holds the value that caused it.
"""

import logging
import sys
import traceback
from collections.abc import Callable
from typing import Any, Final

import structlog
from structlog.types import EventDict, Processor

from regia.watch.metrics import DEFECTS

_CONNECTING: Final = ("aio_pika", "aiormq", "dispatcher.link")


def set_up(*, level: str = "INFO", stream: Any = None, worker: int | None = None) -> None:
    """Configure the root logger; libraries' loggers included. `worker` stands in every line, where there are several."""
    out = stream or sys.stderr

    def of_worker(_logger: Any, _name: str, event: EventDict) -> EventDict:
        if worker is not None:
            event["worker"] = worker
        return event

    shared: list[Processor] = [
        of_worker,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _exception_place,
    ]
    renderer: Processor = (
        structlog.dev.ConsoleRenderer() if out.isatty() else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler, Defects()]
    root.setLevel(level)
    # Their lines hold URLs with tokens and addresses, or tell of every reconnect what we tell ourselves.
    for noisy in ("aiohttp.access", "aio_pika", "aiormq", "alembic", "asyncio"):
        logger = logging.getLogger(noisy)
        logger.setLevel(max(logger.level, logging.ERROR))
    # What a stranger sends that is no HTTP is told here as an error, and a port scan is none. Defects of handlers are
    # told by `regia.http.errors`.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)


class Defects(logging.Handler):
    """Counts what work that must go on tells with a traceback: a part that fails again and again is seen in figures."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info is not None:
            DEFECTS.labels(record.name).inc()


def quiet() -> Callable[[], None]:
    """For commands, which say themselves what became of a connection: nothing of each try. Returns what undoes it."""
    before = {name: logging.getLogger(name).level for name in _CONNECTING}
    for name in before:
        logging.getLogger(name).setLevel(logging.CRITICAL)

    def undo() -> None:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)

    return undo


def _exception_place(_logger: Any, _name: str, event: EventDict) -> EventDict:
    """Replace an exception by its type and the places it went through."""
    info = event.pop("exc_info", None)
    if not info:
        return event
    error = info[1] if isinstance(info, tuple) else info if isinstance(info, BaseException) else sys.exc_info()[1]
    if error is not None:
        event["error_type"] = type(error).__qualname__
        frames = traceback.extract_tb(error.__traceback__)
        event["error_at"] = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames[-6:]]
    return event
