"""Asked proofs as rows: added, counted for their limits, and settled by one answer at a time."""

from typing import Any, Final

from sqlalchemy import Connection, RowMapping, insert, select, update

from storage.schema import challenges, customers

OPEN: Final = "open"
PROVEN: Final = "proven"
FAILED: Final = "failed"
EXPIRED: Final = "expired"
"""The states of a challenge; the last three are its end."""


def asker(connection: Connection, customer_id: str) -> RowMapping | None:
    """Id, space, language and `root_id` (who is at the top of its merges) of a customer, or None."""
    own = (customers.c.id, customers.c.space, customers.c.language, customers.c.root_id)
    return connection.execute(select(*own).where(customers.c.id == customer_id)).mappings().one_or_none()


def latest(connection: Connection, column: str, value: str, since_ms: int, limit: int) -> list[int]:
    """When challenges with this `address`, `customer_id` or `space` were asked since then, newest first."""
    asked = challenges.c.created_ms
    query = select(asked).where(challenges.c[column] == value, asked > since_ms).order_by(asked.desc()).limit(limit)
    return list(connection.execute(query).scalars())


def add(connection: Connection, row: dict[str, Any]) -> None:
    """Add an open one, without attempts."""
    connection.execute(insert(challenges), [row | {"state": OPEN, "attempts": 0}])


def find(connection: Connection, challenge_id: str, *, hold: bool = False) -> RowMapping | None:
    """One challenge, or None. `hold`: no other answer is looked at until this transaction ends."""
    query = select(challenges).where(challenges.c.id == challenge_id)
    return connection.execute(query.with_for_update() if hold else query).mappings().one_or_none()


def settle(connection: Connection, challenge_id: str, state: str, attempts: int) -> None:
    """Record an answer to one that is held."""
    this = update(challenges).where(challenges.c.id == challenge_id)
    connection.execute(this.values(state=state, attempts=attempts))
