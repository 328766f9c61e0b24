"""Versions of the rules: every one that ever decided is kept, so that its decisions can be explained; and which of them
decides for which brand, on every node."""

import time
from collections.abc import Collection
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from storage.schema import activations, rule_nodes, rulesets


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation:
    """Somebody chose a version for a brand."""

    brand: str
    hash: str
    actor: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeRules:
    """What a node found in its files for a brand, and what decides there since `at_ms`."""

    node: str
    brand: str
    files: str
    live: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    hash: str
    created_ms: int


def keep(connection: Connection, ruleset: str, sources: str) -> bool:
    """Store a version under its hash; one that is there already stays as it is. Whether it is new."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    row = {"hash": ruleset, "sources": sources, "created_ms": time.time_ns() // 1_000_000}
    statement = dialect.insert(rulesets).values(row).on_conflict_do_nothing()
    return connection.execute(statement.returning(rulesets.c.hash)).one_or_none() is not None


def sources_of(connection: Connection, ruleset: str) -> str | None:
    """The sources of a version as they were stored, or None when there is no such version."""
    return connection.execute(select(rulesets.c.sources).where(rulesets.c.hash == ruleset)).scalar_one_or_none()


def versions(connection: Connection, beginning: str = "", limit: int = 1_000) -> list[Version]:
    """Those whose hash begins so, the last one kept first."""
    found = select(rulesets.c.hash, rulesets.c.created_ms).where(rulesets.c.hash.startswith(beginning, autoescape=True))
    rows = connection.execute(found.order_by(rulesets.c.created_ms.desc(), rulesets.c.hash).limit(limit)).mappings()
    return [Version(**row) for row in rows]


def activate(connection: Connection, chosen: Activation) -> None:
    """Choose a version for a brand, on every node."""
    connection.execute(insert(activations), [asdict(chosen)])


def active(connection: Connection) -> dict[str, Activation]:
    """The choice that holds for each brand for which there ever was one."""
    last = select(func.max(activations.c.position)).group_by(activations.c.brand)
    rows = connection.execute(_CHOSEN.where(activations.c.position.in_(last))).mappings()
    return {row["brand"]: Activation(**row) for row in rows}


def chosen(connection: Connection, limit: int) -> list[Activation]:
    """All choices, the last first."""
    rows = connection.execute(_CHOSEN.order_by(activations.c.position.desc()).limit(limit)).mappings()
    return [Activation(**row) for row in rows]


def nodes(connection: Connection, only: Collection[str] = ()) -> list[NodeRules]:
    """What decides on the nodes there are and were, by node and brand; of some nodes only."""
    query = select(rule_nodes).order_by(rule_nodes.c.node, rule_nodes.c.brand)
    rows = connection.execute(query.where(rule_nodes.c.node.in_(only)) if only else query).mappings()
    return [NodeRules(**row) for row in rows]


def say(connection: Connection, told: NodeRules) -> None:
    """Write what a node has."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    row = asdict(told)
    statement = dialect.insert(rule_nodes).values(row)
    values = {name: value for name, value in row.items() if name not in ("node", "brand")}
    connection.execute(statement.on_conflict_do_update(index_elements=["node", "brand"], set_=values))


_CHOSEN = select(activations.c.brand, activations.c.hash, activations.c.actor, activations.c.at_ms)
