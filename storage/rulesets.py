"""Versions of the rules: every one that ever decided is kept, so that its decisions can be explained; and which of them
decides for which brand, on every node."""

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from sqlalchemy import Connection, and_, delete, func, insert, select
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
    """What a node found in its files for a brand (empty where these were never right), and what decides there since `at_ms`;
    `seen_ms` is when it was heard of last."""

    node: str
    brand: str
    files: str
    live: str
    at_ms: int
    seen_ms: int


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


def nodes(connection: Connection, since_ms: int = 0) -> list[NodeRules]:
    """What decides on the nodes that were heard of since then, by node and brand."""
    query = select(rule_nodes).where(rule_nodes.c.seen_ms >= since_ms).order_by(rule_nodes.c.node, rule_nodes.c.brand)
    return [NodeRules(**row) for row in connection.execute(query).mappings()]


def one_at_a_time(connection: Connection, node: str) -> None:
    """Let nobody else do this for the node until the transaction ends. Of a node that was never heard of, nobody waits."""
    connection.execute(select(rule_nodes.c.brand).where(rule_nodes.c.node == node).with_for_update())


def had(connection: Connection, node: str, files: Mapping[str, str], now_ms: int) -> None:
    """Write the versions that a node found in its files, by brand; those of brands that it has no more are forgotten."""
    _forget(connection, node, files)
    for brand, hash_ in sorted(files.items()):
        row = NodeRules(node=node, brand=brand, files=hash_, live="", at_ms=now_ms, seen_ms=now_ms)
        _enter(connection, row, ("files", "seen_ms"))


def say(connection: Connection, node: str, told: Sequence[NodeRules]) -> None:
    """Write what decides on a node. Where that is as before, its time stays."""
    _forget(connection, node, {one.brand for one in told})
    for one in sorted(told, key=lambda row: row.brand):
        this = (rule_nodes.c.node == node, rule_nodes.c.brand == one.brand)
        before = connection.execute(select(rule_nodes.c.live, rule_nodes.c.at_ms).where(*this)).one_or_none()
        at_ms = before.at_ms if before is not None and before.live == one.live else one.at_ms
        names = ("live", "at_ms", "seen_ms") if not one.files else ("files", "live", "at_ms", "seen_ms")
        _enter(connection, replace(one, at_ms=at_ms), names)


def _forget(connection: Connection, node: str, brands: Collection[str]) -> None:
    gone = and_(rule_nodes.c.node == node, rule_nodes.c.brand.not_in(sorted(brands)))
    connection.execute(delete(rule_nodes).where(gone))


def _enter(connection: Connection, row: NodeRules, names: Sequence[str]) -> None:
    """Insert it, or set these columns of the one that is there."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    values = asdict(row)
    statement = dialect.insert(rule_nodes).values(values)
    changed = {name: values[name] for name in names}
    connection.execute(statement.on_conflict_do_update(index_elements=["node", "brand"], set_=changed))


_CHOSEN = select(activations.c.brand, activations.c.hash, activations.c.actor, activations.c.at_ms)
