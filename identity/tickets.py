"""What ticket systems tell of conversations: which ticket one has, who works on it, and that it is closed or open again.

What was told is kept, and what a conversation has of it (`ticket`, `open`) is worked out each time from the latest that is
known. So neither a repeat nor what comes late undoes anything.
"""

from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, get_args
from uuid import NAMESPACE_URL, uuid5

import orjson
from sqlalchemy import Connection, select, update

from identity import answered
from identity import store_tickets as store
from identity.holding import Held
from identity.store_tickets import Talk
from identity.ticket_refusals import TicketRefused
from normalizer.event import event
from storage import erased, events
from storage.database import DatabaseUnavailable
from storage.events import NewEvent
from storage.schema import conversations, messages

TicketEvent = Literal["opened", "assigned", "updated", "paused", "resumed", "closed", "reopened"]
EVENTS: Final[tuple[TicketEvent, ...]] = get_args(TicketEvent)

AGAIN_MS: Final = 600_000
"""What comes without its time, and says what was said last of the ticket no longer than so many milliseconds ago, is that
again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What happened to a ticket, in the ticket system's own words. `answered`: the customer was answered by a way of that
    system's own."""

    event: TicketEvent
    agent: str | None = None
    product: str | None = None
    reason: str | None = None
    url: str | None = None
    answered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What a ticket system tells. `conversation` or `message`, not both, say what the ticket is about; of a ticket that is
    known neither is needed. `at_ms`: when it happened, None where that is not said. `only_named`: others that had this number
    are not meant, since whoever tells it knows whose it is now."""

    ticket: str
    said: Said
    at_ms: int | None = None
    brand: str | None = None
    conversation: str | None = None
    message: str | None = None
    only_named: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What was understood. A repeat has the same."""

    brand: str
    ticket: str
    event: TicketEvent
    at_ms: int
    conversations: tuple[str, ...]


def tell(connection: Connection, news: News, *, actor: str, now_ms: int) -> Taken:
    """Take in what happened to a ticket, and tell whoever follows events. It is about all conversations that the ticket has,
    with the one that is named now, or about that alone (`only_named`). `actor` is who says so.

    Raises `TicketRefused`, and `DatabaseUnavailable` where these conversations change hands at this moment.
    """
    space, named = _named(connection, news)
    space, ids = _about(connection, news, space, named)
    writer = store.writer(connection, news.message)
    held, talks = _hold(connection, ids, writer)
    if not talks or (named is not None and named not in {talk.id for talk in talks}):
        raise TicketRefused("unknown_ticket" if named is None else "unknown_conversation")
    at_ms = _time(connection, space, news, now_ms)
    names = {talk.id: _name(space, news, at_ms, talk.id) for talk in talks}
    known = store.known(connection, names.values())
    before = {id_ for id_, name in names.items() if name in known}
    new = [talk for talk in talks if talk.id not in before and (not before or talk.id == named)]
    told = {"space": space, "ticket": news.ticket, "actor": actor, "at_ms": at_ms, "received_ms": now_ms}
    store.add(connection, [told | asdict(news.said) | {"id": names[talk.id], "conversation_id": talk.id} for talk in new])
    events.add(connection, [_event(news, told, names[talk.id], talk.id, _owner(held, talk)) for talk in new])
    for talk in new:
        _follow(connection, news, at_ms, talk)
        if news.said.answered:
            _answer(connection, held, talk, at_ms, writer)
    about = before | {talk.id for talk in new}
    return Taken(brand=space, ticket=news.ticket, event=news.said.event, at_ms=at_ms, conversations=tuple(sorted(about)))


def _named(connection: Connection, news: News) -> tuple[str | None, str | None]:
    """Brand and id of the conversation that is named; the brand that is named where none is. Raises `TicketRefused`."""
    if news.conversation is None and news.message is None:
        return news.brand, None
    query = select(conversations.c.space, conversations.c.id)
    if news.message is None:
        query = query.where(conversations.c.id == news.conversation)
    else:
        query = query.join(messages, messages.c.conversation_id == conversations.c.id).where(messages.c.id == news.message)
    row = connection.execute(query).one_or_none()
    if row is not None and news.brand in (None, row.space):
        return row.space, row.id
    if row is None and news.message is not None and erased.is_erased(connection, news.message):
        raise TicketRefused("gone")
    raise TicketRefused("unknown_conversation" if news.message is None else "unknown_message")


