"""The tables of the console's pages: rules that somebody is writing, and how often rules had a say. Times and ids as in
`storage.schema`."""

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text

from storage.schema_base import metadata

rule_drafts = Table(
    "rule_drafts",
    metadata,
    Column("staff_id", Text, primary_key=True),
    Column("brand", Text, primary_key=True),
    Column("base", Text, nullable=False),
    Column("sources", Text, nullable=False),
    Column("saved_ms", BigInteger, nullable=False),
)
"""Rules that somebody is writing for a brand (`*`: for all without rules of their own), one draft for each person: `sources` as
in `rulesets`, made out of the version `base`."""

rule_hits = Table(
    "rule_hits",
    metadata,
    Column("brand", Text, primary_key=True),
    Column("rule", Text, primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("messages", BigInteger, nullable=False),
    Column("last_ms", BigInteger, nullable=False),
    Index(None, "day"),
)
"""How many messages of a day (counted since 1970 in UTC) a rule matched, by its name, over all versions and nodes. `brand` is
the name under which the rules stand; the rule `default` stands for messages whose category no rule chose, and the empty name
for all messages."""
