"""Damaged payloads of a channel: what must hold for each, from the signature to the envelope's bytes."""

import random
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Final

import msgspec
import orjson

from connectors.base import Parsed, Request
from connectors.conformance.bodies import Mutants
from connectors.conformance.subject import ARRIVED, Subject
from connectors.errors import REJECTIONS, Rejected
from normalizer.envelope_data import message_data
from normalizer.inbound import InboundMessage, envelope_id
from normalizer.message import normalise

HEADERS: Final = 0.1
"""Share of the requests whose headers or query are damaged too, as a stranger's would be."""
LANGUAGES: Final = ("it", "en", "de")


@dataclass(slots=True)
class Tally:
    """What became of so many payloads. `bad` names what must not happen, with the payload that made it."""

    outcome: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    bad: list[str] = field(default_factory=list)


def feed(subject: Subject, count: int, seed: int) -> Tally:
    """Sign and read so many mutants of the subject's samples, and make an envelope's data of each contact."""
    mutants = Mutants(list(subject.samples.values()), subject.request(b"").content_type, seed)
    connector = subject.connector()
    tally, chance = Tally(), random.Random(seed)  # noqa: S311  # to repeat a run, not to keep a secret
    for _ in range(count):
        body = mutants.one()
        request = subject.request(body)
        if chance.random() < HEADERS:
            request = _other_headers(request, chance)
        started = time.perf_counter()
        try:
            connector.verify(request)
            _count(tally, connector.parse(request), subject)
        except Rejected as rejected:
            tally.outcome[f"rejected: {rejected.code}"] += 1
            if REJECTIONS.get(rejected.code, 500) >= 500:
                tally.bad.append(f"{rejected.code}: {body[:200]!r}")
        except Exception as error:  # noqa: BLE001  # whatever it is, it is what this looks for
            tally.bad.append(f"{type(error).__name__}: {error} for {body[:300]!r}")
        tally.slowest = max(tally.slowest, time.perf_counter() - started)
    return tally


def _other_headers(request: Request, chance: random.Random) -> Request:
    """One header or parameter gone, or with another value."""
    part = "headers" if chance.random() < 0.7 or not request.query else "query"
    held: dict[str, str] = dict(getattr(request, part))
    name = chance.choice(sorted(held) or ["x"])
    value = chance.choice([None, "", "x", "\udcff", "9" * 40, held.get(name, "")[:-1], held.get(name, "") + "="])
    held.pop(name, None)
    return replace(request, **{part: held if value is None else {**held, name: value}})


def _count(tally: Tally, parsed: Parsed, subject: Subject) -> None:
    tally.outcome["messages"] += len(parsed.messages)
    tally.outcome["statuses"] += len(parsed.statuses)
    tally.outcome["events"] += len(parsed.events)
    for kept in parsed.unreadable:
        tally.outcome[f"kept: {kept.reason}"] += 1
    for message in parsed.messages:
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(message), type=InboundMessage) == message
        name = subject.channel.name
        made = normalise(envelope_id(name, message.event_key), name, ARRIVED, message, attachments=(), languages=LANGUAGES)
        orjson.dumps(message_data(made))
