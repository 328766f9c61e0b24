"""Reads of the audit log."""

from collections.abc import Collection
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Row, and_, or_, select

from identity.merging import Past
from identity.people import handle_key
from identity.store import rows_among
from normalizer.inbound import Handle
from storage.schema import audit, customers, handles

_ENDED: Final = select(handles.c.customer_id, handles.c.space, handles.c.kind, handles.c.value).where(
    handles.c.ended_ms.is_not(None), handles.c.standing == "verified"
)


def past(connection: Connection, top_ids: Collection[str], since_ms: int) -> Past:
    """What was done to customers: when others were put below each of them, or below those who stand below it, since then;
    who of them was ever taken apart from whom, and which addresses they had once.

    Acts are looked for by who was put below or taken out, and counted for whoever is at the top now: a merge goes with its
    home.
    """
    below = select(customers.c.id, customers.c.root_id).where(customers.c.merged_into.is_not(None))
    found = Past(since_ms, tops={id_: id_ for id_ in top_ids})
    found.tops |= {row.id: row.root_id for row in rows_among(connection, below, customers.c.root_id, top_ids)}
    lately = and_(audit.c.action == "merged", audit.c.at_ms > since_ms)
    query = (
        select(audit.c.action, audit.c.customer_id, audit.c.other_id, audit.c.detail, audit.c.at_ms, customers.c.merged_into)
        .join(customers, customers.c.id == audit.c.other_id, isouter=True)
        .where(or_(lately, audit.c.action == "unmerged"))
    )
    standing: dict[str, int] = {}
    for row in rows_among(connection, query, audit.c.other_id, list(found.tops)):
        if row.action == "unmerged":
            found.apart += [(id_, row.other_id) for id_ in {row.customer_id, _above(row)}]
        elif row.merged_into == _above(row):  # one that was undone is as if it had never been
            standing[row.other_id] = max(row.at_ms, standing.get(row.other_id, 0))
    for id_, at_ms in standing.items():
        found.merges.setdefault(found.tops[id_], []).append(at_ms)
    found.ended = {(row.customer_id, _key(row)) for row in rows_among(connection, _ENDED, handles.c.customer_id, top_ids)}
    return found


def _above(row: Row[Any]) -> str:
    """Whom a customer was put below, or taken out from under: somebody below the top, where the log says so."""
    above: str = orjson.loads(row.detail)["above"] if row.detail else row.customer_id
    return above


def _key(row: Row[Any]) -> str:
    return handle_key(row.space, "verified", Handle(row.kind, row.value, "verified"))
