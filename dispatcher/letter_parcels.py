"""What RabbitMQ tells of a dead letter, and how it is published again.

RabbitMQ writes into the header `x-death` where a message died, of what and when, the last death first. Of what goes back to a
queue that is taken off: it is a new life. Of what is edited it is kept under names of our own, since a message that somebody
publishes has not died.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractIncomingMessage

from dispatcher.base import envelope_id_of
from dispatcher.letters import Letter, Where, category_of, digest, id_from
from dispatcher.rounds import COPY_FOR, ROUTING_KEY, Parcel
from dispatcher.topology import DEAD, INBOUND, UNROUTED

_REDRIVEN: Final = "redriven"
_DIED: Final = ("died-in", "died-of", "died-at", "died-times")
AGAIN: Final = ":again-"
_PRIVATE: Final = "x-"
"""What headers of RabbitMQ's own begin with."""


def letter_of(where: Where, message: AbstractIncomingMessage) -> Letter:
    """What it says of itself. Anybody may have put it there, so that nothing of it need be as we write it."""
    queue, reason, at_ms, times = _unrouted(message) if where == "unrouted" else _death(message.headers)
    sha256, envelope_id = digest(message.body), envelope_id_of(message.headers)
    return Letter(
        id=id_from((where, queue, reason, at_ms, message.message_id, envelope_id, sha256)),
        where=where,
        queue=queue,
        reason=reason,
        at_ms=at_ms,
        times=times,
        redriven=_number(message.headers.get(_REDRIVEN)),
        envelope_id=envelope_id,
        category=category_of(message.body),
        size=len(message.body),
        sha256=sha256,
        body=message.body,
    )


def is_copy(message: AbstractIncomingMessage) -> bool:
    """Whether it lies in `regia.unrouted` for a further queue: what its target got is another message."""
    return bool(_text(message.headers.get(COPY_FOR)))


def redriven(message: AbstractIncomingMessage, letter: Letter, to: str | None) -> Parcel | None:
    """To the queue `to`, or to where it came from; None where that is not known."""
    headers = _kept(message.headers) | {_REDRIVEN: letter.redriven + 1}
    exchange, key = "", to or letter.queue
    if is_copy(message):
        headers[ROUTING_KEY] = _text(message.headers.get(ROUTING_KEY))
    elif to is None and letter.where == "unrouted":
        exchange, key = INBOUND, _text(message.headers.get(ROUTING_KEY))
    return Parcel(exchange, key, _message(message, letter, message.body, headers), must_arrive=True) if key else None


def edited(message: AbstractIncomingMessage, letter: Letter, body: bytes) -> Parcel:
    """The same letter with another body, for the same queue."""
    headers = _kept(message.headers)
    if letter.where == "unrouted":
        headers[ROUTING_KEY] = _text(message.headers.get(ROUTING_KEY))
        headers |= {COPY_FOR: letter.queue} if is_copy(message) else {}
    else:
        headers |= dict(zip(_DIED, (letter.queue, letter.reason, letter.at_ms or 0, letter.times), strict=True))
    if letter.redriven:
        headers[_REDRIVEN] = letter.redriven
    return Parcel("", DEAD if letter.where == "dead" else UNROUTED, _message(message, letter, body, headers), must_arrive=True)


def _message(old: AbstractIncomingMessage, letter: Letter, body: bytes, headers: dict[str, Any]) -> Message:
    first = (old.message_id or letter.id).partition(AGAIN)[0]
    return Message(
        body,
        message_id=f"{first}{AGAIN}{uuid4().hex[:12]}",
        type=old.type,
        correlation_id=old.correlation_id,
        timestamp=old.timestamp,
        content_type=old.content_type,
        content_encoding=old.content_encoding,
        priority=old.priority,
        delivery_mode=DeliveryMode.PERSISTENT,
        headers=headers,
    )


def _kept(headers: Mapping[str, Any]) -> dict[str, Any]:
    own = (ROUTING_KEY, COPY_FOR, _REDRIVEN, *_DIED)
    return {name: value for name, value in headers.items() if name not in own and not name.startswith(_PRIVATE)}


def _unrouted(message: AbstractIncomingMessage) -> tuple[str, str, int | None, int]:
    """Of a copy the queue that was to have it, else `<brand>.<target>` of its routing key. When no queue took it is not told;
    its time is that of its envelope."""
    parts = _text(message.headers.get(ROUTING_KEY)).split(".")
    queue = _text(message.headers.get(COPY_FOR)) or ".".join(parts[:2])
    return queue, "unrouted", _ms(message.timestamp), 1


def _death(headers: Mapping[str, Any]) -> tuple[str, str, int | None, int]:
    deaths = headers.get("x-death")
    last = deaths[0] if isinstance(deaths, list) and deaths else None
    if isinstance(last, Mapping):
        return (
            _text(last.get("queue")),
            _text(last.get("reason")) or "unknown",
            _ms(last.get("time")),
            _number(last.get("count")),
        )
    queue, reason, at_ms, times = (headers.get(name) for name in _DIED)
    return _text(queue), _text(reason) or "unknown", _number(at_ms) or None, _number(times)


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else ""


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _ms(value: object) -> int | None:
    if not isinstance(value, datetime):
        return None
    return round((value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp() * 1000)
