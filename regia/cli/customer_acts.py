"""What a person does to customers on the command line: say something of them, merge, unmerge, decide suggestions."""

from typing import Annotated, Any

import typer
from sqlalchemy import Connection

from identity import decisions, links, merges
from identity.facts import BadFacts, read_facts
from identity.profiles import set_facts
from identity.views import queue
from identity.views.tops import top_of
from regia.cli import customer_lines
from regia.cli.common import ConfigOption, fail
from regia.cli.customer_common import (
    CursorOption,
    IdArgument,
    JsonOption,
    LimitOption,
    act,
    look,
    say,
    say_json,
    say_page,
)
from regia.cli.standing import standing
from regia.settings import Settings
from regia.shown import changed

_BACK = "Empty takes it back."


def set_(
    customer: IdArgument,
    *,
    name: Annotated[str | None, typer.Option(help=_BACK)] = None,
    language: Annotated[str | None, typer.Option(help=f"Two letters (ISO 639-1). {_BACK}")] = None,
    tier: Annotated[str | None, typer.Option(help=_BACK)] = None,
    tag: Annotated[list[str] | None, typer.Option(help=f"All tags, each with a --tag of its own. {_BACK}")] = None,
    competence: Annotated[str | None, typer.Option(help=f"A word of yours. {_BACK}")] = None,
    crm_id: Annotated[str | None, typer.Option(help=f"The id in a system of yours. {_BACK}")] = None,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Say what you know of a customer, as an agent does."""
    said = {"name": name, "language": language, "tier": tier, "tags": tag or None, "competence": competence}
    said |= {"crm_id": crm_id}
    try:
        values = read_facts({field: value for field, value in said.items() if value is not None})
    except BadFacts as bad:
        fail(
            "; ".join(f"--{field.replace('tags', 'tag').replace('_', '-')} {advice}" for field, advice in bad.problems.items())
        )
    if not values:
        fail("name what to set: --name, --language, --tier, --tag, --competence or --crm-id")
    settings = standing(config).settings
    done = act(settings, lambda connection, so: set_facts(connection, customer, "agent", values, **so))
    if json:
        say_json(changed(done))
        return
    say(f"{done.customer_id} {', '.join(done.fields) or 'nothing'} changed")
    if done.proved is not None and "crm_id" not in done.fields:
        guard = f", for {done.proved.guard}" if done.proved.guard else ""
        say(f"the CRM id is {done.proved.customer_id}'s: {done.proved.outcome}{guard}; see regia customer suggestions")


def merge(
    customer: IdArgument,
    other: Annotated[str, typer.Argument(metavar="OTHER_ID")],
    *,
    top: Annotated[str | None, typer.Option(help="Which of the two comes out on top; without it as by itself.")] = None,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Two customers are one. It can be undone: see unmerge."""

    def work(connection: Connection, so: dict[str, Any]) -> tuple[str, str]:
        done = merges.merge(connection, customer, other, top=top, **so)
        return done, top_of(connection, customer).id

    done, above = act(standing(config).settings, work)
    if json:
        say_json({"act": done, "customer": above})
    else:
        say(f"{done} {above} is on top")


def unmerge(customer: IdArgument, *, json: JsonOption = False, config: ConfigOption = None) -> None:
    """Take a customer, with everybody below, out from under the one it was put below."""
    done = act(standing(config).settings, lambda connection, so: merges.unmerge(connection, customer, **so))
    if json:
        say_json({"act": done, "customer": customer})
    else:
        say(f"{done} {customer} is on its own")


def release(
    link: Annotated[str, typer.Argument(metavar="LINK_ID", help="As `show` has it: hdl_…")],
    *,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """An address is its owner's no more: whoever writes from it next is somebody new."""

    def work(connection: Connection, so: dict[str, Any]) -> str:
        return links.release(connection, link, actor=so["actor"], now_ms=so["now_ms"])

    owner = act(standing(config).settings, work)
    if json:
        say_json({"customer": owner, "link": link})
    else:
        say(f"{link} is {owner}'s no more")


def suggestions(
    *,
    accept: Annotated[str | None, typer.Option(metavar="ID", help="The two are one: merge them.")] = None,
    reject: Annotated[str | None, typer.Option(metavar="ID", help="The two are not one.")] = None,
    brand: Annotated[str | None, typer.Option(help="Only of this brand.")] = None,
    reason: Annotated[str | None, typer.Option(help=f"Only with this reason: {', '.join(queue.REASONS)}.")] = None,
    state: Annotated[queue.State, typer.Option(help="Which.")] = "open",
    limit: LimitOption = 50,
    cursor: CursorOption = None,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Who may be one customer, the most likely first; or decide one of them."""
    settings = standing(config).settings
    if accept and reject:
        fail("give either --accept or --reject")
    if accept or reject:
        _decide(settings, accept, reject, json=json)
        return
    if reason not in (None, *queue.REASONS):
        fail(f"--reason: one of {', '.join(queue.REASONS)}")
    page = look(
        settings,
        lambda connection: queue.queue(connection, space=brand, reason=reason, state=state, cursor=cursor, limit=limit),
    )
    say_page("suggestions", page, customer_lines.suggestion, json=json)


def _decide(settings: Settings, accept: str | None, reject: str | None, *, json: bool) -> None:
    if accept is not None:
        done = act(settings, lambda connection, so: decisions.accept(connection, accept, **so))
        if json:
            say_json({"act": done.act, "customer": done.customer_id})
        else:
            say(f"{done.act} {done.customer_id} is on top")
    elif reject is not None:
        act(settings, lambda connection, so: decisions.reject(connection, reject, actor=so["actor"], now_ms=so["now_ms"]))
        if json:
            say_json({"rejected": True})
        else:
            say(f"{reject} rejected")
