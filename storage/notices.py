"""Notices: what was told to lists, and how that went."""

from dataclasses import dataclass
from typing import Final

import orjson
from sqlalchemy import Connection, and_, func, insert, select, update

from storage.notice_items import OPEN, of_list, waiting_lists
from storage.outgoing import FAILED, SENT, UNKNOWN
from storage.schema import notice_items, notices, outgoing

SINGLE: Final = "single"
DIGEST: Final = "digest"
FLOOD: Final = "flood"
"""The kinds of notices."""
_SETTLED: Final = 200
"""Notices that one look settles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewNotice:
    """What was told of `items` contacts. `outgoing` are the ids of the messages out; `body` is for a webhook."""

    id: str
    list: str
    urgent: bool
    kind: str
    items: int
    outgoing: tuple[str, ...]
    body: bytes | None
    created_ms: int


@dataclass(frozen=True, slots=True)
class Made:
    """A notice of before."""

    kind: str
    created_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a list stands: what waits, since when, when a notice last left, and the last one that did not."""

    waiting: int
    since_ms: int | None
    sent_ms: int | None
    failed_ms: int | None
    error: str | None


def lately(connection: Connection, name: str, since_ms: int, now_ms: int) -> list[Made]:
    """The urgent notices of a list after `since_ms`. None of a time to come: a clock that was set back would make the list
    mute until then."""
    this = (notices.c.list == name, notices.c.created_ms > since_ms, notices.c.created_ms <= now_ms, notices.c.urgent)
    return [Made(*row) for row in connection.execute(select(notices.c.kind, notices.c.created_ms).where(*this))]


def add(connection: Connection, new: NewNotice) -> None:
    """Keep a notice that is about to be told."""
    row = {name: getattr(new, name) for name in ("id", "list", "urgent", "kind", "items", "body", "created_ms")}
    due_ms = None if new.body is None else new.created_ms
    connection.execute(
        insert(notices).values(row | {"outgoing": orjson.dumps(new.outgoing).decode(), "state": OPEN, "due_ms": due_ms})
    )


def settle(connection: Connection, now_ms: int) -> list[tuple[str, str, str]]:
    """Give notices whose messages out have all ended their own end; (id, list, state) of these. One that came nowhere else is
    sent where one of its messages was."""
    query = select(notices.c.id, notices.c.list, notices.c.outgoing).where(notices.c.state == OPEN, notices.c.due_ms.is_(None))
    ended: list[tuple[str, str, str]] = []
    for row in connection.execute(query.order_by(notices.c.created_ms.desc()).limit(_SETTLED)).all():
        ids = orjson.loads(row.outgoing)
        sent = select(outgoing.c.state, outgoing.c.error).where(outgoing.c.id.in_(ids))
        found = connection.execute(sent).all()
        states = {one.state for one in found}
        if states and not states <= {SENT, FAILED, UNKNOWN}:
            continue
        state = SENT if states == {SENT} else FAILED
        errors = [one.error for one in found if one.state != SENT]
        end(connection, row.id, state, now_ms, error=_code(errors[0] if errors else None))
        ended.append((row.id, row.list, state))
    return ended


def _code(error: str | None) -> str | None:
    """What stands before the colon: behind it an address may be named."""
    return None if error is None else error.partition(":")[0]


def end(connection: Connection, id_: str, state: str, now_ms: int, *, error: str | None = None) -> None:
    """A notice has left, or never will."""
    values = {"state": state, "ended_ms": now_ms, "error": error, "body": None, "due_ms": None}
    connection.execute(update(notices).where(notices.c.id == id_).values(values))


@dataclass(frozen=True, slots=True)
class Post:
    """A notice to be posted now. `attempts` counts this one. Without `body` a contact of it was erased since it was made."""

    id: str
    list: str
    kind: str
    body: bytes | None
    attempts: int
    created_ms: int


def claim(connection: Connection, now_ms: int, until_ms: int, limit: int) -> list[Post]:
    """Take webhooks' notices that are due, so that nobody else does until `until_ms`."""
    due = and_(notices.c.state == OPEN, notices.c.due_ms <= now_ms)
    columns = [notices.c[name] for name in ("id", "list", "kind", "body", "attempts", "created_ms")]
    query = select(*columns).where(due)
    taken: list[Post] = []
    for row in connection.execute(query.order_by(notices.c.due_ms, notices.c.id).limit(limit)).all():
        values = {"due_ms": until_ms, "attempts": row.attempts + 1}
        # Another node may have been faster since the row was read.
        held = update(notices).where(notices.c.id == row.id, due).values(values).returning(notices.c.body)
        if (mine := connection.execute(held).one_or_none()) is not None:
            body = None if mine.body is None else bytes(mine.body)
            taken.append(Post(row.id, row.list, row.kind, body, row.attempts + 1, row.created_ms))
    return taken


def rewrite(connection: Connection, id_: str, body: bytes) -> None:
    """Give a notice its body anew."""
    connection.execute(update(notices).where(notices.c.id == id_, notices.c.state == OPEN).values(body=body))


def later(connection: Connection, post: Post, due_ms: int, error: str) -> None:
    """A webhook did not take it: again at that time. What became of it meanwhile stays."""
    this = and_(notices.c.id == post.id, notices.c.state == OPEN, notices.c.attempts == post.attempts)
    connection.execute(update(notices).where(this).values(due_ms=due_ms, error=error))


def standing(connection: Connection, name: str) -> Standing:
    """How a list stands."""
    waits = select(func.count(), func.min(notice_items.c.entered_ms)).where(of_list(name))
    waiting, since_ms = connection.execute(waits).one()
    mine = notices.c.list == name
    sent = select(func.max(notices.c.ended_ms)).where(mine, notices.c.state == SENT)
    bad = select(notices.c.created_ms, notices.c.error).where(mine, notices.c.error.is_not(None))
    failed = connection.execute(bad.order_by(notices.c.created_ms.desc()).limit(1)).one_or_none()
    at_ms, error = (failed.created_ms, failed.error) if failed is not None else (None, None)
    return Standing(
        waiting=waiting, since_ms=since_ms, sent_ms=connection.execute(sent).scalar_one(), failed_ms=at_ms, error=error
    )


def names(connection: Connection) -> list[str]:
    """Lists for which something waits, or that were told of something that is still kept."""
    told = connection.execute(select(notices.c.list).distinct()).scalars()
    return sorted({*told, *waiting_lists(connection)})
