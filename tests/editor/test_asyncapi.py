"""The description of the queues is a valid AsyncAPI document, and describes what the gateway declares and publishes."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator

from dispatcher.base import Topology
from dispatcher.topology import EVENTS, SYSTEM_QUEUES, UNROUTED, Exchange, declarations
from normalizer.event import TYPES, event
from regia.asyncapi import asyncapi

SPECIFICATION = Path(__file__).parent / "node_modules" / "@asyncapi" / "specs" / "schemas" / "3.0.0.json"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return json.loads(json.dumps(asyncapi()))  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def specification() -> Draft7Validator:
    if not SPECIFICATION.exists():
        if "CI" in os.environ and shutil.which("npm"):
            pytest.fail("scripts/editor-server.sh has not brought the schema of AsyncAPI")
        pytest.skip("the schema of AsyncAPI is not here: run scripts/editor-server.sh, which needs npm")
    return Draft7Validator(json.loads(SPECIFICATION.read_text()))


def test_it_is_a_document_of_asyncapi(document: dict[str, Any], specification: Draft7Validator) -> None:
    assert [(list(error.path), error.message) for error in specification.iter_errors(document)] == []
    broken = document | {"operations": {"sendEvent": {"action": "sends", "channel": {"$ref": "#/channels/events"}}}}
    assert list(specification.iter_errors(broken)), "the specification's schema refuses nothing"


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from ([value["$ref"]] if isinstance(value.get("$ref"), str) else [])
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from references(one)


def resolved(document: dict[str, Any], reference: str) -> Any:
    found: Any = document
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


def test_everything_that_is_named_is_there(document: dict[str, Any]) -> None:
    named = set(references(document))
    assert len(named) > len(TYPES)
    for reference in named:
        assert resolved(document, reference), reference
    used = {name.rpartition("/")[2] for name in named if name.startswith("#/components/messages/")}
    assert used == set(document["components"]["messages"])


def test_queues_and_exchanges_are_those_that_are_declared(document: dict[str, Any]) -> None:
    declared = {
        one.name for one in declarations(Topology(targets={"demo": frozenset({"returns"})})) if isinstance(one, Exchange)
    }
    channels = document["channels"].values()
    queues = {one["address"] for one in channels if one["bindings"]["amqp"]["is"] == "queue"}
    assert queues - {"{brand}.{target}"} == set(SYSTEM_QUEUES) - {UNROUTED}  # where nobody else reads or writes
    exchanges = {one["bindings"]["amqp"]["exchange"]["name"] for one in channels if "exchange" in one["bindings"]["amqp"]}
    assert exchanges == {EVENTS}
    assert exchanges < declared


@pytest.mark.parametrize("type_", TYPES)
def test_an_event_is_of_its_message_and_of_no_other(document: dict[str, Any], type_: str) -> None:
    body = json.loads(event(type_, id_="1", source="/demo", subject="con_1", at_ms=1_795_000_000_000, data={}))
    messages = document["components"]["messages"]
    of_events = {name: one for name, one in messages.items() if "allOf" in one["payload"]}
    fitting = [
        name
        for name, one in of_events.items()
        if Draft202012Validator(one["payload"] | {"components": document["components"]}).is_valid(body)
    ]
    assert [messages[name]["name"] for name in fitting] == [type_]
