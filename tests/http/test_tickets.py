"""A ticket system tells what happened, over HTTP: on SQLite and on PostgreSQL."""

import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select

from identity.ticket_refusals import TICKET_REFUSALS
from identity.tickets import EVENTS
from regia.gateway import Gateway
from regia.http.openapi import openapi
from storage import erased, events
from storage.database import DatabaseUnavailable
from storage.schema import conversations, customers, ticket_events
from tests.databases import filled_url, migrated_postgresql, migrated_sqlite, postgresql_url
from tests.http.served import HELPDESK, READER, Client, is_up, make_gateway, serving
from tests.http.test_endpoints import log, refusal, send

__all__ = ["filled_url", "log", "migrated_postgresql", "migrated_sqlite", "postgresql_url"]

WORDS = {"agent": "giulia", "product": "PAN-28", "reason": "refund", "url": "https://tickets.example/T-1"}


@pytest.fixture
async def gateway(tmp_path: Path, migrated_sqlite: Path, filled_url: str) -> Gateway:
    return make_gateway(tmp_path / "node", migrated_sqlite, database=filled_url)


@pytest.fixture
async def client(gateway: Gateway) -> AsyncIterator[Client]:
    async with serving(gateway) as client:
        gateway.start()
        await is_up(gateway)
        yield client


async def tell(client: Client, event: str, ticket: str = "T-1", **more: Any) -> Any:
    answer = await client.post("/v1/tickets", json={"event": event, "ticket": ticket, **more}, headers=HELPDESK)
    assert answer.status == 200, await answer.text()
    return await answer.json()


async def refused(client: Client, status: int, code: str, **body: Any) -> dict[str, Any]:
    return await refusal(await client.post("/v1/tickets", json=body, headers=HELPDESK), status, code)


async def conversation(client: Client, gateway: Gateway, text: str) -> dict[str, Any]:
    """Of a contact that has just come; as its envelope has it, with the envelope's id."""
    id_ = await send(client, gateway, text=text)
    stored = await (await client.get(f"/v1/messages/{id_}", headers=READER)).json()
    found: dict[str, Any] = stored["envelope"]["data"]["conversation"]
    return found | {"message": id_}


def moment(seconds: float = 0) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


async def stored(gateway: Gateway) -> list[dict[str, Any]]:
    query = select(ticket_events).order_by(ticket_events.c.position)
    rows = await gateway.stores.database.read(lambda connection: connection.execute(query).mappings().all())
    return [dict(row) for row in rows]


async def test_the_life_of_a_ticket(client: Client, gateway: Gateway) -> None:
    first = await conversation(client, gateway, "La padella è rotta")
    assert first["ticket"] is None
    told = await tell(client, "opened", message=first["message"], at=moment())
    assert (told["brand"], told["ticket"], told["event"], told["conversations"]) == ("demo", "T-1", "opened", [first["id"]])
    await tell(client, "assigned", **WORDS)
    second = await conversation(client, gateway, "Allora?")
    assert (second["id"], second["ticket"]) == (first["id"], "T-1")
    await tell(client, "closed", reason="refunded")
    third = await conversation(client, gateway, "Un'altra cosa")
    assert (third["id"] != first["id"], third["ticket"]) == (True, None)
    await tell(client, "opened", "T-2", conversation=third["id"])
    await tell(client, "closed", "T-2")
    await tell(client, "reopened", "T-2")
    fourth = await conversation(client, gateway, "Ancora io")
    assert (fourth["id"], fourth["ticket"]) == (third["id"], "T-2")
    rows = await stored(gateway)
    assert [(row["ticket"], row["event"]) for row in rows] == [
        ("T-1", "opened"), ("T-1", "assigned"), ("T-1", "closed"), ("T-2", "opened"), ("T-2", "closed"), ("T-2", "reopened"),
    ]  # fmt: skip
    assert {name: rows[1][name] for name in WORDS} == WORDS
    assert {row["actor"] for row in rows} == {"token/helpdesk"}


async def test_who_was_answered_elsewhere_is_not_unheard(client: Client, gateway: Gateway) -> None:
    first = await conversation(client, gateway, "La padella è rotta")
    await tell(client, "closed", message=first["message"], at=moment())
    assert await waiting(gateway) == 1
    told = {"message": first["message"], "at": moment(), "answered": True}
    assert await tell(client, "updated", **told) == await tell(client, "updated", **told)
    assert await waiting(gateway) == 0
    await refused(client, 400, "invalid_fields", event="updated", ticket="T-1", answered="yes")


async def waiting(gateway: Gateway) -> int:
    """How many contacts nobody has answered."""
    query = select(customers.c.unanswered)
    return sum(await gateway.stores.database.read(lambda connection: connection.execute(query).scalars().all()))


async def test_followers_hear_of_it_once(client: Client, gateway: Gateway) -> None:
    first = await conversation(client, gateway, "La padella è rotta")
    body = {"conversation": first["id"], "at": "2025-11-21T18:02:11+01:00", **WORDS}
    answers = [await tell(client, "closed", **body) for _ in range(3)]
    assert answers == [answers[0]] * 3
    assert answers[0]["at"] == "2025-11-21T17:02:11.000Z"
    await gateway.stores.database.write(lambda connection: events.number(connection, 1))
    query = "type=regia.ticket.closed.v1&type=regia.ticket.opened.v1"
    page = await (await client.get(f"/v1/events?{query}", headers={"Authorization": "Bearer token-follower"})).json()
    (event,) = page["events"]
    assert (event["subject"], event["time"], event["source"]) == (first["id"], "2025-11-21T17:02:11.000Z", "/demo")
    assert set(event["data"]) == {"ticket", "conversation", "customer", "actor"}
    assert event["data"]["customer"].startswith("cus_")


