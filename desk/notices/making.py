"""From what waits to notices: single ones at once, digests at their times, and one digest instead of many single ones.

All of it is done in the caller's transaction, one list after the other, each held against other nodes: what is taken, the
notice and its messages out are there together or not at all.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from sqlalchemy import Connection

from desk.notices import rendering
from desk.notices.lines import Look, Told, told
from desk.notices.lists import Directory, NoticeList, Recipient
from storage import automatic, notice_items, notices, outgoing
from storage.database import DatabaseUnavailable, reaching_database
from storage.notices import DIGEST, FLOOD, SINGLE, NewNotice, Post
from storage.outgoing import SENT, NewOutgoing

logger = logging.getLogger(__name__)

MOST: Final = 50
"""Contacts that a notice tells one by one; of the others it tells how many they are."""
SINGLES: Final = 10
FLOOD_MS: Final = 300_000
"""So many single notices in so much time (ms) are enough: further contacts are told together, and then no more often than
that."""
AUTHOR: Final = "notice/"
_EMAIL: Final = "email"

Counted = Callable[[str, str], None]
"""Hears of each notice that is made or has ended: the list's name in figures, and what became of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """`lists` are those that are told, `counted` hears what is done."""

    lists: Directory
    look: Look
    counted: Counted

    def due(self, connection: Connection, now_ms: int) -> bool:
        """Tell what is due at a time (ms); whether there may be more. Raises `DatabaseUnavailable`.

        A list at which something goes wrong is left for the next time, and holds up no other.
        """
        self._settle(connection, now_ms)
        for name in notice_items.waiting_lists(connection):
            list_ = self.lists.of(name)
            if list_ is not None:
                self._safely(connection, list_, now_ms)
        return False

    def _settle(self, connection: Connection, now_ms: int) -> None:
        for id_, name, state in notices.settle(connection, now_ms):
            found = self.lists.of(name)
            figure = "" if found is None else found.figure
            self.counted(figure, state)
            if state != SENT:
                logger.warning("a notice did not reach everybody of its list", extra={"list": figure, "notice": id_})

    def _safely(self, connection: Connection, list_: NoticeList, now_ms: int) -> None:
        try:
            with connection.begin_nested(), reaching_database():
                self._tell(connection, list_, now_ms)
        except DatabaseUnavailable:
            raise
        except Exception:
            logger.exception("a list is not told, by a defect", extra={"list": list_.figure})

    def _tell(self, connection: Connection, list_: NoticeList, now_ms: int) -> None:
        for urgent in (True, False):
            if not self._is_due(connection, list_, now_ms, urgent=urgent):
                continue
            automatic.hold(connection, f"notice {list_.name}")
            if not self._is_due(connection, list_, now_ms, urgent=urgent):  # another node was faster
                continue
            if urgent:
                self._tell_at_once(connection, list_, now_ms)
            else:
                self._make(connection, list_, DIGEST, now_ms, urgent=False)

    def _is_due(self, connection: Connection, list_: NoticeList, now_ms: int, *, urgent: bool) -> bool:
        first_ms = notice_items.oldest(connection, list_.name, urgent=urgent)
        if first_ms is None:
            return False
        return urgent or list_.schedule is None or list_.schedule.after(first_ms) <= now_ms

    def _tell_at_once(self, connection: Connection, list_: NoticeList, now_ms: int) -> None:
        lately = notices.lately(connection, list_.name, now_ms - FLOOD_MS, now_ms)
        if any(one.kind == FLOOD for one in lately):
            return
        waiting = notice_items.first(connection, list_.name, urgent=True, limit=SINGLES + 1)
        if len(lately) + len(waiting) > SINGLES:
            self._make(connection, list_, FLOOD, now_ms, urgent=True)
            return
        for position in waiting:
            self._make(connection, list_, SINGLE, now_ms, urgent=True, position=position)

    def _make(
        self, connection: Connection, list_: NoticeList, kind: str, now_ms: int, *, urgent: bool, position: int | None = None
    ) -> None:
        id_ = str(uuid4())
        notice_items.take(connection, list_.name, id_, urgent=urgent, position=position)
        found = told(connection, notice_items.of_notice(id_), self.look, most=MOST, snippet=list_.snippet)
        if not found.lines:
            notice_items.drop(connection, id_)
            return
        sent = messages_of(found, kind, list_, id_, now_ms)
        for one in sent:
            outgoing.add(connection, one)
        new = NewNotice(
            id=id_,
            list=list_.name,
            urgent=urgent,
            kind=kind,
            items=found.total,
            outgoing=tuple(one.id for one in sent),
            body=None if list_.hook is None else rendering.body(found, list_.name, kind, now_ms),
            created_ms=now_ms,
        )
        notices.add(connection, new)
        self.counted(list_.figure, kind)


def body_anew(connection: Connection, post: Post, list_: NoticeList, look: Look) -> bytes:
    """What a web address gets of a notice that was offered before, of the contacts that are still in it."""
    found = told(connection, notice_items.of_notice(post.id), look, most=MOST, snippet=list_.snippet)
    body = rendering.body(found, list_.name, post.kind, post.created_ms)
    notices.rewrite(connection, post.id, body)
    return body


def messages_of(found: Told, kind: str, list_: NoticeList, notice_id: str, now_ms: int) -> list[NewOutgoing]:
    """A message for each address of a list. Its words are erased when it has ended: they may be a customer's."""
    if not list_.recipients:
        return []
    letter = rendering.letter(found, kind, list_.language, list_.zone)
    return [_message(letter, to, notice_id, now_ms) for to in list_.recipients]


def _message(letter: rendering.Letter, to: Recipient, notice_id: str, now_ms: int) -> NewOutgoing:
    is_mail = to.handle.kind == _EMAIL
    return NewOutgoing(
        id=str(uuid4()),
        connector=to.connector,
        message_id=None,
        conversation_id=None,
        handle_kind=to.handle.kind,
        handle_value=to.handle.value,
        handle_proof=to.handle.proof,
        author=AUTHOR + notice_id,
        automatic=True,
        subject=letter.subject if is_mail else None,
        text=letter.text,
        html=letter.html if is_mail else None,
        created_ms=now_ms,
        account=to.account,
        secret=True,
    )
