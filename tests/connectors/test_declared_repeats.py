"""What makes an event of a described channel a repeat: its account too, what only a header says, nothing a stranger changes."""

import json
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.base import Parsed, Request, Unreadable
from connectors.conformance.subject import ARRIVED, post
from connectors.declared.connector import Webhook
from connectors.declared.settings import WebhookSettings
from connectors.errors import Rejected
from regia.pipeline.accepted import AcceptedUnreadable, decode, entries
from storage.journal_file import Entry
from tests.contacts import inbound
from tests.providers import standard_webhooks as independent

WHSEC = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
MESSAGE = {"external_id": "event.id", "sender": {"kind": "visitor", "id": "event.from"}, "text": "event.text"}
EVENT = {"to": "a1", "id": "e1", "from": "u1", "text": "ciao", "state": "read"}
ACCOUNTS = {"a1": {"brand": "demo"}, "a:2": {"brand": "demo"}, "a": {"brand": "demo"}}
WORDS = {
    "kind": "event.kind",
    "kinds": {"closed": "ignore", "seen": "status", "sent": "echo"},
    "status": {"state": "event.state"},
}
TOPICS = {"kind": 'headers."x-topic"', "kinds": {"comment.added": "message", "comment.deleted": "delete"}}
HMAC = {"scheme": "hmac", "header": "X-Sig"}
STAMPED = {**HMAC, "signed": "{timestamp}.{body}", "timestamp": {"header": "X-Time"}}
TOKEN = {"scheme": "token", "header": "X-Token"}


def webhook(signature: dict[str, Any] = TOKEN, /, **described: Any) -> Webhook:
    whole = {"channel": "test", "signature": signature, "message": MESSAGE, **described}
    mine = {"accounts": ACCOUNTS} if "account" in described else {"brand": "demo"}
    return Webhook("test", WebhookSettings.model_validate({"type": "webhook", "secret": WHSEC, "describe": whole, **mine}))


def parse(connector: Webhook, event: Any, **headers: str) -> Parsed:
    body = json.dumps(event).encode()
    return connector.parse(post(body, ARRIVED, {name.replace("_", "-"): one for name, one in headers.items()}, name="test"))


def ids(*parsed: Parsed) -> set[Any]:
    return {entry.id for one in parsed for entry in entries("test", one, ARRIVED)}


@pytest.mark.parametrize("key", [{}, {"key": "event.id"}, {"key": ["event.id", "event.text"]}], ids=["none", "one", "several"])
@pytest.mark.parametrize("kind", ["new", "closed", "seen", "sent"])
def test_the_same_id_at_two_accounts_is_two_events(key: dict[str, Any], kind: str) -> None:
    connector = webhook(account="body.to", events="body.events", **key, **WORDS)
    event = {name: value for name, value in EVENT.items() if name != "to"} | {"kind": kind}
    one, other = (parse(connector, {"to": account, "events": [event]}) for account in ("a1", "a:2"))
    assert (len(ids(one)), len(ids(other)), len(ids(one, other))) == (1, 1, 2)
    assert ids(one) == ids(parse(connector, {"to": "a1", "events": [event], "attempt": 2}))
    for parsed in (one, other):
        assert [message.external_id for message in parsed.messages] == ["e1"] * len(parsed.messages)
        assert [status.external_id for status in parsed.statuses] == ["e1"] * len(parsed.statuses)


def test_no_separator_joins_an_account_and_an_id() -> None:
    connector = webhook(account="event.to", key="event.id")
    assert len(ids(parse(connector, EVENT | {"to": "a:2", "id": "x"}), parse(connector, EVENT | {"to": "a", "id": "2:x"}))) == 2


def test_an_id_of_a_provider_without_accounts_is_the_key_itself() -> None:
    assert parse(webhook(key="event.id"), EVENT).messages[0].event_key == "e1"


def test_what_only_a_header_says_tells_events_apart() -> None:
    connector = webhook(HMAC, key="event.id", **TOPICS)
    added, deleted = (parse(connector, EVENT, x_topic=f"comment.{word}") for word in ("added", "deleted"))
    assert [one.messages[0].kind for one in (added, deleted)] == ["text", "delete"]
    assert len(ids(added, deleted)) == 2
    strange = [parse(connector, EVENT, x_topic=word) for word in ("x", "y", "z")]
    assert len(ids(*strange)) == 1, "whoever changes an unsigned header makes no more than one of words nobody described"


def test_equal_bytes_under_different_headers_are_both_held() -> None:
    connector = webhook(HMAC, account="event.to", **TOPICS)
    added, deleted = (parse(connector, EVENT | {"to": "not ours"}, x_topic=f"comment.{word}") for word in ("added", "deleted"))
    assert added.unreadable[0].raw == deleted.unreadable[0].raw
    assert len(ids(added, deleted)) == 2
    assert ids(added) == ids(parse(connector, EVENT | {"to": "not ours"}, x_topic="comment.added", x_attempt="2"))


def _held(content_type: str) -> Entry:
    kept = Unreadable(reason="unreadable", raw=b"{}", content_type=content_type, detail="x")
    (entry,) = entries("test", Parsed(unreadable=(kept,)), ARRIVED)
    return entry


