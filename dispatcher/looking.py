"""Looking at the first messages of a queue of RabbitMQ."""

from collections.abc import Mapping

from aio_pika import Connection

from dispatcher.base import Delivery, envelope_id_of
from dispatcher.sweep import HELD, Taking


async def look(connection: Connection, queue: str, limit: int, patience: float) -> list[Delivery]:
    """The first messages, put back in their order. `patience` in seconds. Raises `ChannelNotFoundEntity`, and `TimeoutError`
    also where the queue has a single active consumer and this is not it."""
    taking = await Taking.begin(connection, queue, patience, held=min(limit, HELD))
    found = [_delivery(queue, message.body, message.headers) for message in await taking.take(limit)]
    await taking.end()
    return found


def _delivery(queue: str, body: bytes, headers: Mapping[str, object]) -> Delivery:
    count = headers.get("x-delivery-count", 0)
    return Delivery(
        receipt="", queue=queue, envelope_id=envelope_id_of(headers), body=body, attempts=count if isinstance(count, int) else 0
    )
