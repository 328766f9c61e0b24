"""What limits on automatic answers are counted by: which were queued lately, and which mails of ours were automatic."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, func, not_, or_, select, text

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
    for name in ("position", "automatic", "message_id", "created_ms", "connector", "handle_kind", "handle_value", "reply_key")
]


def hold(connection: Connection, *keys: str) -> None:
    """Let no other transaction that holds one of these keys count and queue at the same time as this one.

    SQLite has one writing transaction anyway.
    """
    if connection.dialect.name == "postgresql":
        for key in sorted(keys):
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"outgoing {key}"})


def since(connection: Connection, since_ms: int, *, but: str) -> list[Automatic]:
    """Automatic answers queued since then, but what `but` asked for. Reads rows from the newest on, and no more than it
    needs."""
    found: list[Automatic] = []
    below: int | None = None
    while True:
        query = select(*_LATELY).order_by(outgoing.c.position.desc()).limit(_PAGE)
        rows = connection.execute(query if below is None else query.where(outgoing.c.position < below)).all()
        answers = (row for row in rows if row.automatic and row.message_id is not None and not _is_of(row.reply_key, but))
        found += [Automatic(row.connector, row.handle_kind, row.handle_value) for row in answers if row.created_ms > since_ms]
        # Rows of one moment may be a little out of order; a whole page is not.
        if len(rows) < _PAGE or all(row.created_ms <= since_ms for row in rows):
            return found
        below = rows[-1].position


def count_in(connection: Connection, conversation_id: str, since_ms: int, *, but: str) -> int:
    """Automatic messages queued in a conversation since then, but what `but` asked for."""
    this = and_(
        outgoing.c.automatic.is_(True),
        outgoing.c.conversation_id == conversation_id,
        outgoing.c.created_ms > since_ms,
        _is_not_of(but),
    )
    return connection.execute(select(func.count()).select_from(outgoing).where(this)).scalar_one()


def any_of(connection: Connection, external_ids: Collection[str], conversation_id: str | None, *, but: str) -> bool:
    """Whether one of these ids is that of an automatic message, or one was ever queued in that conversation; but for what
    `but` asked for."""
    # A comparison with None would find those of no conversation.
    this = or_(outgoing.c.external_id.in_(external_ids), outgoing.c.conversation_id == (conversation_id or ""))
    query = select(outgoing.c.position).where(outgoing.c.automatic.is_(True), _is_not_of(but), this).limit(1)
    return connection.execute(query).first() is not None


def _is_not_of(asker: str) -> ColumnElement[bool]:
    return or_(outgoing.c.reply_key.is_(None), not_(outgoing.c.reply_key.startswith(f"{asker}\n", autoescape=True)))


def _is_of(reply_key: str | None, asker: str) -> bool:
    return reply_key is not None and reply_key.startswith(f"{asker}\n")