def _about(connection: Connection, news: News, space: str | None, named: str | None) -> tuple[str, set[str]]:
    """Brand, and conversations that may be of the ticket. A number without its brand is that of the only brand that has it."""
    if news.only_named and space is not None and named is not None:
        return space, {named}
    found = store.places(connection, news.ticket, space)
    spaces = {one for one, _ in found} if space is None else {space}
    if len(spaces) > 1:
        raise TicketRefused("ambiguous_ticket")
    ids = {id_ for _, id_ in found} | ({named} if named is not None else set())
    if not ids:
        raise TicketRefused("unknown_ticket")
    return spaces.pop(), ids


def _hold(connection: Connection, ids: set[str], writer: str | None) -> tuple[Held, list[Talk]]:
    """The conversations, which nobody else writes from now on: a batch writes those of customers it has locked. With them
    whoever wrote the message that is named."""
    before = {talk.id: talk.customer_id for talk in store.talks(connection, ids)}
    held = Held(connection, sorted({*before.values(), *([writer] if writer else [])}))
    talks = store.talks(connection, ids)
    if any(talk.customer_id not in held.customers and talk.customer_id != before.get(talk.id) for talk in talks):
        raise DatabaseUnavailable("these conversations change hands now: try again")
    return held, talks


def _owner(held: Held, talk: Talk) -> str | None:
    return held.top(talk.customer_id).id if talk.customer_id in held.customers else None


def _time(connection: Connection, space: str, news: News, now_ms: int) -> int:
    """When it happened: now, where that is not said, or when it was said before."""
    if news.at_ms is not None:
        return news.at_ms
    last = store.last(connection, space, news.ticket)
    same = last is not None and all(getattr(last, name) == value for name, value in asdict(news.said).items())
    return int(last.at_ms) if last is not None and same and now_ms - last.received_ms <= AGAIN_MS else now_ms


def _name(space: str, news: News, at_ms: int, conversation_id: str) -> str:
    """The id of the event, for one conversation: the same whenever the same is told."""
    said = {name: value for name, value in asdict(news.said).items() if name != "answered" or value}
    whole = orjson.dumps([space, news.ticket, said, at_ms, conversation_id], option=orjson.OPT_SORT_KEYS)
    return str(uuid5(NAMESPACE_URL, f"urn:regia:ticket:{whole.decode()}"))


def _event(news: News, told: dict[str, Any], id_: str, conversation_id: str, customer_id: str | None) -> NewEvent:
    """By ids only: whoever needs the words asks the ticket system, whose they are."""
    type_, at_ms = f"regia.ticket.{news.said.event}.v1", told["at_ms"]
    data = {"ticket": news.ticket, "conversation": conversation_id, "customer": customer_id, "actor": told["actor"]}
    data |= {"answered": True} if news.said.answered else {}
    body = event(type_, id_=id_, source=f"/{told['space']}", subject=conversation_id, at_ms=at_ms, data=data)
    return NewEvent(id_, type_, conversation_id, at_ms, body)


def _follow(connection: Connection, news: News, at_ms: int, talk: Talk) -> None:
    """Write what the conversation comes to. A ticket takes the place of another one when it was opened after that; otherwise
    what comes of it changes nothing. A closed one closes it, unless the customer has written since."""
    if talk.ticket not in (None, news.ticket) and (
        news.said.event != "opened" or store.opened_since(connection, talk.id, at_ms)
    ):
        return
    values: dict[str, Any] = {"ticket": news.ticket}
    state = store.state(connection, talk.space, news.ticket)
    if state is not None and not talk.split:
        closed, since_ms = state
        values["open"] = not closed or since_ms < talk.last_ms
    connection.execute(update(conversations).where(conversations.c.id == talk.id).values(values))


def _answer(connection: Connection, held: Held, talk: Talk, at_ms: int, writer: str | None) -> None:
    """What the customer wrote there up to this time waits for no answer any more. Where an unmerge has left words of two, only
    the writer of the message that is named is known to be the one who was answered."""
    whose = writer if talk.split else talk.customer_id
    if whose in held.customers:
        answered.mark(connection, answered.Waiting(held, held.top(whose), talk.id), at_ms)
