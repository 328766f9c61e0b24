"""Users of an app once their token is believed: who they are, who may ask, and what a phone alone may do."""

import json
from typing import Any

import pytest

from connectors.errors import Rejected
from normalizer.inbound import Handle
from tests.connectors.app_users import (
    ANNA,
    ARRIVED,
    NOW,
    alone,
    api,
    misfit,
    only,
    post,
    shared,
    sign,
)

# Who it is

WHO: list[tuple[dict[str, Any], dict[str, Any], tuple[str | None, list[str], list[str]]]] = [
    ({}, {}, (None, [], [])),
    ({}, {"name": "  Anna\tBianchi ", "email": "Anna@Example.it"}, ("Anna Bianchi", [], ["anna@example.it"])),
    ({}, {"email": "anna@example.it", "email_verified": True}, (None, [], ["anna@example.it"])),
    (
        {"verified_addresses": True},
        {"email": "anna@example.it", "email_verified": True, "phone_number": "333 1234567"},
        (None, ["anna@example.it"], ["+393331234567"]),
    ),
    ({"verified_addresses": True}, {"email": "anna@example.it", "email_verified": "true"}, (None, [], ["anna@example.it"])),
    (
        {"verified_addresses": True, "claims": {"email": "mail", "phone": "phone", "name": "nick"}},
        {"mail": "anna@example.it", "mail_verified": True, "phone": "+393331234567", "phone_verified": True, "nick": "A"},
        ("A", ["anna@example.it", "+393331234567"], []),
    ),
    ({}, {"name": 7, "email": "anna", "phone_number": ["333"]}, (None, [], [])),
    ({}, {"name": "\ud83d", "email": "\ud83d@example.it", "phone_number": "12"}, (None, [], [])),
]


@pytest.mark.parametrize(("users", "claims", "expected"), WHO)
def test_what_a_token_says_of_its_user(
    users: dict[str, Any], claims: dict[str, Any], expected: tuple[str | None, list[str], list[str]]
) -> None:
    sender = only(post(user_token=sign(**claims)), shared(**users)).sender
    assert (sender.name, [one.value for one in sender.aliases], [one.value for one in sender.claims]) == expected
    assert {one.proof for one in sender.aliases} <= {"verified"}
    assert {one.proof for one in sender.claims} <= {"claimed"}


def test_the_user_is_of_a_scope() -> None:
    token = sign(sub=None, uid=77)
    request = post(user_token=token)
    assert only(request, shared(claims={"id": "uid"})).sender.handle.value == "shop-app:77"
    message = only(request, shared(claims={"id": "uid"}, scope="loyalty"))
    assert (message.sender.handle.value, message.order_key) == ("loyalty:77", "app_user:loyalty:77")


def test_a_program_may_name_a_user_of_the_app_without_his_token() -> None:
    body = {"text": "Ciao", "sender": {"handle": {"kind": "app_user", "value": "u-88213"}}}
    assert only(post(body)).sender.handle == Handle("app_user", "shop-app:u-88213", "claimed")
    body["sender"]["handle"]["proof"] = "agent"  # type: ignore[index]
    assert only(post(body), trusted_proofs=["agent"]).sender.handle == Handle("app_user", "shop-app:u-88213", "agent")


def test_what_the_user_typed_stays_a_claim() -> None:
    number, mail = {"kind": "phone", "value": "333 1234567"}, {"kind": "email", "value": "anna@example.it"}
    body = {
        "text": "Ciao",
        "sender": {
            "handle": {"kind": "app_user", "value": "u-88213"},
            "name": "Dr. Evil",
            "aliases": [mail],
            "claims": [number],
        },
        "reply_via": mail,
    }
    token = sign(name="Anna Bianchi", email="anna@example.it", email_verified=True)
    message = only(post(body, user_token=token), shared(verified_addresses=True))
    verified = Handle("email", "anna@example.it", "verified")
    assert (message.sender.name, message.sender.handle, message.sender.aliases) == ("Anna Bianchi", ANNA, (verified,))
    assert message.sender.claims == (Handle("phone", "+393331234567", "claimed"),)
    assert message.reply.via == verified


