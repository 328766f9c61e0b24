"""What stands on the other side of a consumer in these tests: the queues as Regia declares them, and envelopes in them."""

import asyncio
import json
import time
import uuid
from collections.abc import Callable
from typing import Any, Final

import pika

QUEUE: Final = "demo.returns"
DEAD: Final = "regia.dead"
TRACE: Final = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
ARGUMENTS: Final = {
    "x-queue-type": "quorum",
    "x-dead-letter-exchange": DEAD,
    "x-dead-letter-strategy": "at-least-once",
    "x-overflow": "reject-publish",
    "x-delivery-limit": 20,
}
"""docs/operations.md, RabbitMQ."""


def envelope(number: int, customer: str = "cus_1", *, sequence: int | None = None) -> bytes:
    """The same bytes for the same arguments, as Regia's repeats have."""
    data = {
        "text": f"parola {number}",
        "customer": {"id": customer, "sequence": number + 1 if sequence is None else sequence},
        "conversation": {"id": f"con_{customer}"},
        "number": number,
    }
    identity = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{customer}/{number}"))
    frame = {"specversion": "1.0", "id": identity, "type": "regia.message.received.v1", "source": "/demo/form"}
    return json.dumps({**frame, "subject": customer, "datacontenttype": "application/json", "data": data}).encode()


class Broker:
    """A connection for each call: brokers are killed between them."""

    def __init__(self, url: str) -> None:
        self.url = url

    def _call(self, work: Callable[[Any], Any]) -> Any:
        connection = pika.BlockingConnection(pika.URLParameters(self.url))
        try:
            return work(connection.channel())
        finally:
            connection.close()

    def declare(self) -> None:
        def work(channel: Any) -> None:
            channel.exchange_declare(DEAD, "topic", durable=True)
            channel.queue_declare(DEAD, durable=True, arguments={"x-queue-type": "quorum", "x-delivery-limit": 2**31 - 1})
            channel.queue_bind(DEAD, DEAD, "#")
            channel.queue_declare(QUEUE, durable=True, arguments=ARGUMENTS)

        self._call(work)

    def delete(self) -> None:
        self._call(lambda channel: channel.queue_delete(QUEUE))

    def publish(self, *bodies: bytes, header: bool = True) -> None:
        """Confirmed. Each attempt has a `message_id` of its own, as Regia's have."""

        def work(channel: Any) -> None:
            channel.confirm_delivery()
            for body in bodies:
                channel.basic_publish("", QUEUE, body, _properties(body, header=header), mandatory=True)

        self._call(work)

    def depth(self, queue: str = QUEUE) -> int:
        """Messages that wait for a consumer; those delivered and not acknowledged do not count."""
        return int(self._call(lambda channel: channel.queue_declare(queue, passive=True).method.message_count))

    def take(self, queue: str) -> tuple[Any, bytes] | None:
        """Properties and body of the first message, which is removed."""
        _, properties, body = self._call(lambda channel: channel.basic_get(queue, auto_ack=True))
        return None if body is None else (properties, body)

    async def emptied(self, seconds: float = 30.0) -> None:
        """Return when nothing waits in the queue, and nobody holds anything of it."""
        end = time.monotonic() + seconds
        while self.depth():
            assert time.monotonic() < end, "the queue does not become empty"
            await asyncio.sleep(0.05)


def _properties(body: bytes, *, header: bool) -> pika.BasicProperties:
    headers = {}
    if header:
        headers = {
            "envelope-id": json.loads(body)["id"],
            "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        }
    return pika.BasicProperties(
        message_id=str(uuid.uuid4()), content_type="application/cloudevents+json", delivery_mode=2, headers=headers
    )


async def until(condition: Callable[[], bool], what: str, seconds: float = 30.0, log: Callable[[], str] = str) -> None:
    """Return when it is true; `log` tells more when it does not become so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s: {what}\n{log()}"
        await asyncio.sleep(0.02)
