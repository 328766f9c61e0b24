"""What is an envelope, and what the handler sees of it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regia_consumer import Message, Undecodable, by_conversation, by_customer
from regia_consumer.message import parse
from tests.clients.broker import envelope

EVENT = {
    "specversion": "1.0",
    "id": "6a0b2a44-8d6f-5d0e-9d5e-0b6a4f1f7c11",
    "type": "regia.customer.merged.v1",
    "source": "/demo",
    "data": {"act": "act_1", "customer": "cus_7", "other": "cus_9"},
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "data", "customer", "x"]), inner),
    max_leaves=10,
)


def made(**changes: Any) -> bytes:
    frame = {**json.loads(envelope(0)), **changes}
    return json.dumps({name: value for name, value in frame.items() if value is not ...}).encode()


def test_an_envelope() -> None:
    body = envelope(3, "cus_7")
    headers = {"envelope-id": json.loads(body)["id"], "traceparent": "00-a-b-01", "x-delivery-count": 2}
    message = parse("demo.returns", body, headers, correlation_id="con_5", redelivered=True)
    assert message.body == body
    assert (message.queue, message.id, message.type) == ("demo.returns", headers["envelope-id"], "regia.message.received.v1")
    assert (message.customer_id, message.sequence, message.conversation_id) == ("cus_7", 4, "con_5")
    assert (message.traceparent, message.redelivered, message.delivery_count) == ("00-a-b-01", True, 2)
    assert message.data["text"] == "parola 3"
    assert message.envelope["source"] == "/demo/form"
    assert "parola 3" not in repr(message)


def test_an_event_has_its_customer_and_no_number() -> None:
    message = parse("audit", json.dumps(EVENT).encode(), {"number": 7})
    assert (message.id, message.customer_id, message.sequence, message.delivery_count) == (EVENT["id"], "cus_7", None, 0)


def test_the_keys_of_order_always_give_one() -> None:
    message = parse("q", envelope(0, "cus_7"), {})
    assert (by_customer(message), by_conversation(message)) == ("cus_7", "con_cus_7")
    bare = parse("q", made(data={}), {})
    assert by_customer(bare) == by_conversation(bare) == bare.id


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"[]", "no CloudEvent"),
        (made(specversion="0.3"), "no CloudEvent"),
        (made(id=...), "the attribute id"),
        (made(id=""), "the attribute id"),
        (made(type=7), "the attribute type"),
        (made(data=...), "the attribute data"),
        (made(data=[]), "the attribute data"),
    ],
)
def test_what_is_no_envelope(body: bytes, why: str) -> None:
    with pytest.raises(Undecodable, match=why):
        parse("q", body, {})


def test_a_header_of_another_envelope_is_refused() -> None:
    with pytest.raises(Undecodable, match="envelope-id"):
        parse("q", envelope(0), {"envelope-id": "another"})


@given(JSON, st.dictionaries(st.sampled_from(["envelope-id", "traceparent", "x-delivery-count"]), JSON))
def test_whatever_comes_is_a_message_or_undecodable(data: Any, headers: dict[str, Any]) -> None:
    for body in (json.dumps(data).encode(), made(data=data)):
        try:
            message = parse("q", body, headers)
        except Undecodable:
            continue
        assert isinstance(message, Message)
        assert by_customer(message)
        assert message.sequence is None or isinstance(message.sequence, int)
