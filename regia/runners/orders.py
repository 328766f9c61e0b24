"""What ticket systems ask for on RabbitMQ: replies by the queue `regia.replies`, news of tickets by `regia.tickets`.

| killed | what is there | what happens |
| --- | --- | --- |
| before the commit | the message, not acknowledged | another node takes it |
| before the acknowledgement | the reply, under its key | taken again, it is known for the same |
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from hashlib import sha256
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError

from connectors.api_document import problems_of
from connectors.errors import Rejected
from desk.asking import Desk
from desk.refusals import Refused
from dispatcher.cancelling import cancelled
from dispatcher.orders import NotNow, Order, RabbitOrders
from dispatcher.topology import REPLIES, TICKETS
from identity import tickets
from identity.ticket_refusals import TicketRefused
from regia.gateway import Gateway
from regia.http.bodies import TicketBody
from regia.http.reply_body import ReplyBody, key_of
from regia.watch.metrics import ORDERS
from storage.blobs import BlobsUnavailable
from storage.database import DatabaseUnavailable

logger = logging.getLogger(__name__)

_UP: Final = 0.2
_AGAIN: Final = 1.0
"""Seconds until what the database or the blob store did not take is tried again."""
_PATIENCE: Final = 15.0
"""Seconds after which another node may try it: this one's way to the database alone may be broken."""
INTERNAL: Final = "internal"

B = TypeVar("B", bound=BaseModel)

Act = Callable[[Order], Awaitable[str]]
"""Does an order; what came of it, `DONE` or why it was refused."""
DONE: Final = "done"
_ASKER: Final = f"queue/{REPLIES}"
_UNREADABLE: Final = frozenset({"malformed", "no_key", INTERNAL})
"""What is no reply, and so has nobody whom its refusal could be told by its key: it becomes a dead letter too."""


class Orders:
    """The orders of a gateway on RabbitMQ; on embedded queues they come over HTTP. `start` returns at once."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._desk = Desk(gateway.stores.database, gateway.channels, gateway.stores.blobs)
        self._tasks: list[asyncio.Task[None]] = []
        self._orders: list[RabbitOrders] = []

    def start(self) -> None:
        settings = self._gateway.configured.settings
        if not settings.queues.is_local:
            url = settings.queues.url.get_secret_value()
            self._orders = [RabbitOrders(url, REPLIES, self._reply), RabbitOrders(url, TICKETS, self._ticket)]
            self._tasks = [asyncio.create_task(self._serve(one), name="orders") for one in self._orders]

    async def stop(self) -> None:
        """What is not acknowledged is taken again, by another node or at the next start."""
        await cancelled(self._tasks)
        await asyncio.gather(*(one.close() for one in self._orders))

    async def _serve(self, orders: RabbitOrders) -> None:
        while self._gateway.missing.keys() & {"database", "queues"}:
            await asyncio.sleep(_UP)
        await orders.serve()

    async def _reply(self, order: Order) -> bool:
        return await self._do(REPLIES, order, self._queue_reply)

    async def _ticket(self, order: Order) -> bool:
        return await self._do(TICKETS, order, self._tell_ticket)

    async def _do(self, queue: str, order: Order, act: Act) -> bool:
        """Whether it is done, or refused in a way that is told. Held while the database does not answer; raises `NotNow` where
        that takes long."""
        outcome = await self._outcome(queue, order, act)
        ORDERS.labels(queue, outcome).inc()
        if outcome == DONE:
            return True
        digest = sha256(order.body).hexdigest()
        logger.warning("an order is refused", extra={"queue": queue, "reason": outcome, "sha256": digest})
        return queue == REPLIES and outcome not in _UNREADABLE

    async def _outcome(self, queue: str, order: Order, act: Act) -> str:
        until = time.monotonic() + _PATIENCE
        while True:
            try:
                return await act(order)
            except (DatabaseUnavailable, BlobsUnavailable) as away:
                if time.monotonic() > until:
                    raise NotNow("the database or the blob store does not answer") from away
                await asyncio.sleep(_AGAIN)
            except Exception:  # one defect must not hold up all that follow; its bytes lie with the dead letters
                logger.exception("an order failed by a defect", extra={"queue": queue})
                act = self._tell_of_defect if queue == REPLIES and act != self._tell_of_defect else _nothing

    async def _tell_of_defect(self, order: Order) -> str:
        await self._desk.unreadable(_ASKER, order.body, _now_ms(), key=key_of(order.message_id), reason=INTERNAL)
        return INTERNAL

    async def _queue_reply(self, order: Order) -> str:
        body = _read(ReplyBody, order)
        key = key_of(order.message_id) if body is None else body.key or key_of(order.message_id)
        if body is None or key is None:
            await self._desk.unreadable(_ASKER, order.body, _now_ms(), key=key)
            return "malformed" if body is None else "no_key"
        try:
            await self._desk.reply(replace(body.reply(_ASKER), key=key), _now_ms())
            self._gateway.to_send.set()
        except Refused as refused:
            return refused.reason
        return DONE

    async def _tell_ticket(self, order: Order) -> str:
        body = _read(TicketBody, order)
        if body is None:
            return "malformed"
        if body.at is None:  # delivered again after others, it could not be known for the same
            return "no_time"
        news, now_ms = body.news, _now_ms()
        try:
            await self._gateway.stores.database.write(
                lambda connection: tickets.tell(connection, news, actor=f"queue/{TICKETS}", now_ms=now_ms)
            )
        except TicketRefused as refused:
            return refused.reason
        return DONE


async def _nothing(_order: Order) -> str:
    return INTERNAL


def _read(model: type[B], order: Order) -> B | None:
    """None where it is not of the documented form; the log says which fields are wrong, and no value."""
    try:
        return model.model_validate_json(order.body)
    except ValidationError as error:
        logger.warning("an order is not of its documented form", extra={"fields": _problems(error)})
        return None


def _problems(error: ValidationError) -> dict[str, str]:
    try:
        return problems_of(error)
    except Rejected as rejected:  # no JSON at all
        return {"body": rejected.detail}


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
