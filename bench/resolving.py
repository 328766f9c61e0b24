"""What a commit does with a batch, without rules and queues: who is a repeat, whose each message is, and its row."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from sqlalchemy import Connection

from identity.people import Identified
from identity.policy import Policy
from identity.resolve import IdentitySession
from normalizer.message import Message
from storage import ledger
from storage.bulk import insert_rows
from storage.ledger import Event
from storage.schema import messages as messages_table


@dataclass(frozen=True, slots=True, kw_only=True)
class Bodies:
    """What stands in the large columns of each message: only its size matters here."""

    envelope: bytes = b"{}"
    explanation: bytes = b"{}"
    raw: bytes = b"{}"


REAL = Bodies(envelope=b"e" * 2_640, explanation=b"x" * 325, raw=b"r" * 980)
"""As large as those of the webhooks of `bench.webhooks`, as the demo's rules route them."""


class Resolver:
    """Commits batches of new messages of one journal, the way `regia.pipeline.commit` does."""

    def __init__(self, policy: Policy, bodies: Bodies | None = None, *, journal: str = "jrn_bench") -> None:
        self._policy = policy
        self._bodies = bodies or Bodies()
        self._journal = journal
        self._numbers: Iterator[int] = count(1)

    def resolve(self, connection: Connection, batch: Sequence[Message]) -> list[Identified]:
        """Inside the caller's transaction; what each message came to, in order."""
        events = [Event(str(one.id), self._journal, next(self._numbers), _received_ms(one)) for one in batch]
        standings = ledger.enter(connection, events)
        if set(standings) != {"new"}:
            raise ValueError("a message of the batch is in this database already")
        session = IdentitySession(connection, batch, self._policy)
        found = []
        for one in batch:
            identified = session.identify(one)
            session.record(identified, one, "general")
            found.append(identified)
        session.save()
        insert_rows(connection, messages_table, [self._row(*both) for both in zip(batch, found, strict=True)])
        return found

    def _row(self, message: Message, identified: Identified) -> dict[str, Any]:
        inbound, bodies = message.inbound, self._bodies
        return {
            "id": str(message.id),
            "connector": message.connector,
            "brand": inbound.brand,
            "channel": inbound.channel,
            "kind": inbound.kind,
            "external_id": inbound.external_id,
            "refers_to": inbound.refers_to,
            "account": inbound.account,
            "handle_kind": inbound.sender.handle.kind,
            "handle_value": inbound.sender.handle.value,
            "handle_id": identified.handle_id,
            "customer_id": identified.customer.id,
            "conversation_id": identified.conversation.id,
            "sequence": identified.sequence,
            "category": "general",
            "discarded_by": None,
            "ruleset": "bench",
            "received_ms": _received_ms(message),
            "at_ms": identified.at_ms,
            "awaits_answer": identified.awaits_answer,
            "repeat_of": identified.repeat_of,
            "envelope": bodies.envelope,
            "explanation": bodies.explanation,
            "raw": bodies.raw,
            "raw_sha256": "0" * 64,
            "raw_content_type": inbound.raw_content_type,
        }


def _received_ms(message: Message) -> int:
    return int(message.received_at.timestamp() * 1000)
