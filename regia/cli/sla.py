"""`regia sla`: what was promised to customers, and how it is kept."""

import time
from typing import Annotated

import typer

from desk.sla.views import Kept, Shown, listed, report
from normalizer.envelope_data import from_ms
from regia.cli.by_hand import moment
from regia.cli.common import ConfigOption, fail
from regia.cli.customer_common import CursorOption, JsonOption, LimitOption, look, say, say_json, say_page
from regia.cli.standing import standing
from regia.settings import Settings
from regia.shown import as_data
from router.promises import PROMISES
from storage.sla import Wanted

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


def sla(
    *,
    breached: Annotated[bool, typer.Option("--breached", help="Only those that are over.")] = False,
    kept: Annotated[bool, typer.Option("--kept", help="Instead, how many were kept and missed, by category.")] = False,
    since: Annotated[
        str | None, typer.Option(help="Begun from this time on: 2026-11-21T18:02 (UTC), or 30d: thirty days ago.")
    ] = None,
    brand: Annotated[str | None, typer.Option(help="Of this brand.")] = None,
    category: Annotated[str | None, typer.Option(help="Of this category.")] = None,
    promise: Annotated[str | None, typer.Option(help="first_reply, next_reply or resolution.")] = None,
    limit: LimitOption = 50,
    cursor: CursorOption = None,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Promised times that hold now, those that are over first and whatever is due next behind them."""
    settings = standing(config).settings
    if promise is not None and promise not in PROMISES:
        fail(f"--promise must be one of: {', '.join(PROMISES)}", status=2)
    if kept and (breached or cursor):
        fail("--kept counts all: leave --breached and --cursor out", status=2)
    now_ms = time.time_ns() // 1_000_000
    about = {"brand": brand, "category": category, "promise": promise, "since_ms": moment("--since", since)}
    if kept:
        _report(settings, Wanted(**about), now_ms, json=json)  # type: ignore[arg-type]  # each of its own type
        return
    wanted = Wanted(**about, late_ms=now_ms if breached else None)  # type: ignore[arg-type]  # as above
    page = look(settings, lambda one: listed(one, wanted, now_ms, cursor=cursor, limit=limit))
    say_page("sla", page, _line, json=json)


def _report(settings: Settings, wanted: Wanted, now_ms: int, *, json: bool) -> None:
    found = look(settings, lambda one: report(one, wanted, now_ms))
    if json:
        say_json({"kept": as_data(found)})
        return
    for one in found:
        say(_counted(one))


def _line(one: Shown) -> str:
    when = f"{duration(one.left)} left" if one.left is not None else from_ms(one.due_ms or 0)
    return f"{one.state:8} {when:24}  {one.promise:11}  {one.brand} {one.category}  {one.conversation}  {one.message}"


def _counted(one: Kept) -> str:
    counts = ", ".join(f"{name} {getattr(one, name)}" for name in ("kept", "missed", "dropped", "running", "overdue"))
    taken = (
        f"; median {duration(one.median)}, p90 {duration(one.p90)}" if one.median is not None and one.p90 is not None else ""
    )
    return f"{one.category} {one.promise}: {counts}{taken}"


def duration(seconds: int) -> str:
    """As rules write it, without seconds where there is more than a minute: `1d2h30m`."""
    left, written = abs(seconds), ""
    for unit, letter in _UNITS if abs(seconds) < 60 else _UNITS[:-1]:  # noqa: PLR2004 - a minute
        count, left = divmod(left, unit)
        written += f"{count}{letter}" if count else ""
    return f"-{written}" if seconds < 0 and written else written or "0m"
