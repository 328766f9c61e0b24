"""`regia reply`: an answer to a stored message; `regia outgoing`: what became of it."""

import sys
import time
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from sqlalchemy import Connection

from desk import attaching
from desk.files import ReplyFile
from desk.refusals import Refused
from desk.replies import Channels, Queued, Reply, queue
from normalizer.envelope_data import from_ms
from regia.cli.common import ConfigOption, fail
from regia.cli.reply_template import chosen, with_templates
from regia.cli.reply_template import show as show_template
from regia.cli.standing import standing
from regia.cli.stored import read, use
from regia.compose import Configured, open_blobs
from regia.replying import channels
from regia.settings import Settings
from storage import lookup, outgoing, outgoing_files, outgoing_parts
from storage.blobs import BlobsUnavailable
from storage.database import Database
from storage.outgoing_files import FileRow

app = typer.Typer(no_args_is_help=True, help="What was sent or is to be sent.")

_WAIT: Final = 3.0
"""Seconds in which a running gateway has taken it."""
_LOOK: Final = 0.2
_LARGEST_FILE: Final = 2 * 1024 * 1024
_STDIN: Final = "-"
_SHOWN: Final = (
    *("id", "state", "attempts", "connector", "message_id", "conversation_id", "handle_kind", "handle_value"),
    *("author", "automatic", "subject", "external_id", "provider_code", "error"),
)


def reply(
    message_id: Annotated[str, typer.Argument(metavar="MESSAGE_ID", help="The id of the envelope it answers.")],
    *,
    text: Annotated[str | None, typer.Option(help="What the customer reads; `-` takes it from standard input.")] = None,
    text_file: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, readable=True, help="Instead of --text, a file in UTF-8.")
    ] = None,
    template: Annotated[str | None, typer.Option(help="Instead of a text: a template of the rules.", metavar="NAME")] = None,
    field: Annotated[
        list[str] | None, typer.Option(help="A value for the template; may be given several times.", metavar="NAME=VALUE")
    ] = None,
    language: Annotated[str | None, typer.Option(help="Of the template; otherwise the message's.", metavar="it|en|…")] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Show what the template says, and send nothing.")] = False,
    file: Annotated[
        list[Path] | None,
        typer.Option(exists=True, dir_okay=False, readable=True, help="A file that goes with it; may be given several times."),
    ] = None,
    html_file: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, readable=True, help="The same as HTML, for channels with it.")
    ] = None,
    subject: Annotated[str | None, typer.Option(help="Instead of the customer's own; `Re:` is put before it.")] = None,
    automatic: Annotated[bool, typer.Option("--automatic", help="Nobody wrote it: marked so, and held back in loops.")] = False,
    author: Annotated[str, typer.Option(help="Who wrote it.")] = "command line",
    config: ConfigOption = None,
) -> None:
    """Answer a stored message on its own channel. It goes to the handle that wrote, or that was given for answers."""
    found = standing(config)
    by_template = None if template is None else chosen(template, field or (), language)
    known = channels(found) if by_template is None else with_templates(found)
    if preview:
        if by_template is None:
            fail("--preview needs --template", status=2)
        show_template(found, known, message_id, by_template)
        return
    wordless = (file or by_template) and text is None and text_file is None
    wanted = Reply(
        message_id=message_id,
        text="" if wordless else _said(text, text_file, with_template=by_template is not None),
        template=by_template,
        html=None if html_file is None else _read(html_file),
        subject=subject,
        files=tuple(_file(path, known.files.each) for path in file or ()),
        automatic=automatic,
        author=author,
    )
    _tell(found.settings, _queued(found, wanted, known))


def _queued(found: Configured, wanted: Reply, known: Channels) -> str:
    """Its id; where it is refused the command ends."""
    try:
        return use(found.settings, lambda database: _queue(database, found, wanted, known)).id
    except Refused as refused:
        fail(f"not sent, {refused.reason}: {refused}")
    except BlobsUnavailable as away:
        fail(f"not sent, and nothing is kept: {away}")


def _tell(settings: Settings, id_: str) -> None:
    """What became of it in the first seconds. Ends the command where it failed."""
    row, earlier = _taken(settings, id_)
    typer.echo(f"{id_} {row['state']}")
    if row["state"] == outgoing.QUEUED:
        waits = None if earlier is None else f"waits for an earlier message of its conversation: {earlier}"
        why = waits or row["error"] or "no gateway has taken it yet; it leaves as soon as one runs"
        typer.echo(f"regia: {why}", err=True)
    elif row["state"] in (outgoing.FAILED, outgoing.UNKNOWN):
        fail(row["error"] or row["state"])


