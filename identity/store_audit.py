"""Reads of the audit log."""

from collections import Counter
from collections.abc import Collection

from sqlalchemy import Connection, and_, or_, select

from identity.merging import Past
from identity.store import rows_among
from storage.schema import audit, customers


def past(connection: Connection, top_ids: Collection[str], since_ms: int) -> Past:
    """What was done to customers: how many others were put below each since then, and who of those below them now was ever
    taken apart from whom."""
    below = select(customers.c.id, customers.c.root_id).where(customers.c.merged_into.is_not(None))
    found = Past(tops={id_: id_ for id_ in top_ids})
    found.tops |= {row.id: row.root_id for row in rows_among(connection, below, customers.c.root_id, top_ids)}
    lately = and_(audit.c.action == "merged", audit.c.at_ms > since_ms)
    query = (
        select(audit.c.action, audit.c.customer_id, audit.c.other_id, customers.c.merged_into)
        .join(customers, customers.c.id == audit.c.other_id, isouter=True)
        .where(or_(lately, audit.c.action == "unmerged"))
    )
    standing: set[tuple[str, str]] = set()
    for row in rows_among(connection, query, audit.c.customer_id, list(found.tops)):
        if row.action == "unmerged":
            found.apart.append((row.customer_id, row.other_id))
        elif row.merged_into == row.customer_id:  # one that was undone is as if it had never been
            standing.add((row.customer_id, row.other_id))
    found.merges = dict(Counter(top for top, _ in standing))
    return found
