"""The tables of bridges to ticket systems. Times and ids as in `storage.schema`."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Table, Text, text

from storage.schema_base import metadata

bridge_posts = Table(
    "bridge_posts",
    metadata,
    Column("bridge", Text, primary_key=True),
    Column("message_id", Text, primary_key=True),
    Column("ticket", Text),
    Column("begun_ms", BigInteger, nullable=False),
    Index(None, "message_id"),
    Index(None, "bridge", "ticket"),
)
"""Contacts that a bridge has put into its ticket system, or began to: then `ticket` is empty, and whether the system has it is
asked of the system."""

bridge_tickets = Table(
    "bridge_tickets",
    metadata,
    Column("bridge", Text, primary_key=True),
    Column("ticket", Text, primary_key=True),
    Column("conversation_id", Text, nullable=False),
    Column("closed", Boolean, nullable=False),
    Column("paused", Boolean, nullable=False, server_default=text("false")),
    Column("agent", Text),
    Column("opened_ms", BigInteger, nullable=False),
    Column("told_ms", BigInteger, nullable=False),
    Index(None, "conversation_id"),
)
"""The tickets that a bridge has opened, by the ticket system's own numbers, and how it saw them last. `told_ms` is the
time of what was told of it last: what the bridge sees afterwards came after that, whatever the ticket system's clock says."""

bridge_answers = Table(
    "bridge_answers",
    metadata,
    Column("bridge", Text, primary_key=True),
    Column("outgoing_id", Text, primary_key=True),
    Column("ticket", Text, nullable=False),
)
"""Answers of agents that are on their way: when one does not arrive, its ticket is told."""
