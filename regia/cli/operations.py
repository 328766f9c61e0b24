"""`regia operations`: who did what to accepted messages by hand."""

import json
from typing import Annotated

import orjson
import typer

from regia.cli.common import ConfigOption
from regia.cli.customer_common import say
from regia.cli.standing import standing
from regia.cli.stored import read
from regia.http.dead import operation_data
from storage import operations as log


def operations(
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="One object a line.")] = False,
    config: ConfigOption = None,
) -> None:
    """Replays, and what was driven again, edited or discarded: newest first, with who, how many, what was chosen and how it
    ended."""
    for row in read(standing(config).settings, lambda connection: log.listed(connection, limit=limit)):
        data = operation_data(row)
        if as_json:
            typer.echo(orjson.dumps(data).decode())
            continue
        chosen, more = (json.dumps(part, ensure_ascii=False) for part in (row.selection, row.detail))
        say(f"{data['begun_at']} {row.action:18} {row.state:8} {row.done:8} by {row.actor}: {chosen} {more}")
