"""Compares the three accounts of one run: the sender's ledger, what the consumers got, and the gateway's books."""

import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import jsonschema

from tests.e2e.consumers import Delivery
from tests.e2e.gateway import CATEGORIES, Gateway
from tests.e2e.graph import FAILING, GOOD, content
from tests.e2e.ledger import Event, Fate, Ledger

_MARKER: Final = re.compile(r"\[([a-z]\d{6})\]")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_HOMES: Final = (*CATEGORIES, "recovery")
"""Targets of which a message has exactly one; the others take copies."""


@dataclass
class Verdict:
    """What was delivered, by envelope id: its bytes, its queues, and how often each queue gave it."""

    bodies: dict[str, bytes] = field(default_factory=dict)
    queues: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    @property
    def repeats(self) -> int:
        return sum(counter.total() - len(counter) for counter in self.queues.values())

    def to_queues(self) -> Counter[str]:
        """Different messages by queue."""
        return Counter(queue for counter in self.queues.values() for queue in counter)


def collect(deliveries: Iterable[Delivery]) -> Verdict:
    """Every repeat has the bytes of the first, and no envelope is at home in two queues."""
    verdict = Verdict()
    for delivery in deliveries:
        assert not delivery.queue.startswith("regia."), f"{delivery.envelope_id} went to {delivery.queue}"
        known = verdict.bodies.setdefault(delivery.envelope_id, delivery.body)
        assert known == delivery.body, f"a repeat of {delivery.envelope_id} has other bytes"
        verdict.queues[delivery.envelope_id][delivery.queue] += 1
    for envelope_id, queues in verdict.queues.items():
        homes = [queue for queue in queues if queue.partition(".")[2] in _HOMES]
        assert len(homes) == 1, f"{envelope_id} is at home in {homes or 'no queue'}"
    return verdict


def once(verdict: Verdict) -> None:
    """Nothing was delivered twice: for runs in which nothing was killed."""
    twice = {envelope_id: dict(queues) for envelope_id, queues in verdict.queues.items() if queues.total() != len(queues)}
    assert not twice, f"delivered more than once: {twice}"


def match(ledger: Ledger, verdict: Verdict) -> dict[str, str]:
    """Marker to envelope id. Every envelope is one event of the ledger's (mails are judged by themselves), no event is
    two envelopes, and every message that was ever acknowledged is there."""
    by_id = {event.id: event for event in ledger.events.values() if event.id and event.fate == "message"}
    found: dict[str, str] = {}
    for envelope_id, body in verdict.bodies.items():
        envelope = json.loads(body)
        if envelope["data"]["connector"] == "mail":
            continue
        event = by_id.get(envelope_id) or _by_marker(ledger, envelope)
        assert event is not None, f"{envelope_id} was never sent: {envelope['data']['text']!r}"
        assert event.marker not in found, f"{event.marker} became two envelopes: {found[event.marker]} and {envelope_id}"
        found[event.marker] = envelope_id
        _check(event, envelope, verdict.queues[envelope_id])
    acknowledged = ledger.tally().acknowledged
    owed = {marker for marker in acknowledged if ledger.events[marker].fate == "message"}
    assert not owed - found.keys(), f"acknowledged and never delivered: {sorted(owed - found.keys())}"
    return found


def _by_marker(ledger: Ledger, envelope: Any) -> Event | None:
    marker = _MARKER.search(envelope["data"]["text"] or "")
    event = ledger.events.get(marker[1]) if marker else None
    return event if event is not None and event.fate == "message" and event.id in (None, envelope["id"]) else None


def _check(event: Event, envelope: Any, queues: Mapping[str, int]) -> None:
    """The envelope says what was sent, and lies where its words belong."""
    data = envelope["data"]
    said = (data["connector"], data["brand"], data["channel"], data["kind"], data["text"])
    assert said == (event.connector, event.brand, event.channel, event.kind, event.text), event.marker
    if event.sender is not None:
        assert data["sender"]["handle"]["value"] == event.sender, event.marker
    if event.queue is not None:
        expected = {f"{event.brand}.{target}" for target in (event.queue, *event.copies)}
        assert set(queues) == expected, f"{event.marker}: {event.text}"
    assert {f"{event.brand}.{target}" for target in data["routing"]["targets"]} == set(queues), event.marker
    if event.media is not None:
        _check_media(event.media, data["attachments"])


def _check_media(media_id: str, attachments: Any) -> None:
    (attachment,) = attachments
    prefix = media_id.partition("-")[0]
    if prefix == GOOD:
        digest = hashlib.sha256(content(media_id)).hexdigest()
        assert (attachment["state"], attachment["sha256"], attachment["size"]) == ("stored", digest, len(content(media_id)))
    else:
        assert (attachment["state"], attachment["reason"]) == ("unavailable", FAILING[prefix]), media_id


def check_envelopes(bodies: Iterable[bytes], schema: Any) -> int:
    """Each is a CloudEvent in structured JSON mode and fits the published schema; how many."""
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    count = 0
    for body in bodies:
        envelope = json.loads(body)
        problem = next(validator.iter_errors(envelope), None)
        assert problem is None, f"{envelope['id']}: {problem.message if problem else ''}"
        check_cloud_event(envelope)
        count += 1
    return count


