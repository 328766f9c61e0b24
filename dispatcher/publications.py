"""A row of the outbox as what is published of it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from dispatcher.base import Publication
from dispatcher.options import Layout
from storage.outbox import OutboxRow


def publication_of(row: OutboxRow, envelope_type: str, relay: str) -> Publication:
    """The attempt that the row's `attempts` counts, by the relay that calls itself `relay`. `envelope_type` is the AMQP type of
    stored envelopes."""
    return Publication(
        envelope_id=row.message_id,
        brand=row.brand,
        target=row.target,
        channel=row.channel,
        body=row.body,
        type=envelope_type,
        correlation_id=row.conversation_id,
        timestamp=datetime.fromtimestamp(row.received_ms / 1000, UTC),
        attempt=row.attempts,
        relay=relay,
    )


def prioritised(publication: Publication, layout: Layout, priority_of: Callable[[bytes], int] | None) -> Publication:
    """The same with the priority of its body, as far as its queue has priorities."""
    highest = layout.priorities_of(publication.queue)
    if highest is None or priority_of is None:
        return publication
    return replace(publication, priority=min(highest, priority_of(publication.body)))
