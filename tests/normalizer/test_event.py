"""An event is a CloudEvent of the envelope's frame, and nothing but what it was given."""

import re
from pathlib import Path
from typing import Any

import jsonschema
import orjson
import pytest

from normalizer.envelope import Envelope
from normalizer.event import SCHEMA, TYPES, Event, event, json_schema

AT = 1_795_000_000_123
GIVEN: dict[str, Any] = {"id_": "evt_1", "source": "/masterpro", "subject": "cus_1", "at_ms": AT, "data": {"other": "cus_2"}}
MERGED = "regia.customer.merged.v1"


def test_the_bytes() -> None:
    made = orjson.loads(event(MERGED, **GIVEN))
    assert made == {
        "specversion": "1.0",
        "id": "evt_1",
        "type": MERGED,
        "source": "/masterpro",
        "subject": "cus_1",
        "time": "2026-11-18T11:06:40.123Z",
        "datacontenttype": "application/json",
        "dataschema": "urn:regia:schema:event:1",
        "data": {"other": "cus_2"},
    }
    assert made.keys() == Envelope.model_fields.keys() == Event.model_fields.keys(), "the frame of the envelope"


@pytest.mark.parametrize("type_", TYPES)
def test_every_type_fits_the_published_schema(type_: str) -> None:
    assert re.fullmatch(r"regia\.[a-z]+\.[a-z]+\.v1", type_)
    made = orjson.loads(event(type_, **GIVEN))
    jsonschema.validate(made, json_schema(), format_checker=jsonschema.FormatChecker())
    assert Event.model_validate(made).type == type_
    assert made["dataschema"] == SCHEMA == json_schema()["$id"]


@pytest.mark.parametrize("type_", ["regia.customer.merge.v1", "customer.merged", "", "regia.message.received.v1"])
def test_a_type_that_is_none(type_: str) -> None:
    with pytest.raises(ValueError, match=r"normalizer\.event\.TYPES"):
        event(type_, **GIVEN)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(orjson.loads(event(MERGED, **GIVEN)) | {"type": type_}, json_schema())


@pytest.mark.parametrize("missing", ["id_", "source", "subject"])
def test_what_an_event_must_have(missing: str) -> None:
    with pytest.raises(ValueError, match="needs an id, a source and a subject"):
        event(MERGED, **GIVEN | {missing: ""})


def test_types_that_are_told_are_in_the_list() -> None:
    """Wherever the code speaks of a type, it is one."""
    root = Path(__file__).parents[2]
    spoken = {
        found
        for package in ("regia", "identity", "desk", "normalizer", "storage", "dispatcher", "connectors", "web")
        for path in (root / package).rglob("*.py")
        for found in re.findall(r"\"(regia\.[a-z_]+\.[a-z_]+\.v\d+)\"", path.read_text())
    }
    assert spoken - {"regia.message.received.v1"} == set(TYPES)
