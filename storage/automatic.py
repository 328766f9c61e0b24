"""What limits on automatic answers are counted by: which were queued lately, and which mails of ours were automatic."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, and_, func, or_, select, text

from storage.schema import outgoing


@dataclass(frozen=True, slots=True)
class Automatic:
    """An automatic message as limits count it."""

    connector: str
    kind: str
    value: str


_PAGE: Final = 500
_LATELY: Final = [
    outgoing.c[name]
    for name in ("position", "automatic", "message_id", "created_ms", "connector", "handle_kind", "handle_value")
]


def hold(connection: Connection, *keys: str) -> None:
    """Let no other transaction that holds one of these keys count and queue at the same time as this one.

    SQLite has one writing transaction anyway.
    """
    if connection.dialect.name == "postgresql":
        for key in sorted(keys):
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"outgoing {key}"})


def since(connection: Connection, since_ms: int) -> list[Automatic]:
    """Automatic answers queued since then. Reads rows from the newest on, and no more than it needs."""
    found: list[Automatic] = []
    below: int | None = None
    while True:
        query = select(*_LATELY).order_by(outgoing.c.position.desc()).limit(_PAGE)
        rows = connection.execute(query if below is None else query.where(outgoing.c.position < below)).all()
        answers = (row for row in rows if row.automatic and row.message_id is not None)
        found += [Automatic(*row[4:]) for row in answers if row.created_ms > since_ms]
        # Rows of one moment may be a little out of order; a whole page is not.
        if len(rows) < _PAGE or all(row.created_ms <= since_ms for row in rows):
            return found
        below = rows[-1].position


def count_in(connection: Connection, conversation_id: str, since_ms: int) -> int:
    """Automatic messages queued in a conversation since then."""
    this = and_(outgoing.c.automatic.is_(True), outgoing.c.conversation_id == conversation_id, outgoing.c.created_ms > since_ms)
    return connection.execute(select(func.count()).select_from(outgoing).where(this)).scalar_one()


def any_of(connection: Connection, external_ids: Collection[str], conversation_id: str | None) -> bool:
    """Whether one of these ids is that of an automatic message, or one was ever queued in that conversation."""
    # A comparison with None would find those of no conversation.
    this = or_(outgoing.c.external_id.in_(external_ids), outgoing.c.conversation_id == (conversation_id or ""))
    query = select(outgoing.c.position).where(outgoing.c.automatic.is_(True), this).limit(1)
    return connection.execute(query).first() is not None
