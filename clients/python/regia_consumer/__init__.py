"""Takes Regia's envelopes from RabbitMQ, with the effect of each exactly once. Start with `Consumer`."""

from regia_consumer.consumer import Consumer
from regia_consumer.counters import Counters
from regia_consumer.dedupe import Dedupe, NoDedupe, SqlDedupe
from regia_consumer.errors import AlreadyDone, ConsumerError, Poison, Retry, Unavailable, Undecodable
from regia_consumer.handling import Limits
from regia_consumer.message import Message, by_conversation, by_customer
from regia_consumer.reorder import Reorder

__all__ = [
    "AlreadyDone",
    "Consumer",
    "ConsumerError",
    "Counters",
    "Dedupe",
    "Limits",
    "Message",
    "NoDedupe",
    "Poison",
    "Reorder",
    "Retry",
    "SqlDedupe",
    "Unavailable",
    "Undecodable",
    "by_conversation",
    "by_customer",
]
