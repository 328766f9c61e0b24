"""`regia dead`: dead letters, and what no queue took."""

import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar

import orjson
import typer

from dispatcher.base import QueueMismatch
from dispatcher.letters import LOOK, Act, Discard, Letter, Letters, Picked, Reason, Redrive, Wanted
from normalizer.envelope_data import from_ms
from regia.cli.by_hand import Interrupted, moment, run, stop, user
from regia.cli.common import ConfigOption, fail
from regia.cli.standing import standing
from regia.cli.stored import require
from regia.compose import Stores, open_letters, open_stores
from regia.dead import FAILURES, BadEdit, do, edit, find
from storage.database import Database

app = typer.Typer(no_args_is_help=True, help="Dead letters, and what no queue took.")

T = TypeVar("T")
_ALL: Final = 1 << 31

Ids = Annotated[list[str] | None, typer.Argument(metavar="ID…", help="As `dead list` names them, or envelope ids.")]
QueueOption = Annotated[str | None, typer.Option(help="Those that died in this queue, or were to go there.")]
ReasonOption = Annotated[Reason | None, typer.Option(help="Those that died of this.")]
CategoryOption = Annotated[str | None, typer.Option(help="Envelopes of this category.")]
SinceOption = Annotated[str | None, typer.Option(help="Died from this time on: 2026-11-27T10:00 (UTC), or 2h.")]
BeforeOption = Annotated[str | None, typer.Option(help="Died before this time; 2h: longer ago than two hours.")]
FromOption = Annotated[Literal["dead", "unrouted"] | None, typer.Option("--from", help="Only these; without it both.")]
LookOption = Annotated[int, typer.Option("--look", min=1, help="Go through so many at most.")]
AllOption = Annotated[bool, typer.Option("--all", help="Everything there is.")]


@app.command("list")
def list_(
    *,
    queue: QueueOption = None,
    reason: ReasonOption = None,
    category: CategoryOption = None,
    since: SinceOption = None,
    before: BeforeOption = None,
    from_: FromOption = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 100,
    most: LookOption = LOOK,
    as_json: Annotated[bool, typer.Option("--json", help="One object a line.")] = False,
    config: ConfigOption = None,
) -> None:
    """The oldest first: id, when and of what it died, queue, category, envelope id, size, how often it was driven again."""
    wanted = _wanted((), queue, reason, category, since, before, from_)
    found = _with(config, lambda letters, _: letters.look(wanted, limit, most=most))
    for letter in found.letters:
        typer.echo(orjson.dumps(_data(letter)).decode() if as_json else _line(letter))
    more = found.fitting - len(found.letters)
    shown = f"{len(found.letters)} shown" + (f", {more} more fit" if more else "")
    typer.echo(f"{shown}; looked at {found.looked} of {found.lying}", err=True)


@app.command()
def show(id_: Annotated[str, typer.Argument(metavar="ID")], most: LookOption = LOOK, config: ConfigOption = None) -> None:
    """Write the body of one letter to standard output, byte for byte."""
    letter = _with(config, lambda letters, _: find(letters, id_, most=most))
    if letter is None:
        fail(_NONE)
    typer.echo(_line(letter), err=True)
    sys.stdout.buffer.write(letter.body)


@app.command("edit")
def edit_(
    id_: Annotated[str, typer.Argument(metavar="ID")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The new body; - for standard input.")],
    most: LookOption = LOOK,
    config: ConfigOption = None,
) -> None:
    """Give a letter another body. An envelope must stay one, under its id. It is not driven again by that."""
    try:
        body = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        letter = _with(config, lambda letters, database: edit(letters, database, id_, body, actor=user(), most=most))
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}", status=2)
    except BadEdit as error:
        fail(f"not edited: {error}")
    if letter is None:
        fail(_NONE)
    typer.echo("edited; regia dead list has it under a new id, and under its envelope's")


