"""What each part of the way costs alone, in one process and without sockets."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from bench.meter import Meter, Part, each
from bench.way import Way
from regia.compose import migrate
from regia.pipeline.commit import commit
from router.vocabulary import Facts
from storage.database import Database
from storage.journal import Journal
from storage.journal_file import Entry

BATCHES: Final = (1, 16, 256)
CALLERS: Final = (1, 64)
_ENTRIES_EACH: Final = 8


def measure(folder: Path, databases: Sequence[tuple[str, str]], *, seconds: float, told: Callable[[str], None]) -> list[Part]:
    """Every part, each for about `seconds`. `databases` are names and addresses of empty ones."""
    way = Way(folder)
    parts: list[Part] = []
    told("parts: parse, normalise, rules")
    parts += _alone(way, seconds)
    told("parts: journal")
    parts += asyncio.run(_journal(way, folder, seconds))
    for name, url in databases:
        told(f"parts: commit on {name}")
        parts += asyncio.run(_commit(way, name, url, seconds))
    return parts


def _alone(way: Way, seconds: float) -> Iterator[Part]:
    yield each("WhatsApp: verify and parse", seconds, way.request, way.take)
    yield each("decode and normalise", seconds, way.row, way.normalise)
    yield each("rules: route", seconds, lambda: _facts(way), way.configured.rules.of("*").route)


def _facts(way: Way) -> Facts:
    return {"channel": "whatsapp", "kind": "text", "brand": "demo", "history.unanswered": 0, "text": way.text()}


async def _journal(way: Way, folder: Path, seconds: float) -> list[Part]:
    parts = []
    for callers in CALLERS:
        journal = Journal.open(folder / f"journal-{callers}.sqlite")
        meter = Meter(f"journal: accept, {callers} caller{'s' if callers > 1 else ''}", seconds)
        while meter.wants_more:
            work = [[way.entry() for _ in range(_ENTRIES_EACH)] for _ in range(callers)]
            with meter:
                await asyncio.gather(*(_accept(journal, entries) for entries in work))
            meter.did(callers * _ENTRIES_EACH)
        await journal.close()
        parts.append(meter.part)
    return parts


async def _accept(journal: Journal, entries: Sequence[Entry]) -> None:
    for entry in entries:
        await journal.accept([entry])


async def _commit(way: Way, name: str, url: str, seconds: float) -> list[Part]:
    """Identify, route, assemble and commit, as the pipeline does it: one transaction a batch."""
    database = Database(url)
    await migrate(database)
    settings = way.commit_settings()
    parts = []
    for size in BATCHES:
        meter = Meter(f"identify, route, assemble, commit: {name}, batch of {size}", seconds)
        warm = way.ready(size)
        await database.write(lambda connection, batch=warm: commit(connection, batch, settings))  # type: ignore[misc]
        while meter.wants_more:
            batch = way.ready(size)
            with meter:
                await database.write(lambda connection, batch=batch: commit(connection, batch, settings))  # type: ignore[misc]
            meter.did(size)
        parts.append(meter.part)
    await database.close()
    return parts