@pytest.mark.parametrize(
    ("written", "known", "proof"),
    [
        ("Kevin@Example.IT", "kevin@example.it", "verified"),
        ("kevin@xn--mller-kva.example", "kevin@müller.example", "verified"),
        ("\u212aevin@example.it", "kevin@example.it", "claimed"),
        ("kevin@example.\u212ait", "kevin@example.kit", "claimed"),
    ],
)
def test_an_address_that_becomes_another_mailboxs_is_a_claim(written: str, known: str, proof: str) -> None:
    """Whoever confirmed it confirmed the mailbox as it was written."""
    found = only(post({"text": "Ciao"}, user_token=sign(email=written, email_verified=True)), shared(verified_addresses=True))
    assert [*found.sender.aliases, *found.sender.claims] == [Handle("email", known, proof)]
    body = {"text": "Ciao", "sender": {"handle": {"kind": "email", "value": written, "proof": "agent"}}}
    handle = only(post(body), trusted_proofs=["agent"]).sender.handle
    assert handle == Handle("email", known, "agent" if proof == "verified" else "claimed")


def test_every_address_is_said_once_by_its_best_proof() -> None:
    mail, user = {"kind": "email", "value": "Anna@example.it"}, {"kind": "app_user", "value": "u-88213"}
    agents = [{**one, "proof": "agent"} for one in (mail, user)]
    body = {"text": "Ciao", "sender": {"aliases": agents, "claims": [mail, user, mail]}}
    request = post(body, user_token=sign(email="anna@example.it", email_verified=True))
    sender = only(request, shared(verified_addresses=True), trusted_proofs=["agent"]).sender
    assert (sender.handle, sender.aliases, sender.claims) == (ANNA, (Handle("email", "anna@example.it", "verified"),), ())


@pytest.mark.parametrize(
    "handle",
    [
        {"kind": "app_user", "value": "u-1"},
        {"kind": "app_user", "value": "shop-app:u-88213"},
        {"kind": "email", "value": "anna@example.it"},
    ],
)
def test_a_body_that_names_somebody_else_is_refused(handle: dict[str, str]) -> None:
    body = {"text": "Ciao", "sender": {"handle": handle}}
    assert misfit(post(body, user_token=sign())).keys() == {"sender.handle"}
    assert misfit(alone(sign(), body), shared(direct=True)).keys() == {"sender.handle"}


def test_nobody_is_a_sender() -> None:
    for body in ({"text": "Ciao"}, {"text": "Ciao", "sender": {"name": "Anna"}}):
        assert misfit(post(body)).keys() == {"sender.handle"}


# Who asks

DIRECT = shared(direct=True)
ASKING: list[tuple[str, dict[str, str], dict[str, Any], str]] = [
    ("nobody", {"authorization": ""}, DIRECT, "token_missing"),
    ("a user's token without a program's", {"authorization": "", "user_token": sign()}, DIRECT, "token_missing"),
    ("an unknown program with a user's token", {"authorization": "Bearer x", "user_token": sign()}, DIRECT, "token_unknown"),
    ("an app where none may post", {"authorization": f"Bearer {sign()}"}, shared(), "token_unknown"),
    ("an empty token", {"user_token": " "}, shared(), "signature_missing"),
    ("a token twice", {"authorization": f"Bearer {sign()}", "user_token": sign()}, DIRECT, "signature_wrong"),
    ("a token in another scheme", {"authorization": f"Basic {sign()}"}, DIRECT, "token_missing"),
]


@pytest.mark.parametrize(("headers", "users", "code"), [case[1:] for case in ASKING], ids=[case[0] for case in ASKING])
def test_who_may_not_ask(headers: dict[str, str], users: dict[str, Any], code: str) -> None:
    with pytest.raises(Rejected) as caught:
        api(users).verify(post(**headers))
    assert caught.value.code == code
    assert sign() not in str(caught.value)