@app.command()
def redrive(
    *,
    ids: Ids = None,
    queue: QueueOption = None,
    reason: ReasonOption = None,
    category: CategoryOption = None,
    since: SinceOption = None,
    before: BeforeOption = None,
    from_: FromOption = None,
    everything: AllOption = False,
    to: Annotated[str | None, typer.Option(metavar="QUEUE", help="To this queue instead of where they came from.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = _ALL,
    config: ConfigOption = None,
) -> None:
    """Publish letters to their queues again. Each is taken away only when its queue has confirmed it."""
    wanted = _wanted(tuple(ids or ()), queue, reason, category, since, before, from_)
    _check(wanted, everything=everything)
    _do(config, wanted, Redrive(to), limit=limit, word="driven again", said={"to": to} if to else {})


@app.command()
def discard(
    *,
    why: Annotated[str, typer.Option("--why", help="Why, in a line; it is kept. No names, no addresses.")],
    ids: Ids = None,
    queue: QueueOption = None,
    reason: ReasonOption = None,
    category: CategoryOption = None,
    since: SinceOption = None,
    before: BeforeOption = None,
    from_: FromOption = None,
    everything: AllOption = False,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = _ALL,
    config: ConfigOption = None,
) -> None:
    """Take letters away for good. The messages stay stored: `regia replay --envelope ID` publishes one again."""
    wanted = _wanted(tuple(ids or ()), queue, reason, category, since, before, from_)
    _check(wanted, everything=everything)
    _do(config, wanted, Discard(), limit=limit, word="discarded", said={"why": why[:200]})


_NONE: Final = "there is no letter of that id among those that were looked at"


def _wanted(ids: tuple[str, ...], *given: Any) -> Wanted:
    queue, reason, category, since, before, where = given
    since_ms, before_ms = moment("--since", since), moment("--before", before)
    more = {"queue": queue, "reason": reason, "category": category, "where": where}
    return Wanted(ids=ids, since_ms=since_ms, before_ms=before_ms, **more)


def _check(wanted: Wanted, *, everything: bool) -> None:
    if wanted == Wanted() and not everything:
        fail("say which: ids, --queue, --reason, --category, --since, --before, --from, or --all", status=2)


def _do(config: Path | None, wanted: Wanted, act: Act, *, limit: int, word: str, said: dict[str, Any]) -> None:
    picked = Picked()

    async def work(letters: Letters, database: Database) -> None:
        await do(letters, database, wanted, act, actor=user(), limit=limit, picked=picked, said=said, told=_progress)

    try:
        _with(config, work)
    except typer.Exit:
        typer.echo(f"until then: {_tally(picked, word)}")
        raise
    typer.echo(_tally(picked, word))
    if picked.kept:
        raise typer.Exit(1)


def _tally(picked: Picked, word: str) -> str:
    left = picked.lying - picked.done - picked.erased
    kept = "".join(f"; {number} stay: {why}" for why, number in sorted(picked.kept.items()))
    erased = f", {picked.erased} of erased customers removed" if picked.erased else ""
    return f"{picked.done} {word}{erased}, {left} left{kept}"


def _progress(picked: Picked) -> None:
    if sys.stderr.isatty():
        print(f"\r{picked.done:,} done, looked at {picked.looked:,} of {picked.lying:,}", end="\r", file=sys.stderr, flush=True)


def _with(config: Path | None, work: Callable[[Letters, Database], Awaitable[T]]) -> T:
    found = standing(config)
    require(found.settings)

    async def go(stores: Stores) -> T:
        letters = open_letters(found.settings, stores)
        try:
            if found.settings.queues.is_local:
                await stores.queues.open(found.topology)
            return await work(letters, stores.database)
        finally:
            await letters.close()
            await stores.close()

    async def opened() -> T:
        return await go(open_stores(found.settings))

    try:
        return run(opened())
    except (*FAILURES, QueueMismatch) as error:
        fail(str(error))
    except Interrupted:
        stop("interrupted; what was not done lies where it was")


def _line(letter: Letter) -> str:
    at = from_ms(letter.at_ms) if letter.at_ms else "-"
    again = f" driven again {letter.redriven} times" if letter.redriven else ""
    what = f"{letter.category or '-':16} {letter.envelope_id or '-':36} {letter.size:7} B{again}"
    return f"{letter.id} {at:24} {letter.reason:14} {letter.queue or '-':24} {what}"


def _data(letter: Letter) -> dict[str, Any]:
    data = asdict(letter) | {"at": from_ms(letter.at_ms) if letter.at_ms else None}
    del data["body"], data["at_ms"]
    return data
