"""`regia schema`: the published contracts."""

from enum import StrEnum

import orjson
import typer

from normalizer import envelope, event
from regia.http.openapi import openapi


class Which(StrEnum):
    envelope = "envelope"
    event = "event"
    openapi = "openapi"


def schema(which: Which) -> None:
    """Print a contract as JSON: the envelope's or the events' JSON Schema, or the HTTP interface's OpenAPI description."""
    made = {Which.envelope: envelope.json_schema, Which.event: event.json_schema, Which.openapi: openapi}
    typer.echo(orjson.dumps(made[which](), option=orjson.OPT_INDENT_2).decode())
