"""The table of what people did to messages that had been accepted. Times and ids as in `storage.schema`."""

from sqlalchemy import BigInteger, Column, Index, Table, Text

from storage.schema_base import metadata

operations = Table(
    "operations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("action", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("selection", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("done", BigInteger, nullable=False),
    Column("detail", Text, nullable=False),
    Column("begun_ms", BigInteger, nullable=False),
    Column("ended_ms", BigInteger),
    Index(None, "begun_ms"),
)
"""Replays, and what was re-driven, edited and discarded by hand. `selection` (JSON) is what was chosen by, `done` how many
messages it was done to, `detail` (JSON) what else is to be known: hashes, where it stopped. `state` is running, done, stopped
or failed; one that runs for ever was ended from outside. Nothing here names a customer."""
