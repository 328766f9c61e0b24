"""Dead letters over HTTP: who may, what is shown, what is done, and what is written down of it."""

import hashlib
from typing import Any

import pytest

from regia.gateway import Gateway
from regia.http import dead
from tests.http.served import ALL, DESK, OPERATOR, WORKER, Client, worked_off


async def bury(client: Client, gateway: Gateway, *texts: str) -> list[str]:
    """Contacts of which a consumer wants nothing to know; their envelope ids."""
    ids = []
    for text in texts:
        body = {"text": text, "sender": {"handle": {"kind": "email", "value": "anna@example.it"}}}
        ids.append((await (await client.post("/v1/messages/desk", json=body, headers=DESK)).json())["id"])
    await worked_off(gateway)
    taken = (await (await client.post("/v1/queues/demo.general/take?limit=50", headers=WORKER)).json())["messages"]
    for one in taken:
        await client.post(f"/v1/queues/receipts/{one['receipt']}/reject?requeue=false", headers=WORKER)
    return ids


async def get(client: Client, address: str, status: int = 200) -> Any:
    answer = await client.get(address, headers=OPERATOR)
    assert answer.status == status, await answer.text()
    return await answer.json()


async def post(client: Client, address: str, body: Any, status: int = 200) -> Any:
    answer = await client.post(address, json=body, headers=OPERATOR)
    assert answer.status == status, await answer.text()
    return await answer.json()


@pytest.mark.parametrize(
    ("method", "address"),
    [
        ("GET", "/v1/dead"),
        ("GET", "/v1/dead/1"),
        ("PUT", "/v1/dead/1"),
        ("POST", "/v1/dead/redrive"),
        ("POST", "/v1/dead/discard"),
        ("GET", "/v1/operations"),
    ],
)
async def test_only_who_operates(client: Client, method: str, address: str) -> None:
    answer = await client.request(method, address, headers=ALL, json={"all": True})
    assert (answer.status, (await answer.json())["error"]) == (403, "scope_missing")


async def test_listed_shown_driven_again_and_discarded(client: Client, gateway: Gateway) -> None:
    ids = await bury(client, gateway, "uno", "due", "tre")
    listed = await get(client, "/v1/dead?queue=demo.general&reason=rejected&category=general&limit=2")
    assert (listed["fitting"], listed["lying"], len(listed["letters"])) == (3, 3, 2)
    letter = listed["letters"][0]
    assert (letter["envelope_id"], letter["queue"], letter["reason"]) == (ids[0], "demo.general", "rejected")
    assert "body" not in letter
    assert (await get(client, f"/v1/dead/{letter['id']}"))["envelope"]["data"]["text"] == "uno"

    done = await post(client, "/v1/dead/redrive", {"ids": [letter["id"]]})
    assert (done["done"], done["left"]) == (1, 2)
    gone = await post(client, "/v1/dead/discard", {"ids": [ids[1]], "why": "a test"})
    assert (gone["done"], gone["left"]) == (1, 1)
    assert (await post(client, "/v1/dead/redrive", {"all": True, "to": "demo.returns"}))["done"] == 1
    taken = (await (await client.post("/v1/queues/demo.returns/take", headers=WORKER)).json())["messages"]
    assert [one["envelope_id"] for one in taken] == [ids[2]]

    page = await get(client, "/v1/operations?limit=2")
    assert [(one["action"], one["actor"], one["done"]) for one in page["operations"]] == [
        ("dead.redrive", "token/operator", 1),
        ("dead.discard", "token/operator", 1),
    ]
    assert page["operations"][1]["detail"]["why"] == "a test"
    rest = await get(client, f"/v1/operations?limit=2&cursor={page['cursor']}")
    assert [one["id"] for one in rest["operations"]] == [done["operation"]]
    assert (await get(client, "/v1/operations?action=dead.discard"))["operations"][0]["id"] == gone["operation"]


async def test_a_request_goes_no_further_than_it_may(client: Client, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dead, "LOOK", 2)
    ids = await bury(client, gateway, "uno", "due", "tre")
    done = await post(client, "/v1/dead/redrive", {"ids": [ids[1], ids[2]]})
    assert (done["done"], done["looked"], done["lying"], done["left"]) == (1, 2, 3, 2)
    gone = await post(client, "/v1/dead/discard", {"all": True, "why": "a test"})
    assert (gone["done"], gone["looked"], gone["lying"], gone["left"]) == (2, 2, 2, 0)


async def test_an_edited_envelope_stays_one_and_the_same(client: Client, gateway: Gateway) -> None:
    (id_,) = await bury(client, gateway, "uno")
    letter = await get(client, f"/v1/dead/{id_}")
    envelope = letter["envelope"]
    envelope["data"]["text"] = "due"
    for wrong in ({"id": "anna@example.it"}, envelope | {"id": "other"}):
        answer = await client.put(f"/v1/dead/{id_}", json=wrong, headers=OPERATOR)
        assert answer.status == 400
        assert "anna" not in await answer.text()
    answer = await client.put(f"/v1/dead/{id_}", json=envelope, headers=OPERATOR)
    assert answer.status == 200, await answer.text()
    after = await get(client, f"/v1/dead/{id_}")
    assert after["envelope"] == envelope
    (row,) = (await get(client, "/v1/operations"))["operations"]
    assert (row["action"], row["detail"]["before"], row["detail"]["after"]) == ("dead.edit", letter["sha256"], after["sha256"])
    assert "due" not in str(row)
    assert len(after["sha256"]) == len(hashlib.sha256().hexdigest())
    await post(client, "/v1/dead/redrive", {"ids": [id_]})
    (taken,) = (await (await client.post("/v1/queues/demo.general/take", headers=WORKER)).json())["messages"]
    assert (taken["envelope"]["data"]["text"], taken["envelope_id"]) == ("due", id_)


async def test_what_is_asked_must_be_said_right(client: Client) -> None:
    assert (await get(client, "/v1/dead/77", 404))["error"] == "not_found"
    assert "must be one of" in (await get(client, "/v1/dead?reason=none", 400))["detail"]
    assert (await get(client, "/v1/operations?cursor=x", 400))["error"] == "malformed"
    assert (await post(client, "/v1/dead/redrive", {}, 400))["error"] in ("malformed", "invalid_fields")
    assert (await post(client, "/v1/dead/discard", {"all": True}, 400))["error"] in ("malformed", "invalid_fields")
    assert "demo.nothing" in (await post(client, "/v1/dead/redrive", {"all": True, "to": "demo.nothing"}, 404))["detail"]
