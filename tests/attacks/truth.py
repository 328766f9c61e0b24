"""Who is who, and what belongs to whom, as a bystander knows it who sees everything: not as identity finds out.

Everything is kept by cluster: a person, a mailbox of many, or a claim (whoever typed one address, as docs/identity.md has
it). An envelope may tell what its own cluster has said and is, and nothing of another.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from identity.handles import known_as
from normalizer.inbound import Handle, InboundMessage
from tests.attacks.persons import Person
from tests.attacks.tokens import tokens, words


@dataclass(frozen=True, kw_only=True)
class Contact:
    """What is said. `by`: the cluster of who really wrote; `answers`: where a reply must go; `kind`: `honest` or the attack."""

    by: str
    kind: str
    connector: str
    inbound: InboundMessage
    answers: Handle

    @property
    def cluster(self) -> str:
        """Under what it is kept: the writer's, where the channel proves who that is, else the claim's."""
        handle = self.inbound.sender.handle
        return claim(handle) if handle.proof == "claimed" else self.by


def claim(handle: Handle) -> str:
    """The cluster of everybody who types an address."""
    known = known_as(handle)
    return f"claim:{known.kind}:{known.value}"


class Truth:
    """What is known of all sequences of a run."""

    def __init__(self) -> None:
        self._tells_of: dict[bytes, set[str]] = {}
        self._made_for: dict[str, str] = {}
        """Ids of messages, customers and conversations to the cluster in whose envelope each first stood."""
        self._proven: dict[tuple[str, str], str] = {}
        self._before: dict[tuple[str, str], tuple[str, int]] = {}
        self._joined: set[frozenset[str]] = set()

    def add(self, person: Person) -> None:
        for token in person.tokens:
            self._tells_of.setdefault(token, set()).add(person.cluster)
        for handle in person.handles:
            self.belongs(handle, person.cluster)

    def belongs(self, handle: Handle, cluster: str) -> None:
        """What a platform proves of this address is about them."""
        key = (handle.kind, handle.value)
        assert self._proven.get(key, cluster) == cluster, "two people of a test have one address"
        self._proven[key] = cluster

    def handed_on(self, handle: Handle, cluster: str, now_ms: int) -> None:
        """From now on it is about somebody else."""
        key = (handle.kind, handle.value)
        self._before[key] = (self._proven[key], now_ms)
        self._proven[key] = cluster

    def owner(self, handle: Handle, at_ms: int | None = None) -> str | None:
        """Whose an address is, or was at a time."""
        key = (handle.kind, handle.value)
        before, until = self._before.get(key, (None, 0))
        return before if at_ms is not None and at_ms < until else self._proven.get(key)

    def made_for(self, id_: str) -> str | None:
        """The cluster in whose envelope an id of ours first stood."""
        return self._made_for.get(id_)

    def join(self, one: str, other: str) -> None:
        """A person of the shop says that two are one."""
        self._joined.add(frozenset((one, other)))

    def part(self, one: str, other: str) -> None:
        """And takes it back."""
        self._joined.discard(frozenset((one, other)))

    def family(self, cluster: str) -> set[str]:
        """The cluster with all that are joined to it."""
        found = [cluster]
        for one in found:
            found += [other for pair in self._joined if one in pair for other in pair if other not in found]
        return set(found)

    def said(self, contact: Contact) -> list[str]:
        """Take note of a contact before it is committed; what its channel proved wrongly."""
        bare = msgspec.structs.replace(contact.inbound, raw=b"", attachments=())
        for token in tokens(msgspec.json.encode(bare)):
            self._tells_of.setdefault(token, set()).add(contact.cluster)
        sender = contact.inbound.sender
        proven = [handle for handle in (sender.handle, *sender.aliases) if handle.proof != "claimed"]
        return [
            f"{contact.by}, {contact.kind}: a {handle.kind} of another passes for proven"
            for handle in proven
            if self.owner(handle) != contact.by
        ]

    def made(self, id_: str, cluster: str) -> None:
        """Take note of a message's own id."""
        self._made_for.setdefault(id_, cluster)
        self._tells_of.setdefault(id_.encode(), {cluster})

    def told(self, contact: Contact, envelope: Mapping[str, Any], body: bytes) -> list[str]:
        """What is wrong with the envelope of a contact."""
        family, data = self.family(contact.cluster), envelope["data"]
        problems = [
            *self._foreign_ids(family, contact, envelope),
            *self._foreign_tokens(family, body),
            *self._foreign_handles(family, data["customer"]["handles"]),
        ]
        to = data["reply"]["via"] or data["sender"]["handle"]
        if (to["kind"], to["value"]) != (contact.answers.kind, contact.answers.value):
            problems.append("an answer would go to another address")
        return [f"{contact.by}, {contact.kind}: {problem}" for problem in problems]

    def _foreign_ids(self, family: set[str], contact: Contact, envelope: Mapping[str, Any]) -> Iterable[str]:
        data = envelope["data"]
        ids = {
            "customer": [envelope["subject"], data["customer"]["id"]],
            "conversation": [data["conversation"]["id"]],
            "history": [one["id"] for one in data["history"]],
            "repeat_of": [data["repeat_of"]] if data["repeat_of"] else [],
        }
        for part, found in ids.items():
            for id_ in found:
                owner = self._made_for.setdefault(id_, contact.cluster)
                self._tells_of.setdefault(id_.lower().encode(), set()).add(owner)
                if owner not in family:
                    yield f"{part} is another's"

    def _foreign_tokens(self, family: set[str], body: bytes) -> Iterable[str]:
        for token in words(body):
            owners = self._tells_of.get(token)
            if owners and owners.isdisjoint(family):
                yield f"something of another stands in it ({token[:3].decode()}…)"

    def _foreign_handles(self, family: set[str], handles: Iterable[Mapping[str, Any]]) -> Iterable[str]:
        for given in handles:
            handle = Handle(**given)
            owner = claim(handle) if handle.proof == "claimed" else self.owner(handle)
            if owner not in family:
                yield f"the customer has a {handle.kind} of another"
