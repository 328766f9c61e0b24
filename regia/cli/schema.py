"""`regia schema`: the published contracts."""

from enum import StrEnum

import orjson
import typer

from normalizer import envelope, event
from regia.asyncapi import asyncapi
from regia.http.openapi import openapi
from router import schema as rules


class Which(StrEnum):
    asyncapi = "asyncapi"
    envelope = "envelope"
    event = "event"
    openapi = "openapi"
    rules = "rules"


def schema(which: Which) -> None:
    """Print a contract as JSON: the JSON Schema of the envelope, the events or rules files, the HTTP interface's OpenAPI
    description, or the AsyncAPI description of what lies in the queues on RabbitMQ."""
    made = {
        Which.asyncapi: asyncapi,
        Which.envelope: envelope.json_schema,
        Which.event: event.json_schema,
        Which.openapi: openapi,
        Which.rules: rules.json_schema,
    }
    typer.echo(orjson.dumps(made[which](), option=orjson.OPT_INDENT_2).decode())
