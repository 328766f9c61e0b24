"""What `regia replay` is to send again: what was typed, checked against the rules and what is stored."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any

import typer
from sqlalchemy import Connection

from regia.cli.common import fail
from regia.cli.stored import read
from regia.compose import Configured
from router.reading import suggestion
from storage import replays
from storage.replays import Chosen


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What was typed."""

    since_ms: int | None
    until_ms: int | None
    categories: tuple[str, ...]
    queue: str | None
    brand: str | None
    channel: str | None
    envelopes: tuple[str, ...]
    unheard: bool
    to: str | None


def selection(given: Given, **more: Any) -> dict[str, Any]:
    """The same for the log, without what was not said."""
    return {name: value for name, value in (asdict(given) | more).items() if value}


def chosen_by(found: Configured, given: Given) -> Chosen:
    """What is meant. What cannot be meant ends the command."""
    if given.since_ms is None and not given.envelopes and not given.unheard:
        fail("say what to publish again: --since, --envelope or --unheard; with --list nothing is published", status=2)
    if None not in (given.since_ms, given.until_ms) and (given.until_ms or 0) <= (given.since_ms or 0):
        fail("--until is not after --since", status=2)
    brand, target = _queue(found, given)
    _check_stored(found, given)
    return Chosen(
        since_ms=given.since_ms,
        until_ms=given.until_ms,
        categories=given.categories,
        brand=brand,
        target=target,
        channel=given.channel,
        envelopes=given.envelopes,
        unheard=given.unheard,
        once=given.to is not None,
    )


def _queue(found: Configured, given: Given) -> tuple[str | None, str | None]:
    if given.queue is None:
        return given.brand, None
    brand, dot, target = given.queue.partition(".")
    if not (brand and dot and target) or "." in target:
        fail(f"--queue: write BRAND.TARGET{_hint(given.queue, found.topology.queues)}", status=2)
    if given.brand not in (None, brand):
        fail("--brand and --queue name two brands", status=2)
    return brand, target


def _check_stored(found: Configured, given: Given) -> None:
    """Misspelt names, and envelopes that are not there."""
    categories = {name for brand in found.brands for name in found.rules.of(brand).categories}
    odd = [name for name in given.categories if name not in categories]

    def look(connection: Connection) -> tuple[list[str], Collection[str], Collection[str]]:
        unknown = [name for name in odd if not replays.has_category(connection, name)]
        ids = given.envelopes
        return unknown, replays.known(connection, ids), replays.waiting(connection, ids)

    unknown, stored, waiting = read(found.settings, look)
    for name in unknown:
        fail(f"no rule and no stored envelope has the category {name!r}{_hint(name, categories)}", status=2)
    for id_ in given.envelopes:
        if id_ not in stored:
            fail(f"no envelope {id_} is stored: it was erased, is older than is kept, or never was", status=2)
        if id_ in waiting:
            typer.echo(f"regia: {id_} has not reached all its queues yet: the gateway publishes it there", err=True)
    if given.brand is not None and given.brand not in found.brands:  # it may have had one
        typer.echo(f"regia: no connector has the brand {given.brand!r}{_hint(given.brand, found.brands)}", err=True)


def _hint(name: str, known: Collection[str]) -> str:
    hint = suggestion(name, known)
    return f" ({hint})" if hint else ""
