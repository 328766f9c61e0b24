"""Rules that people are writing in the console: one draft of each person for a brand."""

import time
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from storage.schema import rule_drafts


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """`sources` as `storage.rulesets` keeps them; `base` is the version they were made out of."""

    staff_id: str
    brand: str
    base: str
    sources: str
    saved_ms: int = 0


def save(connection: Connection, draft: Draft) -> None:
    """In the place of the one before."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    values = asdict(draft) | {"saved_ms": time.time_ns() // 1_000_000}
    changed = {name: values[name] for name in ("base", "sources", "saved_ms")}
    statement = dialect.insert(rule_drafts).values(values)
    connection.execute(statement.on_conflict_do_update(index_elements=["staff_id", "brand"], set_=changed))


def find(connection: Connection, staff_id: str, brand: str) -> Draft | None:
    """The draft of this person, if there is one."""
    mine = (rule_drafts.c.staff_id == staff_id, rule_drafts.c.brand == brand)
    row = connection.execute(select(rule_drafts).where(*mine)).mappings().one_or_none()
    return None if row is None else Draft(**row)


def drop(connection: Connection, staff_id: str, brand: str) -> None:
    connection.execute(delete(rule_drafts).where(rule_drafts.c.staff_id == staff_id, rule_drafts.c.brand == brand))
