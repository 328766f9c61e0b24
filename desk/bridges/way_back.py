"""What agents do in a ticket system: their answers become replies, and what becomes of tickets is told.

One ticket that cannot be read, or told something, holds up no other: it is remembered in the cursor, with since when it was not
read, and tried again.
"""

import logging
from typing import Final

import msgspec
from sqlalchemy import Connection

from desk.bridges import books, leaving
from desk.bridges.answer_files import AnswerFiles
from desk.bridges.base import AgentAnswer, BridgeError, SystemUnavailable, TicketGone, TicketState, without_words
from desk.bridges.books import Ticket
from desk.bridges.bridge import Bridge
from desk.bridges.leaving import Lost
from desk.refusals import REFUSALS, Refused
from desk.replies import Reply
from storage import outgoing

logger = logging.getLogger(__name__)

_STATES: Final = {
    "failed": "An answer could not be delivered to the customer",
    "unknown": "Whether an answer has reached the customer is not known, and it is not sent again by itself",
}
_NOT_AN_AGENT: Final = "who wrote it is not one of the agents that the bridge knows"
_NO_WORDS: Final = "it has no words"
_NOT_OURS: Final = "the contacts of this ticket are not kept any more, so nobody knows to whom it would go"
_ANOTHERS: Final = "an answer of this number was sent to another customer before, so write it anew"
_MOST_KNOWN: Final = 10_000
_MOST_AGAIN: Final = 1_000
_AGAIN_EVERY: Final = 10
"""Looks between two tries at a ticket that failed."""


class Cursor(msgspec.Struct, frozen=True, omit_defaults=True):
    """`at`: the system's own. `again`: tickets that could not be worked off, and since which cursor."""

    at: str
    again: dict[str, str] = {}


