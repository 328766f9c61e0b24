"""The tables of watching channels: what comes in by the hour, and what is wrong now. Times and ids as in `storage.schema`."""

from sqlalchemy import BigInteger, Boolean, Column, Integer, Table, Text, text

from storage.schema_base import metadata

traffic = Table(
    "traffic",
    metadata,
    Column("connector", Text, primary_key=True),
    Column("hour", Integer, primary_key=True, autoincrement=False),
    Column("contacts", Integer, nullable=False),
    Column("minutes", BigInteger, nullable=False),
    Column("last_ms", BigInteger, nullable=False),
)
"""New contacts of a connector in one hour, counted since 1970. `minutes` has one bit for each minute of it in which some
node took contacts for the connector (bit 0 is the first); `last_ms` is the last contact's time, 0 where there was none."""

alarms = Table(
    "alarms",
    metadata,
    Column("connector", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("since_ms", BigInteger, nullable=False),
    Column("raised_ms", BigInteger, nullable=False),
    Column("detail", Text, nullable=False),
    Column("told", Boolean, nullable=False, server_default=text("false")),
    Column("cleared_ms", BigInteger),
    Column("ending", Text, nullable=False, server_default=text("''")),
)
"""What is wrong with a connector now. `name` says with what of it (a token), and is empty for the whole; `since_ms` is when
the state began, `raised_ms` when it was found. `told`: its event is accepted. A row with `cleared_ms` is over, because of
`ending`, and goes once that is told."""
