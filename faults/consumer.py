"""A ticket system that notes every delivery before it acknowledges it: `python -m faults.consumer JOB` (a `Job` as JSON).

What has arrived together is written, synced once, and acknowledged together. A lost connection is made anew until
standard input ends.
"""

import hashlib
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any, Final

import msgspec
import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.adapters.utils.connection_workflow import AMQPConnectorException
from pika.exceptions import AMQPError

from faults.ledger import Delivered, Ledger
from faults.messages import number_of

PREFETCH: Final = 400
_HEARTBEAT: Final = 4
_PAUSE: Final = 0.1


class Job(msgspec.Struct, frozen=True):
    """Take what is in `queues` of the brokers at `urls`, of which the first that answers will do."""

    urls: list[str]
    queues: list[str]
    ledger: str


class _Customer(msgspec.Struct):
    id: str
    sequence: int


class _Data(msgspec.Struct):
    customer: _Customer
    text: str | None = None


class Envelope(msgspec.Struct):
    """What is looked at of an envelope."""

    id: str
    data: _Data


class Consumer:
    def __init__(self, job: Job) -> None:
        self._job = job
        self._ledger = Ledger(Path(job.ledger))
        self._decode = msgspec.json.Decoder(Envelope).decode
        self._lines: list[Delivered] = []
        self._last = 0
        self.ending = threading.Event()

    def run(self) -> None:
        turn = 0
        while not self.ending.is_set():
            parameters = pika.URLParameters(self._job.urls[turn % len(self._job.urls)])
            parameters.heartbeat = _HEARTBEAT
            parameters.socket_timeout = parameters.stack_timeout = _HEARTBEAT  # type: ignore[assignment]  # stubs say None
            parameters.retry_delay, parameters.connection_attempts = 0, 1
            try:
                connection = pika.BlockingConnection(parameters)
                self._consume(connection.channel())
            except (AMQPError, AMQPConnectorException, OSError):
                turn += 1
                time.sleep(_PAUSE)

    def _consume(self, channel: BlockingChannel) -> None:
        """Raises `AMQPError` when the connection ends, or a queue was deleted."""
        channel.basic_qos(prefetch_count=PREFETCH, global_qos=False)
        channel.add_on_cancel_callback(lambda _frame: channel.close())
        self._lines.clear()
        for queue in self._job.queues:
            channel.basic_consume(queue, self._receiver(queue))
        while not self.ending.is_set():
            channel.connection.process_data_events(time_limit=0.05)  # type: ignore[attr-defined]  # a BlockingConnection
            if self._lines:
                self._ledger.note(*self._lines)
                self._ledger.sync()
                self._lines.clear()
                channel.basic_ack(self._last, multiple=True)
            elif not channel.is_open:
                raise AMQPError
        channel.connection.close()

    def _receiver(self, queue: str) -> Any:
        def receive(_channel: Any, method: Any, properties: Any, body: bytes) -> None:
            envelope = self._decode(body)
            customer = envelope.data.customer
            line = Delivered(
                n=number_of(envelope.data.text),
                at=time.monotonic(),
                queue=queue,
                envelope=envelope.id,
                digest=hashlib.sha256(body).hexdigest()[:32],
                customer=customer.id,
                sequence=customer.sequence,
                attempt=int(properties.message_id.split(":")[2]),  # <envelope id>:<target>:<attempt>
            )
            self._lines.append(line)
            self._last = method.delivery_tag

        return receive


def main(job: Job) -> None:
    consumer = Consumer(job)

    def watch() -> None:
        while os.read(0, 64):
            pass
        consumer.ending.set()

    threading.Thread(target=watch, daemon=True).start()
    consumer.run()


if __name__ == "__main__":
    main(msgspec.json.decode(sys.argv[1], type=Job))