def check_cloud_event(event: dict[str, Any]) -> None:
    """CloudEvents 1.0.2: required attributes, names, and the types of the optional ones (§3.1, JSON format §2)."""
    assert event["specversion"] == "1.0"
    for name in ("id", "source", "type"):
        assert isinstance(event[name], str), name
        assert event[name], name
    assert not set(event) - {"data"} - {name for name in event if re.fullmatch(r"[a-z0-9]{1,20}", name)}
    assert re.fullmatch(r"/[a-z0-9_-]+/[a-z0-9_-]+", event["source"])
    assert _TIME.fullmatch(event["time"])
    assert event["datacontenttype"] == "application/json"
    assert event["dataschema"].startswith("urn:")
    assert isinstance(event["data"], dict)


def check_amqp(deliveries: Iterable[Delivery]) -> None:
    """What the AMQP contract says of a message beside its body."""
    attempts: set[str] = set()
    for delivery in deliveries:
        envelope, properties = json.loads(delivery.body), delivery.properties
        target = delivery.queue.partition(".")[2]
        assert properties["content_type"] == "application/cloudevents+json"
        assert properties["type"] == envelope["type"]
        assert properties["correlation_id"] == envelope["data"]["conversation"]["id"]
        assert properties["delivery_mode"] == 2
        assert properties["headers"]["envelope-id"] == envelope["id"] == delivery.envelope_id
        assert properties["routing_key"] == f"{delivery.queue}.{envelope['data']['channel']}"
        assert properties["message_id"].startswith(f"{envelope['id']}:{target}:")
        assert properties["redelivered"] or properties["message_id"] not in attempts
        attempts.add(properties["message_id"])


def check_books(books: Mapping[str, Any], ledger: Ledger, verdict: Verdict, *, mails: int = 0, exact: bool = True) -> None:
    """The books balance, agree with the consumers, and with the ledger: to the number (`exact`, when everything was
    answered), else within what was acknowledged and what was sent. `mails`: accepted from archives."""
    assert books["balance"], books
    assert books["waiting"] == books["pending"] == books["unrouted"] == 0, books
    assert books["published"] == len(verdict.bodies), books
    assert books["published_to"] == dict(verdict.to_queues()), books
    assert books["targets"] == {"published": verdict.to_queues().total()}, books
    tally = ledger.tally()
    assert tally.accepted + mails <= books["accepted"] <= tally.sent.total() + mails, books
    for fate, name in (("discarded", "discarded"), ("signal", "signals"), ("quarantine", "quarantined")):
        assert _count(ledger, tally.acknowledged, fate) <= books[name] <= _count(ledger, tally.sent, fate), (name, books)
    if exact:
        assert tally.unanswered == 0
        different = len(tally.acknowledged)
        assert books["duplicate"] == tally.accepted - different + mails - _mails(verdict), books


def _mails(verdict: Verdict) -> int:
    return sum(json.loads(body)["data"]["connector"] == "mail" for body in verdict.bodies.values())


def _count(ledger: Ledger, numbers: Mapping[str, int], fate: Fate) -> int:
    """Different events of a fate."""
    return sum(ledger.events[marker].fate == fate for marker in numbers)


def check_quarantine(gateway: Gateway, ledger: Ledger) -> None:
    """Every unreadable webhook that was acknowledged is held with its exact bytes."""
    lines = gateway.cli("quarantine", "list", "--limit", "100000").stdout.splitlines()
    acknowledged = ledger.tally().acknowledged
    owed = {event.raw for marker, event in ledger.events.items() if event.fate == "quarantine" and acknowledged[marker]}
    assert len(lines) >= len(owed)
    for line in lines[:2]:  # a command each: a few of them must do
        shown = gateway.cli("quarantine", "show", line.split()[0]).stdout.encode()
        assert shown in {event.raw for event in ledger.events.values()}, shown


def check_stored(gateway: Gateway, verdict: Verdict, sample: Iterable[str]) -> None:
    """`GET /v1/messages/{id}` tells of each envelope the same bytes, its queues, and why it went there."""
    for envelope_id in sample:
        answer = gateway.get(f"/v1/messages/{envelope_id}")
        assert answer.status == 200, answer.body
        stored = answer.json()
        assert verdict.bodies[envelope_id] in answer.body
        assert {target["queue"] for target in stored["targets"]} == set(verdict.queues[envelope_id])
        assert {target["state"] for target in stored["targets"]} == {"published"}
        assert stored["explanation"]
        for attachment in stored["envelope"]["data"]["attachments"]:
            if attachment["state"] == "stored":
                _check_file(gateway, attachment)


def _check_file(gateway: Gateway, attachment: Any) -> None:
    path = attachment["url"].partition(f":{gateway.port}")[2]
    by_link, by_token = gateway.request("GET", path), gateway.get(f"/v1/attachments/{attachment['id']}")
    assert (by_link.status, by_token.status) == (200, 200)
    assert hashlib.sha256(by_link.body).hexdigest() == hashlib.sha256(by_token.body).hexdigest() == attachment["sha256"]
