"""The tables of the rules: their versions, which of them decides, and what others would do. Times and ids as in
`storage.schema`."""

from sqlalchemy import BigInteger, Column, Table, Text

from storage.schema_base import Serial, metadata

rulesets = Table(
    "rulesets",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("sources", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
)
"""Every version that ever decided, or was tried: `sources` are its files as (name, text), in JSON."""

activations = Table(
    "activations",
    metadata,
    Column("position", Serial, primary_key=True, autoincrement=True),
    Column("brand", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)
"""Who chose which version for a brand (`*`: for all that have none of their own), and when. The last one of a brand holds, on
every node. Only ever added to."""

rule_nodes = Table(
    "rule_nodes",
    metadata,
    Column("node", Text, primary_key=True),
    Column("brand", Text, primary_key=True),
    Column("files", Text, nullable=False),
    Column("live", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("seen_ms", BigInteger, nullable=False),
)
"""What each node found in its rule files when it last read them, and the version that decides there since `at_ms`. `seen_ms` is
when the node was heard of last."""

shadow_runs = Table(
    "shadow_runs",
    metadata,
    Column("brand", Text, primary_key=True),
    Column("live", Text, primary_key=True),
    Column("shadow", Text, primary_key=True),
    Column("messages", BigInteger, nullable=False),
    Column("different", BigInteger, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("last_ms", BigInteger, nullable=False),
)
"""How many messages two versions were asked about, and of how many they say something else."""

shadow_changes = Table(
    "shadow_changes",
    metadata,
    Column("brand", Text, primary_key=True),
    Column("live", Text, primary_key=True),
    Column("shadow", Text, primary_key=True),
    Column("change", Text, primary_key=True),
    Column("messages", BigInteger, nullable=False),
    Column("examples", Text, nullable=False),
)
"""What they say differently: field, both values and both deciders in JSON; for how many messages; the ids of the first of
them, in JSON."""
