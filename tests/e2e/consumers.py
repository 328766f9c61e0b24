"""Ticket systems: they take what is in the queues and acknowledge it, over HTTP or with pika, and remember every delivery."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError

from tests.e2e.gateway import QUEUES, Gateway

SYSTEM_QUEUES: Final = ("regia.dead", "regia.unrouted")


@dataclass(frozen=True)
class Delivery:
    """`body` is the envelope byte for byte. `properties` are those of AMQP; empty over HTTP."""

    queue: str
    envelope_id: str
    body: bytes
    properties: dict[str, Any] = field(default_factory=dict)


class Consumer(Protocol):
    deliveries: list[Delivery]

    def depths(self) -> dict[str, int]:
        """Messages in every queue, leased ones included, before anything was taken."""

    def drain(self) -> None:
        """Take and acknowledge until every queue is empty."""

    def begin(self) -> None:
        """Consume in a thread from now on, whatever happens to the other side."""

    def end(self) -> None:
        """Stop the thread, and drain."""


class LocalConsumer:
    """Over HTTP: take, ack. With `forget`, every so many messages are not acknowledged, and come again after the lease."""

    def __init__(self, gateway: Gateway, *, lease: int = 60, forget: int = 0) -> None:
        self.deliveries: list[Delivery] = []
        self._gateway = gateway
        self._lease = lease
        self._forget = forget
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def depths(self) -> dict[str, int]:
        answer = self._gateway.get("/v1/queues")
        assert answer.status == 200, answer.body
        return {one["name"]: one["ready"] + one["leased"] for one in answer.json()["queues"]}

    def drain(self) -> None:
        deadline = time.monotonic() + 60
        self._forget = 0
        while any(self.depths().values()):
            assert time.monotonic() < deadline, f"the queues do not become empty: {self.depths()}"
            if not self._round():
                time.sleep(0.2)

    def begin(self) -> None:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(30)
        self.drain()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                found = self._round()
            except OSError:
                found = 0  # the gateway is dead: the leases come back by themselves
            if not found:
                time.sleep(0.1)

    def _round(self) -> int:
        count = 0
        for queue in QUEUES:
            taken = self._gateway.request(
                "POST", f"/v1/queues/{queue}/take?limit=100&lease={self._lease}", headers=self._gateway.consumer()
            )
            if taken.status != 200:
                continue
            for receipt, delivery in _taken(taken.body):
                self.deliveries.append(delivery)
                count += 1
                if not self._forget or len(self.deliveries) % self._forget:
                    self._acknowledge(receipt)
        return count

    def _acknowledge(self, receipt: str) -> None:
        answer = self._gateway.request("POST", f"/v1/queues/receipts/{receipt}/ack", headers=self._gateway.consumer())
        assert answer.status in (200, 410), answer.body


def _taken(body: bytes) -> Iterator[tuple[str, Delivery]]:
    """Receipts and deliveries, each envelope as the very bytes that stand in the answer."""
    text, decoder, position = body.decode(), json.JSONDecoder(), 0
    for one in json.loads(text)["messages"]:
        start = text.index('"envelope":', position) + len('"envelope":')
        _, position = decoder.raw_decode(text, start)
        yield one["receipt"], Delivery(one["queue"], one["envelope_id"], text[start:position].encode())


class RabbitConsumer:
    """With pika: manual acknowledgements, a small prefetch, every queue of the gateway's and its dead and unrouted ones."""

    def __init__(self, url: str) -> None:
        self.deliveries: list[Delivery] = []
        self._parameters = pika.URLParameters(url)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def depths(self) -> dict[str, int]:
        with pika.BlockingConnection(self._parameters) as connection:
            channel = connection.channel()
            declared = {queue: channel.queue_declare(queue, passive=True) for queue in (*QUEUES, *SYSTEM_QUEUES)}
            return {queue: answer.method.message_count for queue, answer in declared.items()}

    def drain(self) -> None:
        with pika.BlockingConnection(self._parameters) as connection:
            self._consume(connection.channel(), lambda quiet: quiet > 1.0)
        assert not any(self.depths().values())

    def begin(self) -> None:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(30)
        self.drain()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                with pika.BlockingConnection(self._parameters) as connection:
                    self._consume(connection.channel(), lambda _quiet: self._stopping.is_set())
            except AMQPError:
                time.sleep(0.2)  # the queues are not declared yet

    def _consume(self, channel: BlockingChannel, enough: Any) -> None:
        """Until `enough(seconds without a delivery)`."""
        channel.basic_qos(prefetch_count=20)
        last = time.monotonic()
        received: list[Delivery] = []

        def receive(queue: str, method: Any, properties: Any, body: bytes) -> None:
            received.append(Delivery(queue, str(properties.headers.get("envelope-id")), body, _properties(method, properties)))
            channel.basic_ack(method.delivery_tag)

        for queue in (*QUEUES, *SYSTEM_QUEUES):
            callback = lambda _channel, method, properties, body, queue=queue: receive(queue, method, properties, body)  # noqa: E731
            channel.basic_consume(queue, callback)
        while not enough(time.monotonic() - last):
            channel.connection.process_data_events(time_limit=0.1)
            if received:
                last = time.monotonic()
                self.deliveries += received
                received.clear()


def _properties(method: Any, properties: Any) -> dict[str, Any]:
    names = ("content_type", "type", "correlation_id", "message_id", "delivery_mode", "timestamp", "headers")
    found = {name: getattr(properties, name) for name in names}
    return {**found, "routing_key": method.routing_key, "redelivered": method.redelivered}


def consumer_of(gateway: Gateway, *, lease: int = 60, forget: int = 0) -> Consumer:
    """The consumer that fits where the gateway publishes."""
    if gateway.mode.amqp is not None:
        return RabbitConsumer(gateway.mode.amqp)
    return LocalConsumer(gateway, lease=lease, forget=forget)
