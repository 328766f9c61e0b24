"""The tables of figures: what was counted so far, and what has changed since. Times and ids as in `storage.schema`.

A **unit** is what is counted anew as a whole: `c/<conversation>`, or `t/<space>/<ticket>`. Its **facts** (a contact, a ticket,
a promise, an answer to a survey) first lie in `kpi_fresh`, and some thousands of one kind are then packed into a chunk.
"""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text

from storage.schema_base import Serial, metadata

kpi_changes = Table(
    "kpi_changes",
    metadata,
    Column("position", Serial, primary_key=True, autoincrement=True),
    Column("unit", Text, nullable=False),
    sqlite_autoincrement=True,
)
"""Units that are to be counted anew. Triggers of the database write it, in the transaction of what changed (migration 0012).
New contacts write nothing here: they are found by the numbers of their journals (`kpi_seen`)."""

kpi_seen = Table(
    "kpi_seen",
    metadata,
    Column("journal", Text, primary_key=True),
    Column("upto", BigInteger, nullable=False),
    Column("gaps", Text, nullable=False),
)
"""How far each journal's contacts are counted: all that is committed up to a number, but for `gaps` (`storage.kpi_gaps`, in
JSON), numbers below it that were not committed yet."""

kpi_fresh = Table(
    "kpi_fresh",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("unit", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index(None, "unit"),
    Index(None, "kind"),
    sqlite_autoincrement=True,
)
"""Facts that are in no chunk yet; `storage.kpi_chunk` reads `body`."""

kpi_chunks = Table(
    "kpi_chunks",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("kind", Text, nullable=False),
    Column("first_ms", BigInteger, nullable=False),
    Column("last_ms", BigInteger, nullable=False),
    Column("size", Integer, nullable=False),
    Column("live", Integer, nullable=False),
    Column("swept", Integer, nullable=False),
    Column("dead", LargeBinary, nullable=False),
    Index(None, "kind", "first_ms"),
    sqlite_autoincrement=True,
)
"""Packed facts, in the order of their times. `dead` has a bit for each that does not hold any more, `live` counts the others;
of `swept` of the dead the columns hold nothing any more."""

kpi_columns = Table(
    "kpi_columns",
    metadata,
    Column("chunk", BigInteger, primary_key=True, autoincrement=False),
    Column("name", Text, primary_key=True),
    Column("body", LargeBinary, nullable=False),
)
"""One dimension, measure, or the times of a chunk's facts (`storage.kpi_chunk`)."""

kpi_places = Table(
    "kpi_places",
    metadata,
    Column("unit", Text, primary_key=True),
    Column("chunk", BigInteger, primary_key=True, autoincrement=False),
    Column("places", LargeBinary, nullable=False),
    Index(None, "chunk"),
)
"""Where the facts of a unit are in a chunk."""
