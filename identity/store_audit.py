"""Reads of the audit log."""

from collections.abc import Collection

from sqlalchemy import Connection, and_, or_, select

from identity.merging import Past
from identity.store import rows_among
from storage.schema import audit


def past(connection: Connection, customer_ids: Collection[str], since_ms: int) -> Past:
    """What was done to customers: how many others were put below each since then, and who was ever taken apart."""
    lately = and_(audit.c.action == "merged", audit.c.at_ms > since_ms)
    query = select(audit.c.action, audit.c.customer_id, audit.c.other_id).where(or_(lately, audit.c.action == "unmerged"))
    found = Past()
    for row in rows_among(connection, query, audit.c.customer_id, customer_ids):
        if row.action == "merged":
            found.merged(row.customer_id)
        else:
            found.apart.add(frozenset((row.customer_id, row.other_id)))
    return found
