"""`regia ticket`: what happened to a ticket, told by hand or by a script."""

import time
from collections.abc import Mapping
from typing import Annotated

import orjson
import typer
from pydantic import ValidationError

from connectors.api_document import problems_of
from identity import tickets
from identity.ticket_refusals import TicketRefused
from normalizer.values import clean_line
from regia.cli.common import ConfigOption, fail
from regia.cli.customer_common import ACTOR, JsonOption, say, say_json
from regia.cli.standing import standing
from regia.cli.stored import write
from regia.http.bodies import TicketBody
from regia.shown import as_data


def ticket(
    event: Annotated[tickets.TicketEvent, typer.Argument(help="What happened.")],
    number: Annotated[str, typer.Argument(metavar="TICKET", help="The ticket's number.")],
    *,
    conversation: Annotated[str | None, typer.Option(metavar="ID", help="What it is about: con_…")] = None,
    message: Annotated[str | None, typer.Option(metavar="ID", help="Instead of the conversation, an envelope of it.")] = None,
    brand: Annotated[str | None, typer.Option(help="Where several brands have a ticket of this number.")] = None,
    agent: Annotated[str | None, typer.Option(help="Who works on it.")] = None,
    product: Annotated[str | None, typer.Option(help="What it is about.")] = None,
    reason: Annotated[str | None, typer.Option(help="Why, in a word or a line.")] = None,
    url: Annotated[str | None, typer.Option(help="Where people of yours read it.")] = None,
    answered: Annotated[bool, typer.Option("--answered", help="The customer was answered by a way of yours.")] = False,
    at: Annotated[str | None, typer.Option(help="When it happened, such as 2026-11-21T18:02:11Z; without it, now.")] = None,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Tell what happened to a ticket. Of one that was not told of before, --conversation or --message says what it is about."""
    settings = standing(config).settings
    about = {"event": event, "ticket": number, "conversation": conversation, "message": message, "brand": brand}
    said = {"agent": agent, "product": product, "reason": reason, "url": url, "at": at}
    news = _read(about | said, answered=answered)
    now_ms = time.time_ns() // 1_000_000
    try:
        taken = write(settings, lambda connection: tickets.tell(connection, news, actor=ACTOR, now_ms=now_ms))
    except TicketRefused as refused:
        fail(f"not done, {refused.reason}: {refused}")
    if json:
        say_json(as_data(taken))
    else:
        say(f"{taken.ticket} {taken.event}: {', '.join(taken.conversations)}")


def _read(given: Mapping[str, str | None], *, answered: bool) -> tickets.News:
    """What was typed, held to the same form as over HTTP."""
    typed = {name: clean_line(value) for name, value in given.items() if value is not None} | {"answered": answered}
    try:
        return TicketBody.model_validate_json(orjson.dumps(typed)).news
    except ValidationError as error:
        fail("; ".join(f"{_typed(name)}{advice}" for name, advice in problems_of(error).items()))


def _typed(name: str) -> str:
    return {"body": "", "ticket": "TICKET: "}.get(name, f"--{name}: ")
