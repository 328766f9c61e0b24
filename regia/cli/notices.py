"""`regia notices`: who is told of what, how that goes, and what the next notice would say."""

import time
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy import Connection

from desk.notices import rendering
from desk.notices.lines import Line, Look, Told, told
from desk.notices.lists import Directory, NoticeList
from desk.notices.making import MOST
from normalizer.envelope_data import from_ms
from normalizer.inbound import reference_number
from regia.cli.common import ConfigOption, fail
from regia.cli.standing import standing
from regia.cli.stored import read
from regia.compose import Configured
from regia.noticing import directory, look, untold
from storage import notice_items, notices
from storage.notices import DIGEST, Standing

app = typer.Typer(no_args_is_help=True, help="Who of yours is told of contacts.")

NameArgument = Annotated[str, typer.Argument(metavar="LIST", help="An owner of the rules, as they name it.")]


@app.command("list")
def list_(config: ConfigOption = None) -> None:
    """Every list that is configured or has something waiting, how it is told, what waits, and how the last notices went."""
    found = standing(config)
    lists = directory(found.settings.notices, found.connectors)
    if not lists:
        typer.echo("regia: nobody is told: there are neither notices.owners nor notices.lists", err=True)
    states = read(found.settings, lambda connection: _states(connection, lists))
    for name, state in states.items():
        typer.echo(f"{name:30} {_how(lists.of(name))}: {_state(state)}")
    for name in untold(lists, found.rules):
        typer.echo(f"regia: nobody is told by the name {name}", err=True)


@app.command()
def preview(name: NameArgument, config: ConfigOption = None) -> None:
    """What a list would be told now of all that waits for it, or without anything, of a contact that is made up. Nothing is
    sent."""
    found = standing(config)
    list_ = directory(found.settings.notices, found.connectors).of(name)
    if list_ is None:
        fail(f"nobody is told by the name {name!r}: see regia notices list", status=2)
    shown = look(found.settings.notices, found.rules)
    waits = _waiting(found, list_, shown) if _has_database(found) else None
    what = waits if waits is not None and waits.lines else _made_up(found, list_, shown)
    if list_.hook is not None:
        typer.echo(rendering.body(what, list_.name, DIGEST, time.time_ns() // 1_000_000).decode())
        return
    letter = rendering.letter(what, DIGEST, list_.language, list_.zone)
    typer.echo(f"Subject: {letter.subject}\n\n{letter.text}")


def _states(connection: Connection, lists: Directory) -> dict[str, Standing]:
    names = dict.fromkeys((*(one.name for one in lists.lists.values()), *notices.names(connection)))
    return {name: notices.standing(connection, name) for name in names}


def _how(list_: NoticeList | None) -> str:
    if list_ is None:
        return "no list any more"
    by = "webhook" if list_.hook is not None else ", ".join(sorted({one.connector for one in list_.recipients}))
    return f"{list_.when} by {by}"


def _state(state: Standing) -> str:
    since = "" if state.since_ms is None else f" since {from_ms(state.since_ms)}"
    sent = "never told" if state.sent_ms is None else f"last told {from_ms(state.sent_ms)}"
    failed = "" if state.failed_ms is None else f", last failure {from_ms(state.failed_ms)}: {state.error}"
    return f"{state.waiting} waiting{since}, {sent}{failed}"


def _has_database(found: Configured) -> bool:
    url = found.settings.database_url()
    return not url.startswith("sqlite:///") or Path(url.removeprefix("sqlite:///")).exists()


def _waiting(found: Configured, list_: NoticeList, shown: Look) -> Told:
    waits = notice_items.of_list(list_.name)
    return read(found.settings, lambda one: told(one, waits, shown, most=MOST, snippet=list_.snippet))


def _made_up(found: Configured, list_: NoticeList, shown: Look) -> Told:
    """Of the first brand and its default category."""
    brand = min(list_.brands or found.brands or {"demo"})
    category = found.rules.of(brand).default
    now_ms, id_ = time.time_ns() // 1_000_000, UUID(int=2**127 + 2**100)
    message, conversation, reference = str(id_), "con_01JE", reference_number(id_)
    ids = {"message": message, "conversation": conversation, "reference": reference}
    line = Line(
        what="contact",
        brand=brand,
        channel="email",
        category=category,
        label=shown.label(brand, category),
        priority=5,
        received_ms=now_ms,
        since_ms=now_ms,
        ticket="T-1042",
        link=None if shown.link is None else shown.link.format_map(ids),
        snippet="Vorrei restituire la padella" if list_.snippet else None,
        message=message,
        conversation=conversation,
        reference=reference,
    )
    return Told(total=1, counts=((line.label, 1),), lines=(line,))
