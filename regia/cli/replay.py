"""`regia replay`: publish stored envelopes again."""

import sys
from typing import Annotated, Any, Final

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from sqlalchemy import Connection

from dispatcher import replay as again
from dispatcher.base import QueueMismatch, QueuesUnavailable, UnknownQueue
from dispatcher.replay import Replay, Replayer, ReplayStopped
from normalizer.envelope import TYPE
from normalizer.envelope_data import from_ms
from regia.cli.by_hand import Interrupted, begun, ended, moment, run, stop
from regia.cli.common import ConfigOption, fail
from regia.cli.replay_choice import Given, chosen_by, selection
from regia.cli.standing import standing
from regia.cli.stored import read, require, write
from regia.compose import Configured, open_stores, open_straight
from regia.links import Links
from storage import operations, replays
from storage.database import Database, DatabaseUnavailable
from storage.replays import Sent

_SHOWN: Final = 100


def replay(
    *,
    since: Annotated[str | None, typer.Option(help="Published from this time on: 2026-11-27T10:00 (UTC), or 2h.")] = None,
    until: Annotated[str | None, typer.Option(help="Published before this time.")] = None,
    category: Annotated[list[str] | None, typer.Option(help="Of this category; may be given several times.")] = None,
    queue: Annotated[str | None, typer.Option(metavar="BRAND.TARGET", help="Those that had gone to this queue.")] = None,
    brand: Annotated[str | None, typer.Option(help="Of this brand.")] = None,
    channel: Annotated[str | None, typer.Option(help="Of this channel, such as whatsapp.")] = None,
    envelope: Annotated[list[str] | None, typer.Option(metavar="ID", help="This one; may be given several times.")] = None,
    unheard: Annotated[bool, typer.Option("--unheard", help="That nobody has answered: see `regia unheard`.")] = False,
    to: Annotated[str | None, typer.Option(metavar="QUEUE", help="To this queue, once each; else to where they went.")] = None,
    rate: Annotated[int | None, typer.Option(min=1, metavar="N", help="At most so many a second.")] = None,
    after: Annotated[int, typer.Option(min=0, metavar="PLACE", help="Go on after a replay that stopped here.")] = 0,
    show: Annotated[bool, typer.Option("--list", "--dry-run", help="Only show what would go.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Lines of --list; 100, and with --json all.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs: JSON, with --list one object a line.")] = False,
    config: ConfigOption = None,
) -> None:
    """Publish stored envelopes again: the same ids and bytes, in the order in which they were stored.

    It needs --since, --envelope or --unheard. All that is given must hold; times are those at which the queue had them.
    """
    found = standing(config)
    require(found.settings)
    given = Given(
        since_ms=moment("--since", since),
        until_ms=moment("--until", until),
        categories=tuple(category or ()),
        queue=queue,
        brand=brand,
        channel=channel,
        envelopes=tuple(envelope or ()),
        unheard=unheard,
        to=to,
    )
    chosen = chosen_by(found, given)
    upto = read(found.settings, replays.last_position)
    begins = begun("replay", selection(given, rate=rate, after=after))
    wanted = Replay(id=begins.id, chosen=chosen, envelope_type=TYPE, to=to, rate=rate, after=after, upto=upto)
    if not as_json:
        typer.echo(_told(given), err=True)
    if show:
        _list(found, wanted, limit if limit or as_json else _SHOWN, as_json=as_json)
    else:
        _replay(found, wanted, begins, as_json=as_json)


def _told(given: Given) -> str:
    times = [f"{word} {from_ms(at)}" for word, at in (("from", given.since_ms), ("before", given.until_ms)) if at is not None]
    return f"published {' and '.join(times)} (UTC)" if times else "published at any time"


def _list(found: Configured, wanted: Replay, limit: int | None, *, as_json: bool) -> None:
    async def do() -> dict[str, int]:
        database = Database(found.settings.database_url())
        try:
            shown = 0
            async for page in again.pages(database, wanted, min(limit or 1000, 1000)):
                for sent in page[: None if limit is None else limit - shown]:
                    typer.echo(_line(wanted, sent, as_json=as_json))
                shown += len(page)
                if limit is not None and shown >= limit:
                    break
            return await again.count(database, wanted)
        finally:
            await database.close()

    try:
        counted = run(do())
    except DatabaseUnavailable as error:
        fail(f"the database does not answer: {error}")
    except Interrupted:
        stop("stopped")
    if not as_json:
        number = sum(counted.values())
        more = f", the first {limit} shown" if limit is not None and number > limit else ""
        typer.echo(f"{number} envelopes{more}: {_by_queue(counted)}" if number else "nothing fits", err=True)


