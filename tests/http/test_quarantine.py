"""Quarantine over HTTP: looked at, edited, read again, discarded."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, insert, select

from connectors.base import Parsed, Unreadable
from connectors.email import EmailConnector
from regia.gateway import Gateway
from regia.pipeline import prepare
from regia.runners.adoption import adopt
from storage import operations
from storage.quarantine import make_way
from storage.schema import event_ids, messages, quarantine
from tests.http.served import ALL, OPERATOR, Client, worked_off

MAIL = b"From: anna@example.it\r\nSubject: Reso\r\nMessage-ID: <1@example.it>\r\n\r\nVorrei un rimborso\r\n"
_COMMITTED = select(event_ids.c.journal, func.count().label("n")).group_by(event_ids.c.journal)


async def hold(gateway: Gateway, *raws: bytes) -> None:
    held = (Unreadable(reason="unreadable", raw=raw, content_type="message/rfc822", detail="a defect") for raw in raws)
    await gateway.intake.accept("mail", Parsed(unreadable=tuple(held)))
    await worked_off(gateway)


async def adopted(gateway: Gateway) -> list[Path]:
    """Work off what was accepted beside the gateway's own journal, as a worker does every second; which it was."""
    paths = sorted(gateway.journal.path.parent.glob("redrive-*.sqlite"))
    for path in paths:
        await adopt(gateway, path)
    await worked_off(gateway)
    return paths


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
    assert len(await adopted(gateway)) == 1
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


@pytest.mark.parametrize("killed", [False, True])
async def test_what_failed_under_its_own_id_is_no_repeat_of_that(
    client: Client, gateway: Gateway, monkeypatch: pytest.MonkeyPatch, killed: bool
) -> None:
    """The gateway's own journal remembers the id of the attempt that failed."""
    mail = gateway.configured.connectors["mail"]
    assert isinstance(mail, EmailConnector)
    parsed = mail.mail(MAIL)

    def fails(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(prepare, "normalise", fails)
        await gateway.intake.accept("mail", parsed)
        await worked_off(gateway)
    (held,) = (await ask(client, "GET", "/v1/quarantine"))["held"]
    assert held["reason"] == "normalizer_failed"
    if killed:  # after the row had made way, before anything was accepted
        await gateway.stores.database.write(lambda connection: make_way(connection, held["id"]))
    answers = await asyncio.gather(*(ask(client, "POST", "/v1/quarantine/redrive", json={"all": True}) for _ in range(2)))
    assert sum(answer["redriven"] for answer in answers) >= 1
    left = await adopted(gateway)
    await gateway.intake.accept("mail", parsed)
    await worked_off(gateway)

    def stored(connection: Connection) -> tuple[list[str], list[str], list[tuple[str, int]]]:
        quarantined = connection.execute(select(quarantine.c.state)).scalars()
        counts = [(row.journal, row.n) for row in connection.execute(_COMMITTED)]
        return list(connection.execute(select(messages.c.id)).scalars()), list(quarantined), counts

    ids, states, committed = await gateway.stores.database.read(stored)
    assert (ids, states) == ([held["id"]], ["redriven"])
    assert sum(number for _, number in committed) == 2, "the attempt that failed, and the message"
    assert len(left) >= 1


async def test_an_id_that_is_a_messages_by_now_is_left_to_it(client: Client, gateway: Gateway) -> None:
    """Somebody else drives the same row: it has another id, and what was its own may be the message's."""
    await hold(gateway, b"no mail\n")
    (held,) = (await ask(client, "GET", "/v1/quarantine"))["held"]
    database = gateway.stores.database
    new = await database.write(lambda connection: make_way(connection, held["id"]))
    assert new is not None
    taken = {"id": held["id"], "journal": "another", "seq": 1, "received_ms": 1}
    await database.write(lambda connection: connection.execute(insert(event_ids).values(**taken)))
    assert await database.write(lambda connection: make_way(connection, held["id"])) is None
    ids = await database.read(lambda connection: set(connection.execute(select(event_ids.c.id)).scalars()))
    assert ids == {held["id"], new}
