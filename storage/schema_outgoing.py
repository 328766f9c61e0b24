"""The tables of messages out. Times and ids as in `storage.schema`."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, Table, Text, text

from storage.schema_base import Serial, metadata

outgoing = Table(
    "outgoing",
    metadata,
    Column("position", Serial, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False),
    Column("connector", Text, nullable=False),
    Column("message_id", Text),
    Column("conversation_id", Text),
    Column("brand", Text),
    Column("account", Text),
    Column("handle_kind", Text, nullable=False),
    Column("handle_value", Text, nullable=False),
    Column("handle_proof", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("automatic", Boolean, nullable=False),
    Column("subject", Text),
    Column("text", Text, nullable=False),
    Column("html", Text),
    Column("buttons", Text),
    Column("template", Text),
    Column("reply_key", Text),
    Column("reply_digest", LargeBinary),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("due_ms", BigInteger, nullable=False),
    Column("until_ms", BigInteger),
    Column("secret", Boolean, nullable=False, server_default=text("false")),
    Column("node", Text),
    Column("external_id", Text),
    Column("provider_code", Text),
    Column("error", Text),
    Column("created_ms", BigInteger, nullable=False),
    Column("first_ms", BigInteger),
    Column("ended_ms", BigInteger),
    Column("told_ms", BigInteger),
    Index("ux_outgoing_id", "id", unique=True),
    Index("ux_outgoing_reply_key", "reply_key", unique=True),
    Index(None, "conversation_id", "position"),
    Index(None, "handle_value", "created_ms"),
    Index(None, "external_id"),
    Index("ix_outgoing_open", "position", sqlite_where=text("told_ms IS NULL"), postgresql_where=text("told_ms IS NULL")),
    sqlite_autoincrement=True,
)
"""What is to be sent, and what became of it. `state` is queued, sending, sent, failed or unknown; `due_ms` is the next try
of a queued one, and of one in sending the time when nobody works on it any more. `told_ms`: when its end was accepted as
a status, which ends up in `signals`.

`buttons` and `template`, an approved one, are JSON. `reply_key`: who asked for it and by which key, so that the same request
again is known for one by `reply_digest`, that of its content.

One that answers nothing has no `message_id`, and a `brand` and an `account` of its own; without `conversation_id` it waits for
no other. From `until_ms` on it is of no use, and does not leave. The words of a `secret` one are erased when it ends."""

outgoing_parts = Table(
    "outgoing_parts",
    metadata,
    Column("connector", Text, primary_key=True),
    Column("external_id", Text, primary_key=True),
    Column("outgoing_id", Text, nullable=False),
    Index(None, "outgoing_id"),
)
"""The providers' ids of messages that left in several parts, the first one's included: what is told of a part is told of
its message."""

outgoing_files = Table(
    "outgoing_files",
    metadata,
    Column("id", Text, primary_key=True),
    Column("outgoing_id", Text, nullable=False),
    Column("place", Integer, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("filename", Text, nullable=False),
    Column("content_type", Text, nullable=False),
    Index("ux_outgoing_files_outgoing_id_place", "outgoing_id", "place", unique=True),
    Index(None, "sha256"),
)
"""The files of a message out, in the order of `place`; their bytes are in the blob store under `sha256`. Who has the signed
link of an `id` may load it: some channels take no bytes, and load files from an address."""
