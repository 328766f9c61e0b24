"""Reads of the audit log."""

from collections.abc import Collection

from sqlalchemy import Connection, func, select

from identity.store import rows_among
from storage.schema import audit


def merges_since(connection: Connection, customer_ids: Collection[str], since_ms: int) -> dict[str, int]:
    """Customer to how many others were put below it since then."""
    query = select(audit.c.customer_id, func.count().label("merges"))
    query = query.where(audit.c.action == "merged", audit.c.at_ms > since_ms).group_by(audit.c.customer_id)
    return {row.customer_id: row.merges for row in rows_among(connection, query, audit.c.customer_id, customer_ids)}
