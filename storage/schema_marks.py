"""The tables of what people of the shop said of messages: which category was right, and where they sent one again.
Times and ids as in `storage.schema`."""

from sqlalchemy import BigInteger, Column, Index, Table, Text

from storage.schema_base import metadata

marks = Table(
    "marks",
    metadata,
    Column("message_id", Text, primary_key=True),
    Column("category", Text, nullable=False),
    Column("staff_id", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Index(None, "at_ms"),
)
"""The category that is right for a message, as the last person to say so has it. What was decided stays as it was."""

reroutes = Table(
    "reroutes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("message_id", Text, nullable=False),
    Column("queue", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("staff_id", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Index(None, "message_id"),
)
"""A message that somebody published again to a queue of their choice, and why. `id` is that of its row in `operations`, which
says what came of it."""
