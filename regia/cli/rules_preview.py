"""`regia rules preview`: what a customer would read, by a template of the rules."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from uuid import UUID

import orjson
import typer
from sqlalchemy import Connection

from normalizer.envelope_data import rfc3339
from normalizer.inbound import reference_number
from regia.cli.common import ConfigOption, fail
from regia.cli.rules_check import Brand, Files, one_of
from regia.cli.standing import standing
from regia.cli.stored import read
from regia.links import Links
from regia.templating import Values, values
from router.answers import Answer, NotRendered
from router.reading import suggestion
from router.ruleset import Ruleset
from router.vocabulary import Facts, FactType, Value
from storage import lookup

_SAMPLE: Final[Mapping[FactType, Value]] = {"number": 89.9, "boolean": True, "date": "2026-11-30"}


def preview(
    template: Annotated[str, typer.Argument(help="The name of a template.")],
    files: Files = None,
    language: Annotated[
        str | None, typer.Option(help="Only this one; without it all, or that of the message.", metavar="it|en|…")
    ] = None,
    message: Annotated[
        str | None, typer.Option(help="The id of a stored envelope, whose values are taken.", metavar="ID")
    ] = None,
    config: ConfigOption = None,
    *,
    brand: Brand = None,
) -> None:
    """Show a template with sample values, or with those of a stored message. Nothing is sent."""
    rules = one_of(files, config, brand)
    found = rules.answers.templates.get(template)
    if found is None:
        hint = suggestion(template, rules.answers.templates)
        fail(f"there is no template {template!r}{f' ({hint})' if hint else ''}", status=2)
    if language is not None and language not in found.texts:
        fail(f"{template!r} has no {language!r}: {', '.join(found.texts)}", status=2)
    facts, own = _sample(rules) if message is None else _stored(rules, message, config)
    wanted = [language] if language or message else list(found.texts)
    for one in wanted:
        try:
            _show(rules.answers.render(template, facts, own, one))
        except NotRendered as error:
            fail(f"it cannot be rendered: {error}")


def _show(answer: Answer) -> None:
    typer.echo(f"--- {answer.language}")
    if answer.subject is not None:
        typer.echo(f"Subject: {answer.subject}\n")
    typer.echo(f"{answer.text}\n")
    if (approved := answer.approved) is not None:
        typer.echo(f"WhatsApp: {approved.name} ({approved.language}) {', '.join(approved.parameters)}".rstrip() + "\n")


def _sample(rules: Ruleset) -> Values:
    fields = {f"fields.{name}": _SAMPLE.get(kind, name) for name, kind in rules.fields.items()}
    facts: Facts = {"brand": "demo", "subject": "Padella rotta", "received": rfc3339(datetime.now(UTC)), **fields}
    category = rules.categories[rules.default].label
    reference = reference_number(UUID(int=2**127 + 2**100))
    own = {"reference": reference, "name": "Anna Bianchi", "category": category, "ticket": "T-1042"}
    return facts, {**own, "state_url": "https://regia.example/state/…"}


def _stored(rules: Ruleset, message_id: str, config: ConfigOption) -> Values:
    """The values of a stored envelope, as these rules declare its fields."""
    settings = standing(config).settings
    data = read(settings, lambda connection: _data(connection, message_id))
    links = Links(settings.server.base_url, settings.links_key.get_secret_value().encode())
    return values(rules, message_id, data, settings.policy, links)


def _data(connection: Connection, message_id: str) -> dict[str, Any]:
    row = lookup.message(connection, message_id)
    if row is None:
        fail("there is no committed message of that id")
    data: dict[str, Any] = orjson.loads(row["envelope"])["data"]
    return data