def _line(wanted: Replay, sent: Sent, *, as_json: bool) -> str:
    data = {"published_at": from_ms(sent.published_ms), "envelope_id": sent.message_id, "category": sent.category}
    data |= {"queue": wanted.queue(sent), "state": sent.state}
    if as_json:
        return orjson.dumps(data | {"place": sent.position}).decode()
    return f"{data['published_at']} {sent.message_id} {sent.category:16} {data['queue']:24} {sent.state}"


def _by_queue(counted: dict[str, int]) -> str:
    return ", ".join(f"{queue} {number}" for queue, number in sorted(counted.items()))


class _Bar:
    """How far it is, on standard error; the last that is known of it, also where it is interrupted."""

    def __init__(self) -> None:
        self.progress = again.Progress(place=0)
        self.total = 0
        columns = (TextColumn("{task.description:10}"), BarColumn(), MofNCompleteColumn())
        self.bars = Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty())
        self._bar = self.bars.add_task("publishing", total=None)

    def tell(self, progress: again.Progress) -> None:
        self.bars.update(self._bar, completed=progress.looked_at, total=self.total)


def _replay(found: Configured, wanted: Replay, begins: operations.Begun, *, as_json: bool) -> None:
    bar = _Bar()
    why, state = "", "done"
    try:
        with bar.bars:
            run(_publish(found, wanted, begins, bar))
    except (ReplayStopped, UnknownQueue, QueuesUnavailable, DatabaseUnavailable) as error:
        why, state = str(error), "failed"
    except Interrupted:
        why, state = "interrupted", "stopped"
    _say(wanted, bar, why, as_json=as_json)  # before the end is written down: the database may be what stopped it
    if bar.total:
        write(found.settings, lambda connection: _end(connection, wanted.id, state, bar.progress))
    if why:
        raise typer.Exit(130 if state == "stopped" else 1)


async def _publish(found: Configured, wanted: Replay, begins: operations.Begun, bar: _Bar) -> None:
    stores = open_stores(found.settings)
    straight = open_straight(found.settings, stores)
    try:
        counted = await again.count(stores.database, wanted)
        if not counted:
            return
        try:
            await stores.queues.open(found.topology)  # declares what was deleted, when no gateway runs
        except QueueMismatch as error:
            typer.echo(f"regia: {error}", err=True)
        await straight.check(counted.keys())
        await stores.database.write(lambda connection: operations.begin(connection, begins))
        bar.total = sum(counted.values())
        links = Links(found.settings.server.base_url, found.settings.links_key.get_secret_value().encode())
        replayer = Replayer(stores.database, straight, wanted, bar.tell, links.renewed)
        bar.progress = replayer.progress
        await replayer.run()
    finally:
        await straight.close()
        await stores.close()


def _end(connection: Connection, id_: str, state: Any, progress: again.Progress) -> None:
    operations.note(connection, id_, progress.done, progress.detail)
    ended(id_, state)(connection)


def _say(wanted: Replay, bar: _Bar, why: str, *, as_json: bool) -> None:
    progress = bar.progress
    if as_json:
        data = {"operation": wanted.id, "total": bar.total, "published": progress.done, "stopped": why or None}
        typer.echo(orjson.dumps(data | {"queues": dict(progress.by_queue)} | progress.detail).decode())
        return
    if not bar.total and not why:
        typer.echo("nothing fits")
        return
    there = f", {progress.there} lay there already" if progress.there else ""
    erased = f", {progress.erased} erased meanwhile" if progress.erased else ""
    queues = f": {_by_queue(progress.by_queue)}" if progress.by_queue else ""
    typer.echo(f"{progress.done} of {bar.total} published again{there}{erased}{queues}")
    if why:
        on = f"; to go on, give the same again with --after {progress.place}" if bar.total else "; nothing was published"
        typer.echo(f"regia: it stopped: {why}{on}", err=True)
