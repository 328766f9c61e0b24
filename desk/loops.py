"""Whether an automatic answer may go out: two programs that answer each other never stop by themselves (RFC 3834, 2).

Their marks are looked at first, and what they answer. Limits hold back those that give no sign: by address, by
conversation, by domain and by connector, since a program may write from another address each time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection

from connectors.email.contact import MARKED
from desk.refusals import RefusalReason
from normalizer.inbound import Handle
from storage import automatic

AN_HOUR: Final = 3_600_000
A_DAY: Final = 24 * AN_HOUR
"""Milliseconds."""
AN_HOUR_TO_A_SENDER: Final = 1
A_DAY_IN_A_CONVERSATION: Final = 5
AN_HOUR_TO_A_DOMAIN: Final = 100
"""The customers of a shop share a few large mail providers, and a busy hour must not silence them; no more than this
leaves to a program that has a new address of its domain each time."""
AN_HOUR_OF_A_CONNECTOR: Final = 300
"""The end of every loop, also of one over many domains; far below what providers allow an account."""
BOUNDED: Final = "regia/survey"
"""Who asks for bounded messages, a name that nobody outside can have. These do not count either: a thousand tickets that are
closed at once must not silence what answers those who write meanwhile."""

_EMAIL: Final = "email"
_NO_ADDRESS: Final = "unknown_sender"
"""Kind of a handle that stands for a sender without an address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The contact an answer is to go to, as its envelope has it. `via`: the handle it gave for answers; `answers`: external
    ids of what it answers; `marked`: the conversation of ours whose mark came back in it, whoever wrote it."""

    sender: Handle
    via: Handle | None
    connector: str
    conversation_id: str
    automated: str | None
    answers: tuple[str, ...]
    marked: str | None


def answered(connector: str, conversation_id: str, data: dict[str, Any]) -> Answered:
    """The same, from the `data` of the envelope."""
    via, thread = data["reply"]["via"], data["thread"]
    return Answered(
        sender=_handle(data["sender"]["handle"]),
        via=None if via is None else _handle(via),
        connector=connector,
        conversation_id=conversation_id,
        automated=data["automated"],
        answers=tuple(filter(None, (thread["in_reply_to"], *thread["references"]))),
        marked=data["fields"].get(MARKED),
    )


def recipient(sender: Handle, via: Handle | None) -> Handle:
    """Where an automatic answer goes: to the one who wrote, not to another mail address that was only named for answers.

    Anybody can name any, and a stranger must not be written to by a program (RFC 3834, 4).
    """
    if via is None or (via.kind == sender.kind == _EMAIL and via.proof == "claimed"):
        return sender
    return via


def refusal(
    connection: Connection,
    contact: Answered,
    own: Callable[[Handle], bool],
    now_ms: int,
    *,
    bounded: bool = False,
    unasked: bool = False,
) -> RefusalReason | None:
    """Why it gets no automatic answer, or None when it may: then queue it in this same transaction, which keeps all others
    from counting until it ends. `own` knows our own addresses. `bounded`: this message begins or goes on with something that
    ends by itself, such as a survey, which nobody can make come again by answering: neither what the contact answers nor
    how many there were lately holds it back. `unasked`: an event of ours is told, and the contact only says to whom: what it
    answers holds nothing back, since nobody makes such an event by answering."""
    if contact.automated is not None:
        return "automated_mail"
    to = recipient(contact.sender, contact.via)
    if _NO_ADDRESS in (contact.sender.kind, to.kind):
        return "not_allowed"
    if any(own(handle) for handle in (contact.sender, to, contact.via) if handle is not None):
        return "own_address"
    if bounded:
        return None
    if not unasked and automatic.any_of(connection, contact.answers, contact.marked, but=BOUNDED):
        return "answers_automatic"
    return _limit(connection, contact, to, now_ms)


def _limit(connection: Connection, contact: Answered, to: Handle, now_ms: int) -> RefusalReason | None:
    address, domain = bare(to), _domain(to)
    automatic.hold(connection, *keys(to, contact.conversation_id, contact.connector))
    lately = automatic.since(connection, now_ms - AN_HOUR, but=BOUNDED)
    handles = [Handle(one.kind, one.value, "claimed") for one in lately]
    if sum(bare(handle) == address for handle in handles) >= AN_HOUR_TO_A_SENDER:
        return "once_an_hour"
    if automatic.count_in(connection, contact.conversation_id, now_ms - A_DAY, but=BOUNDED) >= A_DAY_IN_A_CONVERSATION:
        return "five_a_day"
    if domain and sum(_domain(handle) == domain for handle in handles) >= AN_HOUR_TO_A_DOMAIN:
        return "domain_limit"
    if sum(one.connector == contact.connector for one in lately) >= AN_HOUR_OF_A_CONNECTOR:
        return "connector_limit"
    return None


def keys(to: Handle, conversation_id: str, connector: str) -> tuple[str, ...]:
    """What an answer holds while the limits are counted. Whoever queues several in one transaction holds those of all first."""
    return (f"handle {bare(to)}", f"domain {_domain(to)}", f"conversation {conversation_id}", f"connector {connector}")


def bare(handle: Handle) -> str:
    """Kind and value, of a mail address without what stands behind a `+`: whoever has the one has them all."""
    if handle.kind != _EMAIL:
        return f"{handle.kind} {handle.value}"
    local, _, domain = handle.value.lower().rpartition("@")
    return f"{_EMAIL} {local.partition('+')[0] or local}@{domain}"


def _handle(data: dict[str, str]) -> Handle:
    return Handle(**data)  # type: ignore[arg-type]  # our own envelope: the proof is one of the three


def _domain(handle: Handle) -> str | None:
    return handle.value.lower().rpartition("@")[2] if handle.kind == _EMAIL else None
