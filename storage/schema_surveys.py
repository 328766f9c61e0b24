"""The table of surveys. Times and ids as in `storage.schema`."""

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text, text

from storage.schema_base import metadata

surveys = Table(
    "surveys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("ticket_event", Text, nullable=False),
    Column("brand", Text, nullable=False),
    Column("ticket", Text, nullable=False),
    Column("agent", Text),
    Column("category", Text),
    Column("product", Text),
    Column("reason", Text),
    Column("conversation_id", Text, nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("skipped", Text),
    Column("due_ms", BigInteger, nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    Column("handle_id", Text, nullable=False),
    Column("message_id", Text),
    Column("connector", Text),
    Column("channel", Text),
    Column("language", Text),
    Column("form", Text),
    Column("asked", Integer, nullable=False, server_default=text("0")),
    Column("asked_ms", BigInteger),
    Column("question_ms", BigInteger),
    Column("closed_ms", BigInteger),
    Column("answers", Text, nullable=False, server_default=text("'{}'")),
    Index("ux_surveys_ticket_event", "ticket_event", unique=True),
    Index(None, "state", "due_ms"),
    Index(None, "handle_id"),
    Index(None, "conversation_id"),
    Index(None, "received_ms"),
)
"""Questions to customers after their ticket was closed, one row for each time that it was. `state` is planned, asked, answered,
partly, expired or skipped, then because of `skipped`. `due_ms`: when it is to be asked, and of one that was asked, until when
it is open. `handle_id` is the link of who is asked, and so says whose it is now; `customer_id` is whose it was then. `form` is
page or questions, `asked` how many of these went out, the last of them at `question_ms`. `answers` (JSON) has what was
answered, words too."""
