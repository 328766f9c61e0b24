"""What the contacts of a timeline gathered in fields: order numbers, products, what a flow asked for."""

from collections.abc import Collection, Mapping

import orjson
from sqlalchemy import Connection, select

from storage.bulk import among, ids_parameter
from storage.schema import messages
from web.console.message import Fact, fields_of


def gathered(connection: Connection, ids: Collection[str]) -> Mapping[str, tuple[Fact, ...]]:
    """The fields of messages that have some, by message."""
    if not ids:
        return {}
    query = select(messages.c.id, messages.c.envelope).where(among(connection, messages.c.id))
    found = {
        row.id: tuple(fact for fact in fields_of(orjson.loads(row.envelope)["data"]) if fact.value)
        for row in connection.execute(query, ids_parameter(connection, ids))
    }
    return {id_: facts for id_, facts in found.items() if facts}
