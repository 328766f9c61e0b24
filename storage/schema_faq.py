"""The table of how often articles were read. Times and ids as in `storage.schema`."""

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text

from storage.schema_base import metadata

faq_counts = Table(
    "faq_counts",
    metadata,
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("faq", Text, primary_key=True),
    Column("article", Text, primary_key=True),
    Column("language", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("brand", Text, nullable=False),
    Column("number", BigInteger, nullable=False),
    Index(None, "brand", "day"),
)
"""How often an article was read and judged on one day, counted since 1970 in UTC. `kind` is view, helped or not_helped. There
is nothing of who it was."""
