"""What each sample becomes, as `expected.json` beside it says: written from the providers' documents by somebody who did not
see the connectors."""

import json
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest

from connectors.base import Parsed
from connectors.conformance.subject import Subject
from normalizer.envelope_data import rfc3339
from normalizer.inbound import InboundMessage
from tests.subjects.registry import SUBJECTS

SAMPLES = Path(__file__).parents[1] / "samples"


def _expected(subject: Subject) -> dict[str, Any]:
    path = SAMPLES / subject.name / "expected.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


CASES = [
    pytest.param(subject, name, expected, id=f"{subject.more.get('samples', subject.channel.name)}-{name}")
    for subject in SUBJECTS
    for name, expected in _expected(subject).items()
]


def _bare(value: str) -> str:
    """A handle's value without the account it is scoped to."""
    return value.rpartition(":")[2]


def _shown(message: InboundMessage, asked: dict[str, Any]) -> dict[str, Any]:
    """What the expectation asks about, in its words."""
    location, button, reaction = message.location, message.button, message.reaction
    values = [handle.value for handle in (message.sender.handle, *message.sender.aliases)]
    wanted = asked.get("sender")
    shown: dict[str, Any] = {
        "kind": message.kind,
        "external_id": message.external_id,
        "sender": wanted if any(value == wanted or value.endswith(f":{wanted}") for value in values) else _bare(values[0]),
        "aliases": [_bare(handle.value) for handle in message.sender.aliases if handle.kind != "whatsapp_parent_user"],
        "contacts": [{"name": card.name, "phone": next(iter(card.phones), None)} for card in message.contacts],
        "name": message.sender.name,
        "text": message.text,
        "subject": message.subject,
        "refers_to": message.refers_to,
        "in_reply_to": message.thread.in_reply_to,
        "location": [location.latitude, location.longitude] if location else None,
        "button": {"id": button.id, "title": button.title} if button else None,
        "reaction": reaction.emoji if reaction else None,
        "sent_at": rfc3339(message.sent_at) if message.sent_at else None,
        "attachments": [
            {"content_type": file.content_type, "filename": file.filename, "reference": file.reference}
            for file in message.attachments
        ],
        "call": {
            "direction": message.call.direction,
            "state": message.call.state,
            "duration": message.call.duration,
            "recording": message.call.recording,
        }
        if message.call
        else None,
    }
    found = {name: _as_asked(value, asked[name]) for name, value in shown.items() if name in asked}
    if "fields" in asked:
        found["fields"] = _kept(asked["fields"], message)
    return found


def _kept(asked: Any, message: InboundMessage) -> Any:
    """What of `asked` stands in the contact, under whatever name: the names of fields are ours, not the documents'."""
    if isinstance(asked, dict):
        return {name: _kept(value, message) for name, value in asked.items()}
    kept = orjson.loads(orjson.dumps([*message.fields.values(), msgspec.to_builtins(message.page), message.text]))
    kept += [msgspec.to_builtins(message.location), msgspec.to_builtins(message.call), message.sender.name]
    return asked if _holds(kept, asked) else "lost"


def _holds(kept: Any, value: Any) -> bool:
    if isinstance(value, list):
        return all(_holds(kept, one) for one in value)
    if isinstance(kept, dict | list):
        return any(_holds(one, value) for one in (kept.values() if isinstance(kept, dict) else kept))
    return str(kept) == str(value) or (isinstance(kept, str) and isinstance(value, str) and value in kept)


def _as_asked(value: Any, asked: Any) -> Any:
    """Only what is asked about: an expectation may leave out parts of a part."""
    if isinstance(asked, dict) and isinstance(value, dict):
        return {key: _as_asked(value.get(key), asked[key]) for key in asked}
    if isinstance(asked, list) and isinstance(value, list) and len(asked) == len(value):
        return [_as_asked(one, wanted) for one, wanted in zip(value, asked, strict=True)]
    return value


def _wanted(message: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in message.items() if name != "event_about"}


@pytest.mark.parametrize(("subject", "name", "expected"), CASES)
def test_a_sample_becomes_what_its_document_says(subject: Subject, name: str, expected: dict[str, Any]) -> None:
    parsed: Parsed = subject.connector().parse(subject.request(subject.samples[name]))
    about = expected.get("about", "")
    asked = [_wanted(message) for message in expected.get("messages", [])]
    assert len(parsed.messages) == len(asked), (about, parsed.unreadable, parsed.events)
    assert [_shown(message, wanted) for message, wanted in zip(parsed.messages, asked, strict=True)] == asked, about
    told = expected.get("statuses", [])
    assert [status.state for status in parsed.statuses] == [one["state"] for one in told], about
    named = [
        (status.external_id, one["external_id"])
        for status, one in zip(parsed.statuses, told, strict=True)
        if "external_id" in one
    ]
    assert all(given == wanted for given, wanted in named), (about, named)
    assert len(parsed.events) == expected.get("events", 0), about
    assert len(parsed.unreadable) == expected.get("unreadable", 0), (about, parsed.unreadable)