async def _queue(database: Database, found: Configured, wanted: Reply, known: Channels) -> Queued:
    now_ms = time.time_ns() // 1_000_000
    work: attaching.Work = lambda connection, put_since: queue(connection, wanted, known, now_ms, put_since)  # noqa: E731
    return await attaching.queue(database, open_blobs(found.settings), known, wanted, work, now_ms=now_ms)


def _file(path: Path, most: int) -> ReplyFile:
    """Of one that is too large only as much is read as shows that."""
    with path.open("rb") as file:
        return ReplyFile(content=file.read(most + 1), filename=path.name)


def _said(text: str | None, path: Path | None, *, with_template: bool) -> str:
    if with_template:
        fail("give either a text or --template")
    if (text is None) == (path is None):
        fail("give either --text or --text-file")
    if path is not None:
        return _read(path)
    return _decoded(sys.stdin.buffer.read(_LARGEST_FILE + 1), "standard input") if text == _STDIN else text or ""


def _read(path: Path) -> str:
    with path.open("rb") as file:
        return _decoded(file.read(_LARGEST_FILE + 1), str(path))


def _decoded(content: bytes, what: str) -> str:
    if len(content) > _LARGEST_FILE:
        fail(f"{what} is larger than 2 MB")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        fail(f"{what} is not UTF-8")


def _taken(settings: Settings, id_: str) -> tuple[Any, str | None]:
    """The row once a gateway has tried it, or after some seconds as it is, and the earlier one that it waits for."""
    deadline = time.monotonic() + _WAIT

    def look(connection: Connection) -> tuple[Any, str | None]:
        row = outgoing.find(connection, id_)
        return row, None if row is None else outgoing.waits_for(connection, row, time.time_ns() // 1_000_000)

    while True:
        row, earlier = read(settings, look)
        tried = row["state"] not in (outgoing.QUEUED, outgoing.SENDING) or row["error"] is not None
        if tried or time.monotonic() > deadline:
            return row, earlier
        time.sleep(_LOOK)


@app.command("list")
def list_(
    state: Annotated[str | None, typer.Option(help="Only queued, sending, sent, failed or unknown ones.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    config: ConfigOption = None,
) -> None:
    """The last outgoing messages, newest first."""
    for row in read(standing(config).settings, lambda connection: outgoing.recent(connection, limit, state)):
        what = f"{row['state']:8} {row['connector']:16} tries {row['attempts']:2} {row['error'] or ''}"
        typer.echo(f"{row['id']} {from_ms(row['created_ms'])} {what}".rstrip())


@app.command()
def show(id_: Annotated[str, typer.Argument(metavar="ID")], config: ConfigOption = None) -> None:
    """Everything about one outgoing message but its words, and what was told of it since: bounces, receipts."""

    def look(connection: Connection) -> tuple[Any, str | None, list[Any], tuple[FileRow, ...]]:
        row = outgoing.find(connection, id_)
        if row is None:
            return None, None, [], ()
        named = {*filter(None, (row["external_id"],)), *outgoing_parts.parts_of(connection, id_)}
        statuses = lookup.statuses_of(connection, row["connector"], named)
        files = outgoing_files.of(connection, [id_]).get(id_, ())
        return row, outgoing.waits_for(connection, row, time.time_ns() // 1_000_000), statuses, files

    row, earlier, statuses, files = read(standing(config).settings, look)
    if row is None:
        fail("there is no outgoing message of that id")
    for name in _SHOWN:
        typer.echo(f"{name:16} {'' if row[name] is None else row[name]}".rstrip())
    for file in files:
        typer.echo(f"{'file':16} {file.content_type} {file.size} {file.filename}")
    for name in ("created", "ended"):
        at = row[f"{name}_ms"]
        typer.echo(f"{name:16} {from_ms(at) if at else ''}".rstrip())
    if row["state"] == outgoing.QUEUED:
        typer.echo(_next_step(row["due_ms"], earlier))
    for status in statuses:
        at = from_ms(status["at_ms"] or status["received_ms"])
        typer.echo(f"{'status':16} {at} {status['state']} {status['error'] or ''}".rstrip())


def _next_step(due_ms: int, earlier: str | None) -> str:
    """A time that has passed is no next try: it waits for something else."""
    if earlier is not None:
        return f"{'waits for':16} {earlier}"
    return f"{'next try':16} {from_ms(due_ms) if due_ms > time.time_ns() // 1_000_000 else 'as soon as a gateway runs'}"
