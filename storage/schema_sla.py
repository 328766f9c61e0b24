"""The table of promised times. Times and ids as in `storage.schema`."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Table, Text, text

from storage.schema_base import metadata

OPEN = text("state IN ('running', 'paused')")
"""The timers that hold now. A text, since an index of a part serves those queries only that say the same."""
WAITING = text("state = 'waiting'")
NEXT = text("next_ms IS NOT NULL")

sla_timers = Table(
    "sla_timers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("conversation_id", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("brand", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("promise", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("started_ms", BigInteger, nullable=False),
    Column("promised_ms", BigInteger, nullable=False),
    Column("ahead_ms", BigInteger, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("taken_ms", BigInteger, nullable=False),
    Column("warn_ms", BigInteger, nullable=False),
    Column("due_ms", BigInteger, nullable=False),
    Column("next_ms", BigInteger),
    Column("warned", Boolean, nullable=False),
    Column("breached", Boolean, nullable=False),
    Column("ended_ms", BigInteger),
    Column("ended_by", Text),
    Column("heard_ms", BigInteger, nullable=False),
    Column("heard_ticket", Text),
    Column("calendar", Text),
    Column("ruleset", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("escalation", Text, nullable=False),
    Index("ux_sla_timers_open", "conversation_id", "promise", unique=True, sqlite_where=OPEN, postgresql_where=OPEN),
    Index(None, "conversation_id"),
    Index(None, "message_id"),
    Index(None, "started_ms"),
    Index("ix_sla_timers_waiting", "conversation_id", sqlite_where=WAITING, postgresql_where=WAITING),
    Index("ix_sla_timers_next", "next_ms", sqlite_where=NEXT, postgresql_where=NEXT),
)
"""What was promised for a conversation with the contact `message_id`, and how it goes. `promise` is first_reply, next_reply or
resolution; `state` is running, paused, ended, or waiting: a contact behind one that is not answered yet, which begins where an
answer turns out to have come before it. `version` rises with each change.

`promised_ms` is working time by `calendar` of the version `ruleset` of the rules, of which `taken_ms` had gone by at
`since_ms`, when it ran last; `ahead_ms` of it before `due_ms` is `warn_ms`. `next_ms` is when something is to be told next.
`ended_by` is reply, ticket, closed or replaced; `heard_ms` the time of what was last heard of the ticket, and
`heard_ticket` which one. `escalation` (JSON) is what the rules decided for the warning and for the end, with `owners`."""
