"""Quarantine over HTTP: looked at, edited, read again, discarded."""

from typing import Any

import pytest

from connectors.base import Parsed, Unreadable
from regia.gateway import Gateway
from storage import operations
from tests.http.served import ALL, OPERATOR, Client, worked_off

MAIL = b"From: anna@example.it\r\nSubject: Reso\r\nMessage-ID: <1@example.it>\r\n\r\nVorrei un rimborso\r\n"


async def hold(gateway: Gateway, *raws: bytes) -> None:
    held = (Unreadable(reason="unreadable", raw=raw, content_type="message/rfc822", detail="a defect") for raw in raws)
    await gateway.intake.accept("mail", Parsed(unreadable=tuple(held)))
    await worked_off(gateway)


async def ask(client: Client, method: str, address: str, status: int = 200, **body: Any) -> Any:
    answer = await client.request(method, address, headers=OPERATOR, **body)
    assert answer.status == status, await answer.text()
    return await answer.json()


@pytest.mark.parametrize(
    ("method", "address"),
    [
        ("GET", "/v1/quarantine"),
        ("GET", "/v1/quarantine/x"),
        ("GET", "/v1/quarantine/x/raw"),
        ("PUT", "/v1/quarantine/x/raw"),
        ("POST", "/v1/quarantine/redrive"),
        ("POST", "/v1/quarantine/discard"),
    ],
)
async def test_only_who_operates(client: Client, method: str, address: str) -> None:
    answer = await client.request(method, address, headers=ALL, json={"all": True})
    assert (answer.status, (await answer.json())["error"]) == (403, "scope_missing")


async def test_edited_read_again_and_discarded(client: Client, gateway: Gateway) -> None:
    await hold(gateway, b"no mail\n", b"none either\n")
    one, two = (await ask(client, "GET", "/v1/quarantine"))["held"]
    raws = {
        row["id"]: await (await client.get(f"/v1/quarantine/{row['id']}/raw", headers=OPERATOR)).read() for row in (one, two)
    }
    assert set(raws.values()) == {b"no mail\n", b"none either\n"}
    await ask(client, "GET", f"/v1/quarantine/{one['id']}/raw?edited=true", 404)
    await ask(client, "PUT", f"/v1/quarantine/{one['id']}/raw", data=MAIL)
    assert (await ask(client, "GET", f"/v1/quarantine/{one['id']}"))["edited_sha256"]

    done = await ask(client, "POST", "/v1/quarantine/redrive", json={"all": True})
    assert (done["redriven"], done["still_held"], done["left"]) == (1, 1, 0)
    await worked_off(gateway)
    discarded = await ask(client, "POST", "/v1/quarantine/discard", json={"ids": [two["id"], "nobody"], "why": "a scanner"})
    assert discarded == {"discarded": [two["id"]]}
    assert (await ask(client, "GET", "/v1/quarantine"))["held"] == []
    states = {row["id"]: row["state"] for row in (await ask(client, "GET", "/v1/quarantine?all=true"))["held"]}
    assert states == {one["id"]: "redriven", two["id"]: "discarded"}

    log = await gateway.stores.database.read(lambda connection: operations.listed(connection, limit=9))
    assert [(row.action, row.done, row.actor) for row in log] == [
        ("quarantine.discard", 1, "token/operator"),
        ("quarantine.redrive", 1, "token/operator"),
        ("quarantine.edit", 1, "token/operator"),
    ]


async def test_what_is_not_there(client: Client) -> None:
    for method, address in (("GET", ""), ("GET", "/raw"), ("PUT", "/raw")):
        await ask(client, method, f"/v1/quarantine/nobody{address}", 404)
    await ask(client, "POST", "/v1/quarantine/redrive", 400, json={})
