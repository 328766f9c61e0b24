"""The tables of notices: what is to be told to whom, and what was. Times and ids as in `storage.schema`."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, Table, Text, text

from storage.schema_base import Serial, metadata

notice_items = Table(
    "notice_items",
    metadata,
    Column("position", Serial, primary_key=True, autoincrement=True),
    Column("list", Text, nullable=False),
    Column("urgent", Boolean, nullable=False),
    Column("what", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("promise", Text),
    Column("due_ms", BigInteger),
    Column("entered_ms", BigInteger, nullable=False),
    Column("notice_id", Text),
    Index(
        "ix_notice_items_waiting",
        "list",
        "urgent",
        "position",
        sqlite_where=text("notice_id IS NULL"),
        postgresql_where=text("notice_id IS NULL"),
    ),
    Index(None, "message_id"),
    Index(
        "ix_notice_items_told",
        "notice_id",
        sqlite_where=text("notice_id IS NOT NULL"),
        postgresql_where=text("notice_id IS NOT NULL"),
    ),
    sqlite_autoincrement=True,
)
"""What a list is to be told: a contact, or that a response time is about to be missed, or was (`what`: contact, warning or
breach; of these `promise` and `due_ms`). `urgent`: at once, and not with a digest. Without `notice_id` it waits."""

notices = Table(
    "notices",
    metadata,
    Column("id", Text, primary_key=True),
    Column("list", Text, nullable=False),
    Column("urgent", Boolean, nullable=False),
    Column("kind", Text, nullable=False),
    Column("items", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("outgoing", Text, nullable=False),
    Column("body", LargeBinary),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("due_ms", BigInteger),
    Column("error", Text),
    Column("created_ms", BigInteger, nullable=False),
    Column("ended_ms", BigInteger),
    Index(None, "list", "created_ms"),
    Index(None, "created_ms"),
    Index("ix_notices_open", "due_ms", sqlite_where=text("state = 'open'"), postgresql_where=text("state = 'open'")),
)
"""What was told, one row a notice. `kind` is single, digest or flood (a digest since there were too many single ones); `state`
is open, sent or failed. `outgoing` (JSON) are the ids of the messages out it left as, none for a webhook: that has its `body`
until it was taken, or a contact of it erased, and the time of its next try."""
