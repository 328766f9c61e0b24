"""How queues fill: what went into them lately, and how long their first message has been there."""

from sqlalchemy import Connection, func, select

from storage.schema import local_messages, messages, targets


def published_since(connection: Connection, since_ms: int) -> dict[tuple[str, str], int]:
    """How many of the messages that came in since then were published to each brand and target, over all nodes. Older ones that
    were waiting, and replays, are not among them: nothing orders publishes by their time."""
    joined = targets.join(messages, messages.c.id == targets.c.message_id)
    query = select(messages.c.brand, targets.c.target, func.count()).select_from(joined)
    query = query.where(messages.c.received_ms >= since_ms, targets.c.published_ms.is_not(None))
    rows = connection.execute(query.group_by(messages.c.brand, targets.c.target))
    return {(brand, target): number for brand, target, number in rows}


def oldest_local(connection: Connection) -> dict[str, int]:
    """When the first message of each embedded queue was received, leaving dead ones out."""
    table = local_messages.c
    first = select(table.queue, func.min(table.position).label("position")).where(table.state != "dead").group_by(table.queue)
    firsts = first.subquery()
    joined = firsts.join(local_messages, table.position == firsts.c.position).join(messages, messages.c.id == table.envelope_id)
    query = select(firsts.c.queue, messages.c.received_ms).select_from(joined)
    return dict(connection.execute(query).all())
