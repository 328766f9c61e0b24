"""`regia demo`: a day of sample traffic into the running gateway, through its real addresses."""

import asyncio
import secrets
import shlex
import sys
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from regia.cli.common import ConfigOption, config_path, configured, fail
from regia.demo.send import NoGateway, Tally, check, send
from regia.demo.story import Plan, plan

LONGEST: Final = 900
"""Seconds a demo may take."""
_MOST: Final = 5_000
_HINTS: Final = {
    "rate_limited": "a form takes only so many posts from one address: see rate: of the form",
    "signature_wrong": "the gateway has another app secret: use its configuration and its REGIA__DATA__PATH",
    "token_unknown": "the gateway has other tokens: use its configuration and its REGIA__DATA__PATH",
    "unknown_connector": "the gateway runs with another configuration: name it with -c",
    "unavailable": "the gateway is stopping, or cannot write its journal: see its log",
}


def demo(
    rate: Annotated[float, typer.Option(min=0.5, max=500, help="Contacts a second.")] = 20,
    count: Annotated[int, typer.Option(min=1, max=_MOST, help="Contacts in all, repeats included.")] = 200,
    seed: Annotated[int | None, typer.Option(min=0, help="The same seed sends the same contacts again: all repeats.")] = None,
    config: ConfigOption = None,
) -> None:
    """Send a day of sample traffic to the running gateway: several channels and languages, photos, repeats."""
    if count / rate > LONGEST:
        fail(f"{count} contacts at {rate:g} a second take more than {LONGEST // 60} minutes; raise --rate or lower --count")
    found = configured(config)
    path = config_path(config)
    chosen = secrets.randbelow(2**31) if seed is None else seed
    story = plan(found.connectors.values(), count=count, rate=rate, seed=chosen)
    for note in story.notes:
        typer.echo(note)
    if not story.posts:
        fail("nothing to send: the configuration has no connector of type whatsapp, web_form or api that the demo can use")
    base = found.settings.server.base_url
    try:
        tally = asyncio.run(_send(base, story, rate))
    except NoGateway as error:
        fail(f"{error}; start one with `regia run -c {shlex.quote(str(path))}`, and give both the same REGIA__ variables")
    _show(tally, chosen, path)
    if not tally.accepted:
        raise typer.Exit(1)


async def _send(base: str, story: Plan, rate: float) -> Tally:
    await check(base)
    bars = (TextColumn("{task.description:10}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*bars, console=Console(stderr=True)) as progress:
        sending = progress.add_task("sending", total=len(story.posts))
        return await send(base, story.posts, rate, lambda: progress.advance(sending))


def _show(tally: Tally, seed: int, path: Path) -> None:
    """What was accepted, what was not and why, and where to look."""
    for what, number in sorted(tally.sent.items()):
        typer.echo(f"{what:24} {tally.accepted[what]:6} accepted of {number:6}")
    typer.echo(f"{'in all':24} {tally.accepted.total():6} accepted of {tally.sent.total():6}   (seed {seed})")
    for code, number in sorted(tally.refused.items()):
        typer.echo(f"{number} refused as {code}: {_HINTS.get(code, 'see the list of codes in the API description')}")
    option = f"-c {shlex.quote(str(path))}"
    typer.echo("\nSee what became of them:\n")
    for command in ("queue list", "queue peek", "books"):
        typer.echo(f"  {_program()} {command} {option}")


def _program() -> str:
    """The program as it was called."""
    called = Path(sys.argv[0])
    return shlex.quote(str(called)) if called.name == "regia" else ".venv/bin/regia"