def test_what_is_held_without_parameters_keeps_its_id() -> None:
    assert str(_held("application/json").id) == "4294f7b0-7944-5a41-900b-4a491204075c"
    assert _held("application/json").id == _held("").id
    assert _held("text/plain; charset=\udcff").id not in {_held("text/plain").id, _held("text/plain; charset=x").id}


def test_what_cannot_be_written_down_keeps_its_content_type() -> None:
    for given, wanted in (
        ("application/json; x-topic=a", "application/json; x-topic=a"),
        ("text/plain; x=\udcff", "text/plain; x=?"),
    ):
        message = inbound("m1", text="half \ud83d", raw_content_type=given)
        (entry,) = entries("test", Parsed(messages=(message,)), ARRIVED)
        held = decode(entry.payload)
        assert isinstance(held, AcceptedUnreadable)
        assert (held.unreadable.content_type, held.unreadable.raw) == (wanted, message.raw)


def test_read_again_it_is_what_its_headers_said() -> None:
    connector = webhook(HMAC, key="event.id", **TOPICS)
    (message,) = parse(connector, EVENT, x_topic="comment.deleted").messages
    assert message.raw_content_type == "application/json; x-topic=comment.deleted"
    assert connector.reread(message.raw, message.raw_content_type, ARRIVED).messages == (message,)


def _delivery(prefix: str, **more: str) -> Request:
    body = json.dumps({"type": "message.created", "data": {"sender": {"id": "u1"}, "text": "ciao"}}).encode()
    stamp = int(ARRIVED.timestamp())
    headers = independent.headers_for(body, [WHSEC], message_id="msg_1", timestamp=stamp, prefix=prefix)
    return post(body, ARRIVED, {**headers, **{name.replace("_", "-"): value for name, value in more.items()}}, name="test")


STANDARD = Webhook(
    "test",
    WebhookSettings.model_validate({"type": "webhook", "secret": WHSEC, "brand": "demo", "description": "standard_webhooks"}),
)


@pytest.mark.parametrize(
    ("prefix", "more"),
    [
        ("webhook", {}),
        ("svix", {}),
        ("svix", {"webhook_id": "evil-1"}),
        ("svix", {"webhook_id": "evil-1", "webhook_timestamp": "1"}),
        ("webhook", {"svix_id": "evil-2"}),
        ("webhook", {"svix_id": "evil-2", "svix_timestamp": "1", "svix_signature": "v1,x"}),
        ("webhook", {"content_type": "application/json; webhook-id=evil-3"}),
        ("svix", {"content_type": "application/json; webhook-id=evil-3; webhook-signature=x"}),
    ],
)
def test_a_key_is_the_id_that_was_signed(prefix: str, more: dict[str, str]) -> None:
    request = _delivery(prefix, **more)
    STANDARD.verify(request)
    (message,) = STANDARD.parse(request).messages
    assert (message.event_key, message.external_id) == ("msg_1", "msg_1")
    assert message.raw_content_type == "application/json; webhook-id=msg_1"
    assert STANDARD.reread(message.raw, message.raw_content_type, ARRIVED).messages == (message,)


def test_a_signature_under_the_other_name_must_fit_too() -> None:
    with pytest.raises(Rejected):
        STANDARD.verify(_delivery("svix", webhook_id="evil", webhook_timestamp="1", webhook_signature="v1,x"))


def test_a_description_may_ask_for_either_name() -> None:
    both = webhook(
        {"scheme": "standard_webhooks"},
        key='headers."webhook-id" || headers."svix-id"',
        message={**MESSAGE, "external_id": "key"},
    )
    request = replace(_delivery("svix", webhook_id="evil"), body=json.dumps(EVENT).encode())
    (message,) = both.parse(request).messages
    assert (message.event_key, message.external_id) == ("msg_1", "msg_1")
    (kept,) = both.reread(request.body, "application/json; svix-id=msg_1", ARRIVED).messages
    assert kept.event_key == "msg_1", "as it was kept by an earlier version"


def test_parameters_of_a_request_are_no_headers() -> None:
    connector = webhook(TOKEN, key='headers."x-id"')
    (message,) = parse(connector, EVENT, content_type="application/json; x-id=evil").messages
    (plain,) = parse(connector, EVENT).messages
    assert (message.event_key, message.raw_content_type) == (plain.event_key, "application/json")


@pytest.mark.parametrize(
    ("signature", "key", "refused"),
    [
        (HMAC, 'headers."x-id"', "header x-id, which the signature does not cover.*signed headers: none"),
        (HMAC, ["event.id", "join('', [headers.\"x-id\", 'a'])"], "header x-id, which the signature does not cover"),
        (STAMPED, 'headers."x-id"', "signed headers: x-time"),
        (STAMPED, 'headers."x-time"', None),
        (HMAC, 'event.headers."x-id"', None),
        (HMAC, "event.{a: headers.x}", None),
        ({"scheme": "standard_webhooks"}, 'headers."x-id"', "signed headers: svix-id, svix-timestamp, webhook-id"),
        ({"scheme": "standard_webhooks"}, 'headers."svix-id" || headers."webhook-id"', None),
        (TOKEN, 'headers."x-id"', None),
    ],
)
def test_a_key_that_anybody_could_change_is_refused(signature: dict[str, Any], key: Any, refused: str | None) -> None:
    if refused is None:
        assert webhook(signature, key=key)
        return
    with pytest.raises(ValidationError, match=refused):
        webhook(signature, key=key)
