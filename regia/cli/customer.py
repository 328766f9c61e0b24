"""`regia customer`: who writes, what is known of them, and what was done to them."""

import re
import time
from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from identity.views import log, lookup, timeline
from identity.views.profile import profile
from normalizer.values import Invalid
from regia.cli import customer_acts, customer_again, customer_leaving, customer_lines, customer_proofs
from regia.cli.common import ConfigOption, fail
from regia.cli.customer_common import CursorOption, IdArgument, JsonOption, LimitOption, look, say, say_json, say_page
from regia.cli.standing import standing
from regia.compose import Configured
from regia.shown import as_data

app = typer.Typer(no_args_is_help=True, help="Who writes, and what is known of them.")

_REGION: Final = re.compile(r"[A-Z]{2}", re.ASCII)
_DAY: Final = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]


@app.command()
def show(
    customer: Annotated[str, typer.Argument(metavar="ID|KIND", help="The customer's id; or the kind of an address.")],
    value: Annotated[str | None, typer.Argument(help="The address, such as anna@example.it after email.")] = None,
    *,
    brand: Annotated[str | None, typer.Option(help="Of the address; without it all.")] = None,
    region: Annotated[str, typer.Option(help="Country of a number without a prefix (ISO 3166).")] = lookup.REGION,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Everything about a customer; or by an address whose it is, who claims it, and whose it was."""
    found = standing(config)
    if value is not None:
        _by_address(found, customer, value, [brand] if brand else sorted(found.brands), region, json=json)
        return
    policy, now_ms = found.settings.policy, time.time_ns() // 1_000_000
    one = look(found.settings, lambda connection: profile(connection, customer, policy=policy, now_ms=now_ms))
    if json:
        say_json(as_data(one))
        return
    if one.merged_into is not None:
        say(f"{'merged into':16} {one.merged_into}")
    for line in customer_lines.profile(one):
        say(line)


def _by_address(found: Configured, kind: str, value: str, brands: list[str], region: str, *, json: bool) -> None:
    if not _REGION.fullmatch(region):
        fail("--region: two capital letters (ISO 3166), such as IT")
    try:
        answer = look(found.settings, lambda connection: lookup.find(connection, brands, kind, value, region))
    except Invalid as invalid:
        fail(f"this is no address of that kind: {invalid.problem.advice()}")
    if json:
        say_json(as_data(answer))
        return
    lines = list(customer_lines.found(answer))
    for line in lines:
        say(line)
    if not lines:
        fail("nobody has, claims or had this address")


@app.command("timeline")
def timeline_(
    customer: IdArgument,
    *,
    since: Annotated[datetime | None, typer.Option(formats=_DAY, help="From this time on, in UTC.")] = None,
    until: Annotated[datetime | None, typer.Option(formats=_DAY, help="Before this time, in UTC.")] = None,
    channel: Annotated[str | None, typer.Option(help="Only this channel.")] = None,
    limit: LimitOption = 50,
    cursor: CursorOption = None,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """What a customer wrote and what went out to them, newest first."""
    only = timeline.Only(since_ms=_ms(since), until_ms=_ms(until), channel=channel)
    settings = standing(config).settings
    page = look(settings, lambda connection: timeline.timeline(connection, customer, only, cursor=cursor, limit=limit))
    say_page("messages", page, customer_lines.moment, json=json)


@app.command()
def audit(
    customer: IdArgument,
    *,
    limit: LimitOption = 50,
    cursor: CursorOption = None,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """What was done to a customer, to those below, and to others with them, newest first."""
    settings = standing(config).settings
    page = look(settings, lambda connection: log.log(connection, customer, cursor=cursor, limit=limit))
    say_page("acts", page, customer_lines.act, json=json)


def _ms(at: datetime | None) -> int | None:
    return None if at is None else int(at.replace(tzinfo=UTC).timestamp() * 1000)


app.command("set")(customer_acts.set_)
app.command()(customer_acts.merge)
app.command()(customer_acts.unmerge)
app.command()(customer_acts.release)
app.command()(customer_acts.suggestions)
app.command()(customer_leaving.export)
app.command("erase")(customer_leaving.leave)
app.command()(customer_again.erased)
app.command()(customer_again.erase_again)
app.command()(customer_proofs.prove)
app.command()(customer_proofs.answer)