async def test_what_is_refused(client: Client, gateway: Gateway) -> None:
    first = await conversation(client, gateway, "La padella è rotta")
    told = {"event": "opened", "ticket": "T-1"}
    said = {
        (await refused(client, 404, "unknown_ticket", **told))["detail"],
        (await refused(client, 404, "unknown_conversation", **told, conversation="con_x"))["detail"],
        (await refused(client, 404, "unknown_message", **told, message="x"))["detail"],
    }
    await refused(client, 404, "unknown_conversation", **told, conversation=first["id"], brand="other")
    await gateway.stores.database.write(lambda connection: erased.add(connection, "message", ["gone"], 1))
    said.add((await refused(client, 410, "gone", **told, message="gone"))["detail"])
    await tell(client, **told, conversation=first["id"])
    (row,) = await stored(gateway)
    other = {name: value for name, value in row.items() if name != "position"} | {"id": "x", "space": "other"}
    await gateway.stores.database.write(lambda connection: connection.execute(ticket_events.insert(), [other]))
    said.add((await refused(client, 409, "ambiguous_ticket", event="closed", ticket="T-1"))["detail"])
    assert said == set(TICKET_REFUSALS.values())
    await gateway.stores.database.write(lambda connection: connection.execute(delete(conversations)))
    await refused(client, 404, "unknown_ticket", event="closed", ticket="T-1", brand="demo")


GOOD = {"event": "opened", "ticket": "T-1", "conversation": "con_x"}


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"event": "deleted"}, "event"),
        ({"event": None}, "event"),
        ({"ticket": ""}, "ticket"),
        ({"ticket": "x" * 101}, "ticket"),
        ({"ticket": "anna@example.it"}, "ticket"),
        ({"ticket": "T 1"}, "ticket"),
        ({"ticket": "T-1\n"}, "ticket"),
        ({"ticket": "T\u0000"}, "ticket"),
        ({"ticket": 1}, "ticket"),
        ({"brand": "De mo"}, "brand"),
        ({"conversation": "con x"}, "conversation"),
        ({"message": "m"}, "body"),
        ({"agent": ""}, "agent"),
        ({"agent": "x" * 201}, "agent"),
        ({"product": " PAN"}, "product"),
        ({"reason": "two\nlines"}, "reason"),
        ({"reason": "nul\u0000"}, "reason"),
        ({"reason": "\u3164"}, "reason"),
        ({"url": "javascript:alert(1)"}, "url"),
        ({"url": f"https://x.example/{'x' * 2000}"}, "url"),
        ({"at": "2026-11-21T18:02:11"}, "at"),
        ({"at": "yesterday"}, "at"),
        ({"at": "1980-01-01T00:00:00Z"}, "at"),
        ({"at": "2199-11-21T18:02:11Z"}, "at"),
        ({"state": "open"}, "state"),
    ],
    ids=str,
)
@pytest.mark.parametrize("filled_url", ["sqlite"], indirect=True)
async def test_what_is_not_of_the_form(client: Client, gateway: Gateway, wrong: dict[str, Any], field: str) -> None:
    found = await refused(client, 400, "invalid_fields", **(GOOD | wrong))
    assert set(found["fields"]) == {field}
    assert await stored(gateway) == []


@pytest.mark.parametrize("ticket", ["1", "#4711", "INC0012345", "2026/00123", "a.b:c-d_e#f", "x" * 100])
async def test_numbers_of_tickets(client: Client, gateway: Gateway, ticket: str) -> None:
    first = await conversation(client, gateway, "Ciao")
    assert (await tell(client, "opened", ticket, conversation=first["id"]))["ticket"] == ticket
    assert (await tell(client, "closed", ticket))["conversations"] == [first["id"]]


@pytest.mark.parametrize("filled_url", ["sqlite"], indirect=True)
async def test_a_clock_that_is_a_little_ahead(client: Client, gateway: Gateway) -> None:
    first = await conversation(client, gateway, "Ciao")
    assert (await tell(client, "opened", conversation=first["id"], at=moment(120)))["event"] == "opened"


@pytest.mark.parametrize("filled_url", ["sqlite"], indirect=True)
async def test_a_database_that_is_away(client: Client, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(work: object) -> Any:
        raise DatabaseUnavailable("OperationalError: db.internal")

    monkeypatch.setattr(gateway.stores.database, "write", away)
    found = await refused(client, 503, "unavailable", **GOOD)
    assert "db.internal" not in found["detail"]


@pytest.mark.parametrize("filled_url", ["sqlite"], indirect=True)
async def test_no_word_of_it_reaches_the_log(client: Client, gateway: Gateway, log: io.StringIO) -> None:
    first = await conversation(client, gateway, "Ciao")
    await tell(client, "opened", "T-4711", conversation=first["id"], **WORDS)
    await refused(client, 404, "unknown_ticket", event="closed", ticket="T-4712", **WORDS)
    assert not any(word in log.getvalue() for word in ("T-471", *WORDS.values()))


def test_the_description_has_the_same_events() -> None:
    body = openapi()["components"]["schemas"]["TicketBody"]
    assert body["properties"]["event"]["enum"] == list(EVENTS)
    assert body["required"] == ["event", "ticket"]
