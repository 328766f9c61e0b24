"""The tables, for SQLite and PostgreSQL alike. Columns and opaque bytes: nothing here knows an envelope.

Times are milliseconds since 1970 in UTC (`_ms`), ids are text. The migrations in `storage/migrations` build exactly
this; a test compares the two.
"""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, SmallInteger, Table, Text, text

from storage.schema_base import Serial, metadata
from storage.schema_bridges import bridge_answers, bridge_posts, bridge_tickets
from storage.schema_console import rule_drafts, rule_hits
from storage.schema_customers import (
    audit,
    challenges,
    conversations,
    customers,
    erased,
    events,
    forgotten,
    handles,
    mentions,
    suggestions,
    ticket_events,
)
from storage.schema_faq import faq_counts
from storage.schema_kpi import kpi_changes, kpi_chunks, kpi_columns, kpi_fresh, kpi_places, kpi_seen
from storage.schema_marks import marks, reroutes
from storage.schema_notices import notice_items, notices
from storage.schema_operations import operations
from storage.schema_outgoing import outgoing, outgoing_files, outgoing_parts
from storage.schema_rules import activations, rule_nodes, rulesets, shadow_changes, shadow_runs
from storage.schema_sla import sla_timers
from storage.schema_staff import logins, staff, staff_audit
from storage.schema_surveys import surveys
from storage.schema_watch import alarms, traffic

__all__ = [
    "activations",
    "alarms",
    "attachments",
    "audit",
    "bridge_answers",
    "bridge_posts",
    "bridge_tickets",
    "challenges",
    "conversations",
    "cursors",
    "customers",
    "erased",
    "event_ids",
    "events",
    "faq_counts",
    "forgotten",
    "handles",
    "journals",
    "kpi_changes",
    "kpi_chunks",
    "kpi_columns",
    "kpi_fresh",
    "kpi_places",
    "kpi_seen",
    "local_messages",
    "logins",
    "marks",
    "mentions",
    "messages",
    "metadata",
    "notice_items",
    "notices",
    "operations",
    "outgoing",
    "outgoing_files",
    "outgoing_parts",
    "quarantine",
    "repeats",
    "reroutes",
    "rule_drafts",
    "rule_hits",
    "rule_nodes",
    "rulesets",
    "shadow_changes",
    "shadow_runs",
    "signals",
    "sla_timers",
    "staff",
    "staff_audit",
    "suggestions",
    "surveys",
    "targets",
    "ticket_events",
    "traffic",
]

