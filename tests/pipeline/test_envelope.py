"""The envelope of every kind of contact: exactly the contract's keys, valid by model and by JSON Schema."""

from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import jsonschema
import orjson
import pytest

from normalizer.envelope import Envelope, json_schema
from normalizer.inbound import (
    Button,
    Call,
    InboundAttachment,
    InboundMessage,
    Kind,
    Location,
    Page,
    Reaction,
    Reply,
    SharedContact,
    Thread,
)
from storage.schema import messages
from tests.contacts import START, email, inbound, phone, user
from tests.pipeline.conftest import RULESET, Line

VALIDATOR = jsonschema.Draft202012Validator(json_schema(), format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)

FULL: dict[str, dict[str, Any]] = {
    "text": {"text": "Vorrei un rimborso", "aliases": [user()], "claims": [email()], "sender_name": "Anna Bianchi"},
    "media": {"attachments": (InboundAttachment(content=b"%PDF-1.7 "), InboundAttachment(unavailable="gone")), "text": None},
    "location": {"location": Location(latitude=45.46, longitude=9.19, name="Duomo", address="Piazza", url="https://x.it")},
    "contact": {"contacts": (SharedContact(name="Eva", phones=("+39",), emails=("e@x.it",)), SharedContact())},
    "reaction": {"reaction": Reaction(emoji="👍"), "refers_to": "m0"},
    "postback": {"button": Button(id="ret", title="Reso"), "thread": Thread(in_reply_to="m0", references=("a", "b"))},
    "form": {
        "fields": {"order": "IT-1", "total": 89.9, "urgent": True, "sizes": ["M", 4, None, False], "note": None, "n": 2**63},
        "page": Page(url="https://shop.it/p", title="Padella", referrer="https://g.it"),
        "faq": ("resi",),
        "reply": Reply(allowed=("text", "image"), until=START + timedelta(hours=24), via=email()),
        "subject": "Reso",
        "text_full": "tutto",
        "html": "<p>tutto</p>",
    },
    "comment": {"refers_to": "post-1", "automated": "list", "backlog": True, "language": "de"},
    "call": {"call": Call(direction="inbound", state="completed", duration=42, recording="https://x.it/r")},
    "visit": {"page": Page(), "text": None, "account": None, "sent_at": START},
    "edit": {"refers_to": "m0", "text": ""},
    "delete": {"refers_to": "m0", "text": None},
    "unsupported": {"text": None, "raw": b"", "raw_content_type": "text/plain; charset=utf-8"},
}


def of_kind(kind: str, **more: Any) -> InboundMessage:
    return inbound(f"m-{kind}", **{"kind": kind, **FULL[kind], **more})


def keys(value: Any) -> Any:
    """The shape of a JSON value: its keys, whatever the values."""
    if isinstance(value, dict):
        return {key: keys(item) for key, item in value.items()}
    return [keys(item) for item in value] if isinstance(value, list) else None


def test_every_kind_is_here() -> None:
    assert set(FULL) == set(get_args(Kind))


@pytest.mark.parametrize("kind", FULL)
async def test_of_every_kind(line: Line, kind: str) -> None:
    line.start()
    await line.accept(inbound("m0", text="Prima"), of_kind(kind))
    await line.idle()
    for row in await line.rows(messages):
        data = orjson.loads(row["envelope"])
        VALIDATOR.validate(data)
        model = Envelope.model_validate_json(row["envelope"])
        dumped = model.model_dump(mode="json")
        # `fields` and `decided_by` are the only open mappings; everything else has the model's keys and no other.
        assert keys(data) == keys(dumped)
        assert (data["id"], data["data"]["kind"]) == (row["id"], row["kind"])
        assert data["data"]["fields"] == (dict(FULL[kind].get("fields", {})) if row["kind"] == kind else {})


async def test_what_it_says(line: Line) -> None:
    line.start()
    await line.accept(inbound("m0", sender_name="Anna"), of_kind("text"), of_kind("form"))
    await line.idle()
    found = await line.envelopes()
    envelope = found["m-text"]
    data = envelope["data"]
    (customer, conversation) = data["customer"], data["conversation"]
    assert (envelope["specversion"], envelope["type"]) == ("1.0", "regia.message.received.v1")
    assert (envelope["source"], envelope["subject"], envelope["time"]) == (
        "/demo/whatsapp",
        customer["id"],
        "2026-11-21T18:02:11.532Z",
    )
    assert (customer["match"], customer["messages"], customer["sequence"], customer["name"]) == (
        "verified",
        1,
        2,
        "Anna Bianchi",
    )
    assert (conversation["messages"], conversation["channels"]) == (2, ["whatsapp"])
    assert [one["id"] for one in data["history"]] == [found["m0"]["id"]]
    assert data["sender"]["handle"] == {"kind": "phone", "value": "+393331234567", "proof": "verified"}
    assert data["raw"] == {
        "url": f"https://regia.example/v1/messages/{envelope['id']}/raw",
        "content_type": "application/json",
        "size": len(b'{"id":"m-text"}'),
    }
    routing = data["routing"]
    assert (routing["category"], routing["targets"], routing["tags"]) == ("returns", ["returns", "partners"], ["rma"])
    assert routing["sla"]["first_reply_due"] == "2026-11-21T22:02:11.532Z"
    assert (routing["ruleset"], routing["decided_by"]["category"]) == (RULESET.hash, "returns-by-words")
    reply = found["m-form"]["data"]["reply"]
    assert (reply["until"], reply["via"]["value"]) == ("2026-11-22T18:00:00.000Z", "anna@example.it")


@pytest.mark.parametrize(
    "at",
    [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), datetime(2026, 11, 21, 3)],  # noqa: DTZ001
    ids=["first", "last", "naive"],
)
async def test_times_at_the_edges(line: Line, at: datetime) -> None:
    """A connector may hand over any time; the contact is committed or held, never stuck."""
    line.start()
    await line.accept(inbound("m1", sent_at=at), inbound("m2"))
    await line.idle()
    assert "m2" in await line.envelopes()
    assert (await line.books()).balance


async def test_an_envelope_with_anything_in_its_texts(line: Line) -> None:
    line.start()
    text = "zero \x00 rtl \u202e emoji 👩‍👩‍👧 \u2028 " + "à" * 5_000
    await line.accept(inbound("m1", phone("+39\x7f1"), text=text, subject=text, sender_name=text, fields={text[:40]: text}))
    await line.idle()
    (row,) = await line.rows(messages)
    VALIDATOR.validate(orjson.loads(row["envelope"]))


async def test_what_rules_took_out_of_a_text_stands_among_the_fields(line: Line) -> None:
    line.start()
    text = "IT-2231, MP-28, EUR 12,5"
    await line.accept(
        inbound("none", text="Ciao"),
        inbound("all", text=text, fields={"note": "mine"}),
        inbound("own", text=text, fields={"order": "IT-1", "total": 0, "model": ["MP-1"]}),
        inbound("blank", text=text, fields={"order": "", "total": None, "model": "MP-1"}),
    )
    await line.idle()
    fields = {name: envelope["data"]["fields"] for name, envelope in (await line.envelopes()).items()}
    found = {"order": "IT-2231", "total": 12.5, "model": "MP-28"}
    assert fields == {
        "none": {},
        "all": {"note": "mine", **found},
        "own": {"order": "IT-1", "total": 0, "model": ["MP-1"]},
        "blank": {**found, "model": "MP-1"},
    }
    for row in await line.rows(messages):
        VALIDATOR.validate(orjson.loads(row["envelope"]))
