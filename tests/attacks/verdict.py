"""What must hold in the database when everybody is done: read from its tables, and judged by who really is who."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import orjson
from sqlalchemy import Connection, Row, select

from identity.acts import RULE
from normalizer.inbound import Handle
from storage.schema import audit, conversations, customers, handles, messages
from tests.attacks.truth import Truth, claim


class Verdict:
    """One reading of all tables. `merges`: how many customers were put below another by themselves."""

    def __init__(self, connection: Connection, truth: Truth) -> None:
        self._truth = truth
        self._customers = {row.id: row for row in connection.execute(select(customers))}
        self._links = {row.id: row for row in connection.execute(select(handles))}
        self._conversations = {row.id: row for row in connection.execute(select(conversations))}
        columns = ("id", "handle_id", "customer_id", "conversation_id", "sequence", "awaits_answer", "repeat_of")
        self._messages = list(connection.execute(select(*(messages.c[name] for name in columns))))
        self._owner = {row.id: self._links[row.handle_id].customer_id for row in self._messages}
        merged = select(audit.c.id).where(audit.c.action == "merged", audit.c.actor == RULE)
        self.merges = len(connection.execute(merged).all())

    def problems(self) -> list[str]:
        return [*self._owners(), *self._numbers(), *self._counts(), *self._talks(), *self._repeats()]

    def cluster(self, link: Row[Any]) -> str | None:
        """Whose a link is in truth."""
        handle = Handle(link.kind, link.value, link.proof)
        return claim(handle) if link.standing == "claimed" else self._truth.owner(handle, link.since_ms)

    def _owners(self) -> Iterator[str]:
        """No customer has addresses of two people; a claim is nobody's but its own, unless a person said so."""
        by_owner: dict[str, set[str | None]] = defaultdict(set)
        for link in self._links.values():
            if link.key is not None:
                by_owner[link.customer_id].add(self.cluster(link))
        for owner, clusters in by_owner.items():
            if not clusters <= self._truth.family(next(iter(clusters)) or ""):
                yield f"merged by a claim: {owner} has {sorted(map(str, clusters))}"

    def _numbers(self) -> Iterator[str]:
        """Each customer's messages are numbered from one, without gap or double."""
        numbers: dict[str, list[int]] = defaultdict(list)
        for message in self._messages:
            numbers[message.customer_id].append(message.sequence)
        for owner, customer in self._customers.items():
            found = sorted(numbers[owner])
            if found != list(range(1, customer.sequence + 1)):
                yield f"numbers of {owner} are {found} up to {customer.sequence}"

    def _counts(self) -> Iterator[str]:
        """A customer's row counts and shows what its own addresses have written, and nothing else."""
        wrote, waits = Counter(self._owner.values()), Counter[str]()
        for message in self._messages:
            waits[self._owner[message.id]] += message.awaits_answer
        for owner, customer in self._customers.items():
            if customer.merged_into is not None:
                continue
            if (customer.messages, customer.unanswered) != (wrote[owner], waits[owner]):
                yield f"{owner} counts {customer.messages}, {customer.unanswered}: not {wrote[owner]}, {waits[owner]}"
            if any(self._owner[one["id"]] != owner for one in orjson.loads(customer.history)):
                yield f"{owner} shows what others have written"

    def _talks(self) -> Iterator[str]:
        """Nobody's words stand in another's conversation, but in one that an unmerge has split."""
        talks: dict[str, set[str]] = defaultdict(set)
        for message in self._messages:
            talks[message.conversation_id].add(self._truth.made_for(message.id) or "")
        for id_, clusters in talks.items():
            row = self._conversations[id_]
            if not clusters <= self._truth.family(next(iter(clusters))) and not (row.split and not row.open):
                yield f"a conversation of {sorted(clusters)} is not split"

    def _repeats(self) -> Iterator[str]:
        for message in self._messages:
            if message.repeat_of is not None:
                one, other = (self._truth.made_for(id_) or "" for id_ in (message.id, message.repeat_of))
                if other not in self._truth.family(one):
                    yield "a message repeats another's"