event_ids = Table(
    "event_ids",
    metadata,
    Column("id", Text, primary_key=True),
    Column("journal", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    Column("digest", LargeBinary),
    Index(None, "journal", "seq"),
    sqlite_with_rowid=False,
)
"""Every event ever committed, and the journal row it came from. What decides, across nodes, who a repeat is.
`digest` is of the content, where a repeat must have the same."""

repeats = Table(
    "repeats",
    metadata,
    Column("journal", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("event_id", Text, nullable=False),
    Column("received_ms", BigInteger, nullable=False),
)

messages = Table(
    "messages",
    metadata,
    Column("id", Text, primary_key=True),
    Column("connector", Text, nullable=False),
    Column("brand", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("external_id", Text, nullable=False),
    Column("refers_to", Text),
    Column("account", Text),
    Column("handle_kind", Text, nullable=False),
    Column("handle_value", Text, nullable=False),
    Column("handle_id", Text, nullable=False, server_default=text("''")),
    Column("customer_id", Text, nullable=False),
    Column("conversation_id", Text, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("category", Text, nullable=False),
    Column("discarded_by", Text),
    Column("ruleset", Text, nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    Column("at_ms", BigInteger, nullable=False, server_default=text("0")),
    Column("awaits_answer", Boolean, nullable=False, server_default=text("false")),
    Column("repeat_of", Text),
    Column("reply_refused", Text),
    Column("cut", Boolean, nullable=False, server_default=text("false")),
    Column("envelope", LargeBinary, nullable=False),
    Column("explanation", LargeBinary, nullable=False),
    Column("raw", LargeBinary),
    Column("raw_sha256", Text, nullable=False),
    Column("raw_content_type", Text, nullable=False),
    Index(None, "external_id"),
    Index(None, "handle_id", "at_ms"),
    Index(None, "conversation_id"),
    Index(None, "received_ms"),
    Index("ix_messages_awaiting", "handle_id", sqlite_where=text("awaits_answer = 1"), postgresql_where=text("awaits_answer")),
    Index("ix_messages_raw_blob", "raw_sha256", sqlite_where=text("raw IS NULL"), postgresql_where=text("raw IS NULL")),
)
"""A message keeps the handle and the customer it was written under. Whose it is now is whose the link `handle_id` is.
`at_ms` is its place in history: when it arrived, or for what was imported when it was sent. `reply_refused`: why the answer
that a rule chose was not queued. Without `raw` the raw bytes are in the blob store under `raw_sha256`, or where that is empty,
kept no longer. `cut`: what the envelope showed of somebody who was erased since was taken out of it."""

targets = Table(
    "targets",
    metadata,
    Column("position", Serial, primary_key=True, autoincrement=True),
    Column("message_id", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("order_key", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("node", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("published_ms", BigInteger),
    Index("ux_targets_message_id_target", "message_id", "target", unique=True),
    Index(
        "ix_targets_pending",
        "position",
        sqlite_where=text("state = 'pending'"),
        postgresql_where=text("state = 'pending'"),
    ),
    sqlite_autoincrement=True,
)
"""The outbox: one row a queue an envelope goes to. `state` is pending, published or unrouted."""

attachments = Table(
    "attachments",
    metadata,
    Column("id", Text, primary_key=True),
    Column("message_id", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("filename", Text),
    Column("content_type", Text, nullable=False),
    Index(None, "message_id"),
    Index(None, "sha256"),
)
"""The files of a message; their bytes are in the blob store under `sha256`."""

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", Text, primary_key=True),
    Column("connector", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("raw_sha256", Text, nullable=False),
    Column("content_type", Text, nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    Column("attempts", SmallInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("edited", LargeBinary),
    Column("edited_sha256", Text),
    Index(None, "received_ms"),
)
"""`edited`: what somebody wrote, to be read instead of `raw`, which stays. `state` is held, redriven or discarded."""

signals = Table(
    "signals",
    metadata,
    Column("id", Text, primary_key=True),
    Column("connector", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("external_id", Text),
    Column("state", Text, nullable=False),
    Column("at_ms", BigInteger),
    Column("received_ms", BigInteger, nullable=False),
    Column("error", Text),
    Column("raw", LargeBinary, nullable=False),
    Index(None, "external_id"),
    Index(None, "received_ms"),
)
"""Statuses of what we sent, echoes, and events of accounts: everything a provider tells that is not a contact."""

journals = Table(
    "journals",
    metadata,
    Column("id", Text, primary_key=True),
    Column("accepted", BigInteger, nullable=False),
    Column("closed_ms", BigInteger, nullable=False),
)
"""Journals that were emptied and deleted, with the number of events each had accepted: the books still count them."""

cursors = Table(
    "cursors",
    metadata,
    Column("name", Text, primary_key=True),
    Column("place", Text, nullable=False),
    Column("token", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
)
"""How far each polled source and each import was read, and how far events are numbered (`storage.events`). `place` is the
source's own text; `token` is that of the lease it was moved under: a lower one moves it no more."""

local_messages = Table(
    "local_messages",
    metadata,
    Column("position", Serial, primary_key=True, autoincrement=True),
    Column("queue", Text, nullable=False),
    Column("envelope_id", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("receipt", Text),
    Column("leased_until_ms", BigInteger),
    Column("reason", Text),
    Column("dead_ms", BigInteger),
    Column("redriven", Integer, nullable=False, server_default=text("0")),
    Index("ux_local_messages_queue_envelope_id", "queue", "envelope_id", unique=True),
    Index(None, "queue", "state", "position"),
    Index("ux_local_messages_receipt", "receipt", unique=True),
    sqlite_autoincrement=True,
)
"""The queues of the embedded form. `state` is ready, leased or dead: since `dead_ms`, because of `reason`. `redriven`: how
often it was made ready again."""
