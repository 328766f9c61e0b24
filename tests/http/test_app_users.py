"""An app's users over HTTP: from a signed token to the envelope's proof, and how often a phone may post."""

import time
from typing import Any

import jwt
import pytest

from connectors.api import Api
from normalizer.envelope import Envelope
from regia.gateway import Gateway
from storage.coordination import CoordinationUnavailable
from tests.http.served import DESK, READER, SECRETS, Client, worked_off

APP = "/v1/messages/app"
HELLO = {"text": "Il pagamento non va"}


def token(sub: str = "u-1", *, secret: str = SECRETS["APP"], ends: int = 36_000) -> str:
    return jwt.encode({"sub": sub, "aud": "regia", "exp": int(time.time()) + ends, "name": "Anna Bianchi"}, secret, "HS256")


def phone(sub: str = "u-1", **how: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {token(sub, **how)}"}


async def enveloped(client: Client, gateway: Gateway, answer: Any) -> Envelope:
    assert answer.status == 202, await answer.text()
    await worked_off(gateway)
    data = await (await client.get(answer.headers["Location"], headers=READER)).json()
    return Envelope.model_validate(data["envelope"])


@pytest.mark.parametrize("headers", [phone(), DESK | {"User-Token": token()}], ids=["alone", "beside a program's"])
async def test_a_signed_user_is_verified(client: Client, gateway: Gateway, headers: dict[str, str]) -> None:
    data = (await enveloped(client, gateway, await client.post(APP, json=HELLO, headers=headers))).data
    handle = data.sender.handle
    assert (handle.kind, handle.value, handle.proof) == ("app_user", "app:u-1", "verified")
    assert (data.sender.name, data.channel, data.customer.match) == ("Anna Bianchi", "app", "new")
    again = await client.post(APP, json=HELLO, headers=phone())
    data = (await enveloped(client, gateway, again)).data
    assert (data.customer.match, data.customer.sequence) == ("verified", 2)


async def test_without_a_token_the_same_user_is_somebody_elses_claim(client: Client, gateway: Gateway) -> None:
    await enveloped(client, gateway, await client.post(APP, json=HELLO, headers=phone()))
    body = HELLO | {"sender": {"handle": {"kind": "app_user", "value": "u-1"}}}
    data = (await enveloped(client, gateway, await client.post(APP, json=body, headers=DESK))).data
    assert (data.sender.handle.value, data.sender.handle.proof) == ("app:u-1", "claimed")
    assert (data.customer.match, data.customer.sequence) == ("claimed", 1)


REFUSED = [
    ({}, 401, "token_missing"),
    ({"Authorization": "Bearer nonsense"}, 401, "token_unknown"),
    ({"User-Token": token()}, 401, "token_missing"),
    (DESK | {"User-Token": "nonsense"}, 401, "signature_wrong"),
    (DESK | {"User-Token": ""}, 401, "signature_missing"),
    (phone(secret="a-secret-of-quite-another-server"), 401, "signature_wrong"),
    (phone(ends=-61), 401, "signature_stale"),
    (phone("u" * 256), 401, "signature_wrong"),
]


async def test_other_tokens_are_refused_and_never_quoted(client: Client) -> None:
    for headers, status, code in REFUSED:
        answer = await client.post(APP, json=HELLO, headers=headers)
        text = await answer.text()
        assert (answer.status, (await answer.json())["error"]) == (status, code)
        given = headers.get("Authorization", headers.get("User-Token", "")).removeprefix("Bearer ")
        assert len(given) < 10 or given not in text
    for headers in (DESK | {"User-Token": "x" * 9000}, {"Authorization": f"Bearer {'x.' * 9000}"}):
        assert (await client.post(APP, json=HELLO, headers=headers)).status in (400, 401)
    elsewhere = await client.post("/v1/messages/desk", json=HELLO, headers=DESK | {"User-Token": token()})
    assert (elsewhere.status, (await elsewhere.json())["error"]) == (401, "signature_wrong")


async def test_one_users_key_never_meets_anothers(client: Client) -> None:
    key = {"Idempotency-Key": "1"}
    first, other, again = [await client.post(APP, json=HELLO, headers=phone(sub) | key) for sub in ("u-1", "u-2", "u-1")]
    assert (first.status, other.status, again.status) == (202, 202, 200)
    ids = [(await answer.json())["id"] for answer in (first, other, again)]
    assert (ids[0], ids[0] == ids[1]) == (ids[2], False)


async def test_each_user_has_a_rate_of_his_own_and_programs_have_none(client: Client) -> None:
    for _ in range(3):
        assert (await client.post(APP, json=HELLO, headers=phone())).status == 202
    answer = await client.post(APP, json=HELLO, headers=phone())
    assert (answer.status, (await answer.json())["error"], answer.headers["Retry-After"]) == (429, "rate_limited", "60")
    assert (await client.post(APP, json=HELLO, headers=phone("u-2"))).status == 202
    for _ in range(4):
        assert (await client.post(APP, json=HELLO, headers=DESK | {"User-Token": token()})).status == 202


async def test_a_broken_counter_turns_no_user_away(client: Client, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object) -> bool:
        raise CoordinationUnavailable("Redis cannot be used now")

    monkeypatch.setattr(gateway.stores.coordination, "hit", away)
    for _ in range(5):
        assert (await client.post(APP, json=HELLO, headers=phone())).status == 202


async def test_a_visit_reaches_its_rule(client: Client, gateway: Gateway) -> None:
    body = {
        "kind": "visit",
        "sender": {"handle": {"kind": "phone", "value": "333 1234567"}},
        "visit": {"shop": "milano", "reason": "return", "products": ["PAN-28"]},
    }
    data = (await enveloped(client, gateway, await client.post("/v1/messages/desk", json=body, headers=DESK))).data
    assert (data.kind, data.text) == ("visit", None)
    assert data.fields == {"shop": "milano", "reason": "return", "products": ["PAN-28"]}


async def test_the_description_says_how_to_come_in(client: Client, gateway: Gateway) -> None:
    document = await (await client.get("/openapi.json")).json()
    operation = document["paths"]["/v1/messages/{connector}"]["post"]
    schemes = document["components"]["securitySchemes"]
    assert {name for way in operation["security"] for name in way} == set(schemes)
    assert schemes["user_token"]["name"] == "User-Token"
    assert isinstance(gateway.configured.connectors["app"], Api)
    body = document["components"]["schemas"]["MessageBody"]["properties"]
    for example in operation["requestBody"]["content"]["application/json"]["examples"].values():
        assert example["summary"]
        assert example["value"].keys() <= body.keys()