class WayBack:
    """The way back of a bridge. Raises `SystemUnavailable`, `SystemRefused` and `DatabaseUnavailable`: then the same is asked
    for again."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._database = bridge.desk.database
        self._files = AnswerFiles(bridge)
        self._known: dict[str, None] = {}
        """Ids of what was worked off, so that it need not be read again."""
        self._looks = 0

    async def look(self, cursor: str | None) -> str:
        """Take in what agents did since the cursor, and tell them of answers that did not arrive; where to go on."""
        before = None if cursor is None else msgspec.json.decode(cursor, type=Cursor)
        async with self._bridge.alone:
            changed = await self._bridge.system.changed(None if before is None else before.at)
            if before is None:
                return _text(Cursor(at=changed.cursor))
            since = dict.fromkeys((state.ticket for state in changed.states), before.at) | before.again
            again = await self._tickets(since, before)
            for state in changed.states:
                await self._database.write(lambda connection, state=state: self._seen(connection, state))  # type: ignore[misc]
            await self._tell_of_lost()
            return _text(Cursor(at=changed.cursor, again=dict(list(again.items())[-_MOST_AGAIN:])))

    def _seen(self, connection: Connection, state: TicketState) -> None:
        bridge = self._bridge
        books.seen(connection, bridge.name, state, bridge.now_ms(), closed_is_answer=bridge.closed_is_answer)

    async def _tickets(self, since: dict[str, str], before: Cursor) -> dict[str, str]:
        """Work off these tickets, each since its cursor; those that failed."""
        self._looks += 1
        waits = before.again if self._looks % _AGAIN_EVERY else {}
        ours = await self._database.read(lambda one: books.ours(one, self._bridge.name, list(since)))
        again = {number: at for number, at in since.items() if number in waits and number in ours}
        for number, ticket in ours.items():
            if number in again:
                continue
            try:
                await self._ticket(ticket, since[number])
            except TicketGone:
                continue
            except BridgeError as error:
                if isinstance(error, SystemUnavailable):
                    await self._bridge.system.check()  # whether it is the system, or this ticket alone
                again[number] = since[number]
                about = {"bridge": self._bridge.name, "ticket": number, "error": without_words(error)}
                logger.warning("a ticket cannot be worked off, and is tried again", extra=about)
        return again

    async def _ticket(self, ticket: Ticket, since: str) -> None:
        for answer in await self._bridge.system.written(ticket.number, since, self._known):
            await self._answer(ticket, answer)
            self._known[answer.id] = None
        for old in list(self._known)[: max(0, len(self._known) - _MOST_KNOWN)]:
            del self._known[old]

    async def _answer(self, ticket: Ticket, answer: AgentAnswer) -> None:
        """Queue it for whoever wrote last in the ticket's conversation; one that cannot leave is told in its ticket."""
        if ticket.marks and not await self._bridge.has(ticket):
            about = {"bridge": self._bridge.name, "ticket": ticket.number}
            logger.warning("the ticket system gave this number to another ticket: nothing in it is an answer", extra=about)
            return
        if (wrong := _wrong(ticket, answer)) is not None:
            await self._not_sent(ticket.number, answer, wrong)
            return
        said = Reply(
            conversation_id=ticket.conversation,
            text=answer.text,
            author=answer.author,
            key=answer.id,  # of the message alone: one that is linked into two tickets is one answer
            asker=f"bridge/{self._bridge.name}",
        )
        reply, left = await self._files.add(said, answer)
        if not reply.text and not reply.files:
            await self._not_sent(ticket.number, answer, left or _NO_WORDS)
            return
        try:
            queued = await self._bridge.desk.reply(reply, self._bridge.now_ms())
        except Refused as refused:
            if refused.reason != "key_used":
                await self._not_sent(ticket.number, answer, REFUSALS[refused.reason])
            elif await self._is_anothers(reply):
                await self._not_sent(ticket.number, answer, _ANOTHERS)
            return  # otherwise an agent has changed a message that has left
        # For a repeat too: the gateway may have died between the two.
        await self._database.write(lambda one: leaving.add(one, self._bridge.name, queued.id, ticket.number))
        if left is not None:
            text = f"The files of {answer.id} were not sent to the customer: {left}."
            await self._note(ticket.number, f"{answer.id}/files", text)

    async def _is_anothers(self, reply: Reply) -> bool:
        """Whether what left by its key was for another conversation: the system was set up anew, and gives ids again."""
        row = await self._database.read(lambda one: outgoing.by_key(one, reply.whole_key or ""))
        return row is not None and row["conversation_id"] != reply.conversation_id

    async def _not_sent(self, ticket: str, answer: AgentAnswer, why: str) -> None:
        text = f"This answer was not sent to the customer: {answer.id}: {why}."
        await self._note(ticket, f"{answer.id}/refused", text)

    async def _tell_of_lost(self) -> None:
        for lost in await self._database.write(lambda one: leaving.lost(one, self._bridge.name, self._bridge.now_ms())):
            try:
                await self._tell(lost)
            except BridgeError as error:
                if isinstance(error, SystemUnavailable):
                    await self._bridge.system.check()
                about = {"bridge": self._bridge.name, "ticket": lost.ticket, "error": without_words(error)}
                logger.warning("a ticket cannot be told that an answer did not arrive", extra=about)

    async def _tell(self, lost: Lost) -> None:
        why = f" ({lost.error})" if lost.error else ""
        await self._note(lost.ticket, f"{lost.reply}/{lost.state}", f"{_STATES[lost.state]}{why}. Reply {lost.reply}.")
        await self._database.write(lambda one: leaving.told(one, self._bridge.name, lost.reply))

    async def _note(self, ticket: str, mark: str, text: str) -> None:
        try:
            await self._bridge.system.note(ticket, mark, text)
        except TicketGone:
            return


def _wrong(ticket: Ticket, answer: AgentAnswer) -> str | None:
    """Why it is no answer that could be sent."""
    if not answer.is_agent:
        return _NOT_AN_AGENT
    if not answer.text and not answer.files:
        return _NO_WORDS
    return _NOT_OURS if not ticket.marks else None


def _text(cursor: Cursor) -> str:
    return msgspec.json.encode(cursor).decode()
