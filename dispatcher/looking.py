"""Looking at the first messages of a queue of RabbitMQ."""

from collections.abc import Mapping
from typing import Final

from aio_pika.abc import AbstractChannel

from dispatcher.base import Delivery, envelope_id_of

LOOK_LIMIT: Final = 1000
"""Messages a look holds at most for the sake of their order."""


async def look(channel: AbstractChannel, queue: str, limit: int) -> list[Delivery]:
    """Take at least `limit` messages, and all that were put back before. A quorum queue serves those first, and puts
    back behind them: taking only some of them would change their order."""
    found: list[Delivery] = []
    source = await channel.get_queue(queue, ensure=False)
    while len(found) < limit or (found[-1].attempts > 0 and len(found) < LOOK_LIMIT):
        message = await source.get(no_ack=False, fail=False)
        if message is None:
            break
        found.append(_delivery(queue, message.body, message.headers))
    return found


def _delivery(queue: str, body: bytes, headers: Mapping[str, object]) -> Delivery:
    count = headers.get("x-delivery-count", 0)
    return Delivery(
        receipt="", queue=queue, envelope_id=envelope_id_of(headers), body=body, attempts=count if isinstance(count, int) else 0
    )
