"""`regia reply`: an answer to a stored message; `regia outgoing`: what became of it."""

import time
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from sqlalchemy import Connection

from desk.refusals import Refused
from desk.replies import Reply, queue
from normalizer.envelope_data import from_ms
from regia.cli.common import ConfigOption, configured, fail
from regia.cli.stored import read, write
from regia.replying import channels
from regia.settings import Settings
from storage import lookup, outgoing

app = typer.Typer(no_args_is_help=True, help="What was sent or is to be sent.")

_WAIT: Final = 3.0
"""Seconds in which a running gateway has taken it."""
_LOOK: Final = 0.2
_LARGEST_HTML: Final = 2 * 1024 * 1024
_SHOWN: Final = (
    *("id", "state", "attempts", "connector", "message_id", "conversation_id", "handle_kind", "handle_value"),
    *("author", "automatic", "subject", "external_id", "provider_code", "error"),
)


def reply(
    message_id: Annotated[str, typer.Argument(metavar="MESSAGE_ID", help="The id of the envelope it answers.")],
    *,
    text: Annotated[str, typer.Option(help="What the customer reads.")],
    html_file: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, readable=True, help="The same as HTML, for channels with it.")
    ] = None,
    subject: Annotated[str | None, typer.Option(help="Instead of the customer's own; `Re:` is put before it.")] = None,
    automatic: Annotated[bool, typer.Option("--automatic", help="Nobody wrote it: marked so, and held back in loops.")] = False,
    author: Annotated[str, typer.Option(help="Who wrote it.")] = "command line",
    config: ConfigOption = None,
) -> None:
    """Answer a stored message on its own channel. It goes to the handle that wrote, or that was given for answers."""
    found = configured(config)
    wanted = Reply(message_id=message_id, text=text, html=_html(html_file), subject=subject, automatic=automatic, author=author)
    known, now_ms = channels(found), time.time_ns() // 1_000_000
    try:
        id_ = write(found.settings, lambda connection: queue(connection, wanted, known, now_ms))
    except Refused as refused:
        fail(f"not sent, {refused.reason}: {refused}")
    row = _taken(found.settings, id_)
    typer.echo(f"{id_} {row['state']}")
    if row["state"] == outgoing.QUEUED:
        why = row["error"] or "no gateway has taken it yet; it leaves as soon as one runs"
        typer.echo(f"regia: {why}", err=True)


def _html(path: Path | None) -> str | None:
    if path is None:
        return None
    if path.stat().st_size > _LARGEST_HTML:
        fail(f"{path} is larger than 2 MB")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        fail(f"{path} is not UTF-8")


def _taken(settings: Settings, id_: str) -> Any:
    """The row once a gateway has tried it, or after some seconds as it is."""
    deadline = time.monotonic() + _WAIT

    def look(connection: Connection) -> Any:
        return outgoing.find(connection, id_)

    while True:
        row = read(settings, look)
        tried = row["state"] not in (outgoing.QUEUED, outgoing.SENDING) or row["error"] is not None
        if tried or time.monotonic() > deadline:
            return row
        time.sleep(_LOOK)


@app.command("list")
def list_(
    state: Annotated[str | None, typer.Option(help="Only queued, sending, sent, failed or unknown ones.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    config: ConfigOption = None,
) -> None:
    """The last outgoing messages, newest first."""
    for row in read(configured(config).settings, lambda connection: outgoing.recent(connection, limit, state)):
        what = f"{row['state']:8} {row['connector']:16} tries {row['attempts']:2} {row['error'] or ''}"
        typer.echo(f"{row['id']} {from_ms(row['created_ms'])} {what}".rstrip())


@app.command()
def show(id_: Annotated[str, typer.Argument(metavar="ID")], config: ConfigOption = None) -> None:
    """Everything about one outgoing message but its words, and what was told of it since: bounces, receipts."""

    def look(connection: Connection) -> tuple[Any, list[Any]]:
        row = outgoing.find(connection, id_)
        if row is None or row["external_id"] is None:
            return row, []
        return row, lookup.statuses_of(connection, row["connector"], row["external_id"])

    row, statuses = read(configured(config).settings, look)
    if row is None:
        fail("there is no outgoing message of that id")
    for name in _SHOWN:
        typer.echo(f"{name:16} {'' if row[name] is None else row[name]}".rstrip())
    times = {"created": row["created_ms"], "ended": row["ended_ms"]}
    times |= {"next try": row["due_ms"]} if row["state"] == outgoing.QUEUED else {}
    for name, at in times.items():
        typer.echo(f"{name:16} {from_ms(at) if at else ''}".rstrip())
    for status in statuses:
        at = from_ms(status["at_ms"] or status["received_ms"])
        typer.echo(f"{'status':16} {at} {status['state']} {status['error'] or ''}".rstrip())
