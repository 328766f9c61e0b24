"""What other rules would have done with the messages that came in: counted, with the ids of a few of them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Table, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from storage.schema import shadow_changes, shadow_runs

EXAMPLES: Final = 10
"""Messages of each change whose ids are kept: the first."""
CHANGES: Final = 500
"""Changes of two versions that are told apart; those that come later are counted together."""
OTHERS: Final = '{"field":"others"}'
"""The change under which these are counted."""


@dataclass(frozen=True, slots=True)
class Pair:
    """For which brand which two versions were asked."""

    brand: str
    live: str
    shadow: str


@dataclass(slots=True)
class Counted:
    """Of one pair. `changes` and `examples` by the change, in JSON; times in milliseconds."""

    since_ms: int
    last_ms: int
    messages: int = 0
    different: int = 0
    changes: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def add(self, message_id: str, changes: Iterable[str], at_ms: int) -> None:
        """One message more, with all that is different."""
        self.messages += 1
        self.since_ms, self.last_ms = min(self.since_ms, at_ms), max(self.last_ms, at_ms)
        different = False
        for change in changes:
            different = True
            self.changes[change] += 1
            _example(self.examples.setdefault(change, []), [message_id])
        self.different += different

    def join(self, other: "Counted") -> None:
        """Count what was counted elsewhere, or later, too."""
        self.messages += other.messages
        self.different += other.different
        self.since_ms, self.last_ms = min(self.since_ms, other.since_ms), max(self.last_ms, other.last_ms)
        self.changes += other.changes
        for change, ids in other.examples.items():
            _example(self.examples.setdefault(change, []), ids)


def add(connection: Connection, counted: Mapping[Pair, Counted]) -> None:
    """Add what was counted. In one order, so that two nodes wait for each other and do not block each other."""
    for pair, one in sorted(counted.items(), key=lambda item: (item[0].brand, item[0].live, item[0].shadow)):
        key = {"brand": pair.brand, "live": pair.live, "shadow": pair.shadow}
        _enter(connection, shadow_runs, {**key, "messages": 0, "different": 0, "since_ms": one.since_ms, "last_ms": 0})
        runs = shadow_runs.c
        values = {
            "messages": runs.messages + one.messages,
            "different": runs.different + one.different,
            "last_ms": one.last_ms,  # nodes' clocks differ by less than anybody will look at
        }
        # Also the lock under which the changes of this pair are read and written.
        connection.execute(update(shadow_runs).where(*(runs[name] == value for name, value in key.items())).values(values))
        _changes(connection, key, one)


def _changes(connection: Connection, key: Mapping[str, str], one: Counted) -> None:
    columns = shadow_changes.c
    mine = [columns[name] == value for name, value in key.items()]
    known = connection.execute(select(func.count()).select_from(shadow_changes).where(*mine)).scalar_one()
    for change, number in sorted(one.changes.items()):
        row = connection.execute(select(columns.examples).where(*mine, columns.change == change)).scalar_one_or_none()
        if row is None and known >= CHANGES:
            change, row = OTHERS, "[]"  # noqa: PLW2901 - it is counted there
        if row is None:
            known += 1
        _enter(connection, shadow_changes, {**key, "change": change, "messages": 0, "examples": "[]"})
        ids = _example(orjson.loads(row or "[]"), one.examples.get(change, []))
        values = {"messages": columns.messages + number, "examples": orjson.dumps(ids).decode()}
        connection.execute(update(shadow_changes).where(*mine, columns.change == change).values(values))


def runs(connection: Connection) -> dict[Pair, Counted]:
    """All that was counted, the pair of the last message first."""
    found: dict[Pair, Counted] = {}
    for row in connection.execute(select(shadow_runs).order_by(shadow_runs.c.last_ms.desc())):
        one = Counted(row.since_ms, row.last_ms, row.messages, row.different)
        found[Pair(row.brand, row.live, row.shadow)] = one
    for row in connection.execute(select(shadow_changes)):
        one = found[Pair(row.brand, row.live, row.shadow)]
        one.changes[row.change] = row.messages
        one.examples[row.change] = orjson.loads(row.examples)
    return found


def _enter(connection: Connection, table: Table, row: Mapping[str, Any]) -> None:
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    connection.execute(dialect.insert(table).values(row).on_conflict_do_nothing())


def _example(kept: list[str], more: Iterable[str]) -> list[str]:
    kept += [id_ for id_ in more if id_ not in kept][: EXAMPLES - len(kept)]
    return kept