def test_a_connector_without_users_believes_no_token() -> None:
    connector = api()
    plain = type(connector)("desk", connector.settings.model_copy(update={"users": None}))
    with pytest.raises(Rejected) as caught:
        plain.verify(post(user_token=sign()))
    assert caught.value.code == "signature_wrong"
    body = {"text": "Ciao", "sender": {"handle": {"kind": "app_user", "value": "u-1"}}}
    assert plain.parse(post(body)).messages[0].sender.handle == Handle("app_user", "u-1", "claimed")


def test_a_programs_own_token_may_look_like_a_users() -> None:
    program = sign(sub="the-program")
    request = post(
        {"text": "Ciao", "sender": {"handle": {"kind": "app_user", "value": "1"}}}, authorization=f"Bearer {program}"
    )
    assert only(request, DIRECT, tokens=[program]).sender.handle.proof == "claimed"
    assert api(DIRECT, tokens=[program]).direct_author(request) is None


# A phone alone


def test_a_phone_needs_no_program() -> None:
    assert only(alone(sign()), DIRECT, tokens=[]).sender.handle == ANNA


@pytest.mark.parametrize("kind", ["visit", "call"])
def test_a_phone_tells_of_no_visit_and_no_call(kind: str) -> None:
    body = {"kind": kind, "text": "Mi avete chiamato"}
    assert misfit(alone(sign(), body), DIRECT).keys() == {"kind"}
    assert only(post(body, user_token=sign()), DIRECT).kind == kind


def test_a_phone_is_no_agent() -> None:
    known = {"kind": "email", "value": "bob@example.it", "proof": "agent"}
    body = {"text": "Ciao", "sender": {"aliases": [known], "claims": [known]}}
    wrong = misfit(alone(sign(), body), DIRECT, trusted_proofs=["agent"])
    assert wrong.keys() == {"sender.aliases.0.proof", "sender.claims.0.proof"}
    assert only(post(body, user_token=sign()), DIRECT, trusted_proofs=["agent"]).sender.aliases[0].proof == "agent"


# Once, and each user for himself


def key_of(sub: str, *, key: str | None = None, **body: str) -> str:
    headers = {} if key is None else {"idempotency_key": key}
    return only(alone(sign(sub=sub), {"text": "Ciao", **body}, **headers), DIRECT).event_key


def test_users_keys_are_apart() -> None:
    assert key_of("a", key="1") == key_of("a", key="1")
    assert key_of("a", external_id="1") == key_of("a", external_id="1")
    keys = [
        *(key_of(sub, key=key) for sub in ("a", "b", "a:key:1", "1") for key in ("1", "1:key:1", "user:a:key:1")),
        *(key_of(sub, external_id="1") for sub in ("a", "b")),
        *(key_of(sub) for sub in ("a", "b")),
        only(post({"text": "Ciao", "sender": {"handle": {"kind": "app_user", "value": "a"}}}, idempotency_key="1")).event_key,
    ]
    assert len(set(keys)) == len(keys)
    assert "a" not in key_of("a", key="1").split(":")


def test_a_retry_with_a_fresh_token_is_the_same_contact() -> None:
    first, again = (only(post(user_token=sign(exp=NOW + later), idempotency_key="k")) for later in (60, 600))
    assert (first.event_key, first.raw, first.exact) == (again.event_key, again.raw, True)
    assert sign().encode() not in first.raw


def test_from_quarantine_a_user_is_no_more_than_the_body_says() -> None:
    named = {"text": "Ciao", "sender": {"handle": {"kind": "app_user", "value": "u-88213"}}}
    (message,) = api().reread(json.dumps(named).encode(), "application/json", ARRIVED).messages
    assert message.sender.handle == Handle("app_user", "shop-app:u-88213", "claimed")
    with pytest.raises(Rejected) as caught:
        api().reread(b'{"text": "Ciao"}', "application/json", ARRIVED)
    assert caught.value.fields.keys() == {"sender.handle"}
