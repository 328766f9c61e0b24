"""Templates of the rules for `regia reply`: which one, by which rules, and what a customer would read."""

from collections.abc import Sequence

import orjson
import typer

from desk.refusals import Refused
from desk.replies import Channels
from desk.wording import Chosen, Worded
from regia.cli.common import fail
from regia.cli.rules_stored import deciding
from regia.cli.stored import read
from regia.compose import Configured
from regia.replying import channels
from regia.rules.live import Rules
from storage import lookup


def with_templates(found: Configured) -> Channels:
    """What replies must know, with the words of the rules that decide."""
    rules = Rules(live={brand: deciding(found.settings, found.rules, brand) for brand in found.rules.live})
    return channels(found, lambda: rules)


def chosen(name: str, fields: Sequence[str], language: str | None) -> Chosen:
    """`fields` are written `name=value`; otherwise the command ends."""
    pairs = [field.partition("=") for field in fields]
    if wrong := next((field for field, (_, sign, _) in zip(fields, pairs, strict=True) if not sign), None):
        fail(f"write --field name=value, not {wrong!r}", status=2)
    return Chosen(name=name, fields=tuple(sorted((one, value) for one, _, value in pairs)), language=language)


def show(found: Configured, known: Channels, message_id: str, template: Chosen) -> None:
    """Print what would be sent for a stored message. Ends the command where nothing would."""
    row = read(found.settings, lambda connection: lookup.message(connection, message_id))
    if row is None:
        fail("there is no committed message of that id")
    try:
        said = known.render(row["id"], orjson.loads(row["envelope"])["data"], template)
    except Refused as refused:
        fail(f"{refused.reason}: {refused}")
    _print(said)


def _print(said: Worded) -> None:
    if said.subject is not None:
        typer.echo(f"Subject: {said.subject}\n")
    typer.echo(said.text)
    if said.approved is not None:
        words = ", ".join(said.approved.parameters)
        typer.echo(f"\nWhatsApp: {said.approved.name} ({said.approved.language}){f': {words}' if words else ''}")
