"""`regia schema`: the published contracts."""

from enum import StrEnum

import orjson
import typer

from normalizer.envelope import json_schema
from regia.http.openapi import openapi


class Which(StrEnum):
    envelope = "envelope"
    openapi = "openapi"


def schema(which: Which) -> None:
    """Print a contract as JSON: the envelope's JSON Schema, or the HTTP interface's OpenAPI description."""
    data = json_schema() if which is Which.envelope else openapi()
    typer.echo(orjson.dumps(data, option=orjson.OPT_INDENT_2).decode())
