"""The tables of customers: who they are, by which handles, and what they talk about. Times and ids as in `storage.schema`."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, Table, Text, text

from storage.schema_base import Serial, metadata

KEPT = text("reason <> 'same_words'")
"""The mentions that stay as long as their link. A text, since an index of a part serves those queries only that say the
same."""

SHORT_NAME = text("length(name) <= 200")
"""The names that are looked for. A longer one is no name, and PostgreSQL refuses long values in an index."""

customers = Table(
    "customers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("space", Text, nullable=False),
    Column("standing", Text, nullable=False),
    Column("root_id", Text, nullable=False),
    Column("merged_into", Text),
    Column("name", Text),
    Column("language", Text),
    Column("tier", Text),
    Column("tags", Text, nullable=False),
    Column("crm_id", Text),
    Column("facts", Text, nullable=False),
    Column("own_facts", Text),
    Column("first_seen_ms", BigInteger, nullable=False),
    Column("last_seen_ms", BigInteger, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("messages", Integer, nullable=False),
    Column("unanswered", Integer, nullable=False),
    Column("conversation_id", Text),
    Column("history", Text, nullable=False),
    Index(
        "ix_customers_merged",
        "root_id",
        sqlite_where=text("merged_into IS NOT NULL"),
        postgresql_where=text("merged_into IS NOT NULL"),
    ),
    Index("ix_customers_named", "name", "root_id", sqlite_where=SHORT_NAME, postgresql_where=SHORT_NAME),
)
"""`standing` is verified or claimed. A merged customer stands below `merged_into`; `root_id` is the one at the top, itself
where it is not merged. `sequence` is the last number given; `messages` counts what its handles wrote; `history` are the last
contacts and answers of people (JSON): they stand here so that a message costs one row read and one written. `facts` (JSON)
say which source gave what, of everybody below; `own_facts`, only where somebody was merged into it, what came by its own
handles."""

handles = Table(
    "handles",
    metadata,
    Column("id", Text, primary_key=True),
    Column("key", Text),
    Column("space", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("standing", Text, nullable=False),
    Column("proof", Text, nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("home_id", Text, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("seen_ms", BigInteger, nullable=False),
    Column("ended_ms", BigInteger),
    Column("ended_by", Text),
    Column("evidence", Text, nullable=False),
    Index("ux_handles_key", "key", unique=True),
    Index(
        "ix_handles_ended",
        "value",
        sqlite_where=text("ended_ms IS NOT NULL"),
        postgresql_where=text("ended_ms IS NOT NULL"),
    ),
    Index(None, "customer_id"),
    Index(None, "value", "customer_id", postgresql_ops={"value": "text_pattern_ops"}),
)
"""The links: one row for each time that an address belonged to somebody. `key` is space, standing, kind and value in one (the
verified owner of an address and its claimed customer are two rows), and NULL once the link has ended. `home_id` is the
customer it was proven for, `customer_id` the one at the top of that one's merges. `seen_ms` is exact to a day."""

suggestions = Table(
    "suggestions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("space", Text, nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("owner_id", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("score", Integer, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("decided_ms", BigInteger),
    Index("ux_suggestions_pair", "customer_id", "owner_id", "reason", unique=True),
    Index(None, "owner_id"),
    Index(None, "state", "score"),
)
"""Pairs of customers who may be one. `score` is from 0 to 100, `evidence` the message that named them both; `state` is open,
accepted or rejected."""

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
    Column("split", Boolean, nullable=False, server_default=text("false")),
    Index(None, "customer_id"),
)
"""`split`: an unmerge left it with words of two customers, so that nobody goes on in it. `ticket` and `open` are what
`ticket_events` come to, until somebody answers."""

ticket_events = Table(
    "ticket_events",
    metadata,
    Column("position", Serial, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False),
    Column("space", Text, nullable=False),
    Column("ticket", Text, nullable=False),
    Column("conversation_id", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("agent", Text),
    Column("product", Text),
    Column("reason", Text),
    Column("url", Text),
    Column("answered", Boolean, nullable=False, server_default=text("false")),
    Column("actor", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    Index("ux_ticket_events_id", "id", unique=True),
    Index(None, "ticket", "at_ms"),
    Index(None, "conversation_id"),
    Index(None, "received_ms"),
    sqlite_autoincrement=True,
)
"""What ticket systems told, one row for each conversation it is about; only ever added to. `id` is made from all that was
told, so that a repeat has the same. `event` is opened, assigned, updated, paused, resumed, closed or reopened; `at_ms` is when
it happened there, `position` the order in which it came here, `actor` who told it. `answered`: the customer has been answered
there."""

mentions = Table(
    "mentions",
    metadata,
    Column("key", Text, primary_key=True),
    Column("handle_id", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Index("ix_mentions_kept", "handle_id", sqlite_where=KEPT, postgresql_where=KEPT),
    Index(None, "reason", "at_ms"),
)
"""Who wrote the same: order numbers, words, names. `key` is a hash of what was written. Words are kept for days only, so that
those of a link are found by going through them all: every message would write into another page of an index."""

audit = Table(
    "audit",
    metadata,
    Column("position", Serial, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("action", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("other_id", Text),
    Column("handle_id", Text),
    Column("detail", Text),
    Index("ux_audit_id", "id", unique=True),
    Index(None, "customer_id"),
    Index(None, "other_id"),
    sqlite_autoincrement=True,
)
"""What was done to customers and their links, by whom. Only ever added to, and ids only: nothing here names a person."""

events = Table(
    "events",
    metadata,
    Column("position", Serial, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("number", BigInteger),
    Column("published_ms", BigInteger),
    Index("ux_events_id", "id", unique=True),
    Index("ux_events_number", "number", unique=True),
    Index("ix_events_new", "position", sqlite_where=text("number IS NULL"), postgresql_where=text("number IS NULL")),
    Index("ix_events_open", "number", sqlite_where=text("published_ms IS NULL"), postgresql_where=text("published_ms IS NULL")),
    sqlite_autoincrement=True,
)
"""What is told to whoever follows: CloudEvents. `position` is in the order of inserting; `number`, given after the commit
(`storage.events`), is the place in the feed, and NULL until then."""

challenges = Table(
    "challenges",
    metadata,
    Column("id", Text, primary_key=True),
    Column("customer_id", Text, nullable=False),
    Column("home_id", Text, nullable=False),
    Column("space", Text, nullable=False),
    Column("handle_kind", Text, nullable=False),
    Column("handle_value", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Index(None, "customer_id"),
    Index(None, "address", "created_ms"),
    Index(None, "space", "created_ms"),
)
"""Asked proofs of a claimed address: a code or a link was sent to it. `secret` is a salted hash; `state` is open, proven,
failed or expired. `home_id` is the customer it was asked for, `customer_id` the one at the top of that one's merges then;
`address` is what the limits count by, one for all spellings that reach the same person."""

erased = Table(
    "erased",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Index(None, "kind", "at_ms"),
)
"""Ids of what was erased, or removed because it was old: whoever asks for it hears that it is gone, and the books know what
became of it. `storage.erased` says which kinds there are."""

forgotten = Table(
    "forgotten",
    metadata,
    Column("journal", Text, primary_key=True),
    Column("events", BigInteger, nullable=False),
)
"""How many events of a journal were removed so long ago that not even their ids are kept: the books still count them."""
