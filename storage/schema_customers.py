"""The tables of customers: who they are, by which handles, and what they talk about. Times and ids as in `storage.schema`."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Table, Text

from storage.schema_base import metadata

customers = Table(
    "customers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("space", Text, nullable=False),
    Column("standing", Text, nullable=False),
    Column("name", Text),
    Column("language", Text),
    Column("tier", Text),
    Column("tags", Text, nullable=False),
    Column("crm_id", Text),
    Column("first_seen_ms", BigInteger, nullable=False),
    Column("last_seen_ms", BigInteger, nullable=False),
    Column("messages", Integer, nullable=False),
    Column("unanswered", Integer, nullable=False),
    Column("conversation_id", Text),
    Column("history", Text, nullable=False),
)
"""`standing` is verified or claimed. `messages` is also the last sequence number; `history` the last interactions (JSON):
both stand here so that a message costs one row read and one written."""

handles = Table(
    "handles",
    metadata,
    Column("key", Text, primary_key=True),
    Column("space", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("standing", Text, nullable=False),
    Column("proof", Text, nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("evidence", Text, nullable=False),
    Index(None, "customer_id"),
)
"""`key` is space, standing, kind and value in one: the verified owner of an address and its claimed customer are two rows."""

suggestions = Table(
    "suggestions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("space", Text, nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("owner_id", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Index("ux_suggestions_pair", "customer_id", "owner_id", "reason", unique=True),
)

conversations = Table(
    "conversations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("space", Text, nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("opened_ms", BigInteger, nullable=False),
    Column("last_ms", BigInteger, nullable=False),
    Column("messages", Integer, nullable=False),
    Column("channels", Text, nullable=False),
    Column("ticket", Text),
    Column("open", Boolean, nullable=False),
    Index(None, "customer_id"),
)
