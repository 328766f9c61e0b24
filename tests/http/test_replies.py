"""A ticket system answers customers over HTTP: on SQLite and on PostgreSQL."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Connection, delete, select, update

from connectors.base import Parsed, Status
from normalizer.inbound import Reply
from regia.gateway import Gateway
from regia.http.openapi import openapi
from regia.runners import outcomes
from storage import erased, events, outgoing_ends, outgoing_tries
from storage.bulk import insert_rows
from storage.outgoing_ends import Ended
from storage.schema import conversations, messages, outgoing_parts
from storage.schema import outgoing as table
from tests.contacts import START, email, inbound
from tests.databases import filled_url, migrated_postgresql, migrated_sqlite, postgresql_url
from tests.http.served import ALL, HELPDESK, Client, worked_off
from tests.http.test_endpoints import refusal
from tests.http.test_tickets import client, gateway

__all__ = ["client", "filled_url", "gateway", "migrated_postgresql", "migrated_sqlite", "postgresql_url"]

SAID = {"text": "Buongiorno, la sostituiamo.", "author": "giulia", "key": "T-1/4"}


async def wrote(gateway: Gateway, name: str = "m1", address: str = "anna@example.it", **more: Any) -> dict[str, str]:
    """A mail that is stored: its envelope's id, and its conversation."""
    contact = inbound(name, email(address), channel="email", account="help@demo.example", subject="Padella", **more)
    await gateway.intake.accept("mail", Parsed(messages=(contact,)))
    await worked_off(gateway)
    query = select(messages.c.id, messages.c.conversation_id).where(messages.c.external_id == name)
    row = await gateway.stores.database.read(lambda one: one.execute(query).one())
    return {"message": row.id, "conversation": row.conversation_id}


async def ask(client: Client, status: int = 202, **body: Any) -> dict[str, Any]:
    answer = await client.post("/v1/replies", json=body, headers=HELPDESK)
    assert answer.status == status, await answer.text()
    data: dict[str, Any] = await answer.json()
    return data


async def refused(client: Client, status: int, code: str, reason: str | None = None, **body: Any) -> dict[str, Any]:
    data = await refusal(await client.post("/v1/replies", json=SAID | body, headers=HELPDESK), status, code)
    assert data.get("reason") == reason
    return data


async def rows(gateway: Gateway) -> list[dict[str, Any]]:
    query = select(table).order_by(table.c.position)
    return [dict(row) for row in await gateway.stores.database.read(lambda one: one.execute(query).mappings().all())]


async def told(gateway: Gateway) -> list[dict[str, Any]]:
    """What followers hear of replies: type and data."""
    await gateway.stores.database.write(lambda connection: events.number(connection, 1))
    page = await gateway.stores.database.read(lambda connection: events.after(connection, None, limit=1000))
    found = [orjson.loads(body) for body in page.bodies]
    return [one["data"] | {"type": one["type"]} for one in found if one["type"].startswith("regia.reply.")]


async def test_it_is_queued_for_who_wrote(client: Client, gateway: Gateway) -> None:
    wrote_ = await wrote(gateway)
    answer = await ask(client, message=wrote_["message"], **SAID)
    (row,) = await rows(gateway)
    assert answer == {"id": row["id"], **wrote_, "repeat": False}
    assert (row["handle_value"], row["text"], row["author"], row["state"]) == (
        "anna@example.it", SAID["text"], "giulia", "queued",
    )  # fmt: skip
    shown = await (await client.get(f"/v1/replies/{row['id']}", headers=HELPDESK)).json()
    assert (shown["state"], shown["key"], shown["message"], shown["statuses"]) == ("queued", "T-1/4", wrote_["message"], [])
    (event,) = await told(gateway)
    assert event["customer"].startswith("cus_")
    assert (event["type"], event["reply"], event["key"]) == ("regia.reply.queued.v1", row["id"], "T-1/4")


async def test_the_same_key_is_the_same_reply(client: Client, gateway: Gateway) -> None:
    wrote_ = await wrote(gateway)
    first = await ask(client, message=wrote_["message"], **SAID)
    again = [await ask(client, 200, message=wrote_["message"], **SAID) for _ in range(2)]
    assert again == [first | {"repeat": True}] * 2
    await refused(client, 409, "idempotency_conflict", message=wrote_["message"], text="Altro")
    assert len(await rows(gateway)) == 1
    await ask(client, message=wrote_["message"], **(SAID | {"key": "T-1/5"}))
    without = {name: value for name, value in SAID.items() if name != "key"}
    assert len({(await ask(client, message=wrote_["message"], **without))["id"] for _ in range(2)}) == 2


async def test_a_repeat_is_known_when_what_it_answered_is_gone(client: Client, gateway: Gateway) -> None:
    wrote_ = await wrote(gateway)
    by_message, by_conversation = ({"message": wrote_["message"]}, {"conversation": wrote_["conversation"]})
    bodies = [SAID | by_message, SAID | by_conversation | {"key": "T-1/5"}]
    first = [await ask(client, **body) for body in bodies]
    await gateway.stores.database.write(lambda one: one.execute(delete(messages)))
    assert [await ask(client, 200, **body) for body in bodies] == [answer | {"repeat": True} for answer in first]


async def test_asked_for_twice_at_once(client: Client, gateway: Gateway) -> None:
    wrote_ = await wrote(gateway)
    body = SAID | {"message": wrote_["message"]}
    answers = await asyncio.gather(*(client.post("/v1/replies", json=body, headers=HELPDESK) for _ in range(8)))
    assert sorted(answer.status for answer in answers) == [200] * 7 + [202]
    assert len({(await answer.json())["id"] for answer in answers}) == 1
    assert len(await rows(gateway)) == 1


async def test_a_conversation_is_answered_at_its_last_contact_that_can_be(client: Client, gateway: Gateway) -> None:
    await wrote(gateway, "m1")
    last = await wrote(gateway, "m2", reply_to="m1")
    await wrote(gateway, "m3", reply_to="m2", reply=Reply(allowed=()))
    answer = await ask(client, conversation=last["conversation"], **SAID)
    assert answer["message"] == last["message"]


async def test_two_customers_in_one_conversation(client: Client, gateway: Gateway) -> None:
    """After an unmerge nobody may guess whom an answer is for."""
    wrote_ = await wrote(gateway)
    await gateway.stores.database.write(lambda one: one.execute(update(conversations).values(split=True)))
    await refused(client, 409, "reply_refused", "split_conversation", conversation=wrote_["conversation"])
    await ask(client, message=wrote_["message"], **SAID)


async def test_what_is_refused(client: Client, gateway: Gateway) -> None:
    wrote_ = await wrote(gateway)
    closed = await wrote(gateway, "m2", reply=Reply(until=datetime.now(UTC) - timedelta(hours=1)), address="bruno@example.it")
    nowhere = await wrote(gateway, "m3", reply=Reply(allowed=()), address="carla@example.it")
    await gateway.stores.database.write(lambda connection: erased.add(connection, "message", ["gone"], 1))
    for status, code, reason, body in (
        (404, "unknown_message", None, {"message": "x"}),
        (404, "unknown_conversation", None, {"conversation": "con_x"}),
        (410, "gone", None, {"message": "gone"}),
        (409, "reply_refused", "window_closed", {"message": closed["message"]}),
        (409, "reply_refused", "not_allowed", {"message": nowhere["message"]}),
        (400, "invalid_fields", None, {}),
        (400, "invalid_fields", None, {**wrote_}),
        (400, "invalid_fields", None, {"message": wrote_["message"], "text": " \n"}),
        (400, "invalid_fields", None, {"message": wrote_["message"], "subject": "Due\nrighe"}),
        (400, "invalid_fields", None, {"message": wrote_["message"], "to": "else@example.it"}),
    ):
        await refused(client, status, code, reason, **body)
    assert await rows(gateway) == []
    heard = [(one["type"], one["reason"], one["key"]) for one in await told(gateway)]
    assert heard == [
        ("regia.reply.rejected.v1", reason, "T-1/4")
        for reason in ("unknown_message", "unknown_conversation", "gone", "window_closed", "not_allowed")
    ]
    await refused(client, 409, "reply_refused", "window_closed", message=closed["message"])
    assert len(await told(gateway)) == len(heard)  # the same request again is the same event


async def test_a_window_that_closes_before_it_may_leave(client: Client, gateway: Gateway) -> None:
    until = datetime.now(UTC) + timedelta(hours=1)
    wrote_ = await wrote(gateway, reply=Reply(until=until))
    late = (until + timedelta(seconds=1)).isoformat()
    await refused(client, 409, "reply_refused", "window_closed", message=wrote_["message"], not_before=late)
    early = (until - timedelta(minutes=1)).isoformat()
    await ask(client, message=wrote_["message"], not_before=early, **SAID)


async def test_a_later_one_does_not_hold_up_others(client: Client, gateway: Gateway) -> None:
    wrote_ = await wrote(gateway)
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    await ask(client, message=wrote_["message"], not_before=tomorrow.isoformat(), **SAID)
    now = await ask(client, message=wrote_["message"], text="Subito", author="giulia")
    now_ms = int(datetime.now(UTC).timestamp() * 1000) + 1

    def claim(at_ms: int) -> Any:
        return gateway.stores.database.write(
            lambda one: outgoing_tries.claim(one, "mail", "n1", now_ms=at_ms, lost_ms=at_ms + 1, limit=9)
        )

    assert [row.id for row in await claim(now_ms)] == [now["id"]]
    assert await claim(int(tomorrow.timestamp() * 1000) - 1) == []
    assert await claim(int(tomorrow.timestamp() * 1000) + 1) == []  # the other is being sent
    ended = update(table).where(table.c.id == now["id"]).values(state="sent")
    await gateway.stores.database.write(lambda one: one.execute(ended))
    assert [row.text for row in await claim(int(tomorrow.timestamp() * 1000) + 1)] == [SAID["text"]]


def status(state: str, seconds: int, part: int = 1, **more: Any) -> Status:
    """What a provider tells of a part."""
    named = {"external_id": f"provider-{part}", "brand": "demo", "channel": "email", "account": None, "raw": b"{}"}
    at = START + timedelta(seconds=seconds)
    return Status(event_key=f"{state} {part} {seconds}", state=state, at=at, **named, **more)


async def asked_and_sent(client: Client, gateway: Gateway, parts: int = 1) -> dict[str, Any]:
    """A reply that its channel took in so many parts, by our own sender's word."""
    asked = await ask(client, message=(await wrote(gateway))["message"], **SAID)
    await settled(gateway, asked["id"], parts)
    return asked


async def settled(gateway: Gateway, id_: str, parts: int = 1) -> None:
    values = {"state": "sent", "external_id": "provider-1", "ended_ms": 1, "node": "n1"}
    named = [{"connector": "mail", "external_id": f"provider-{n + 1}", "outgoing_id": id_} for n in range(parts)]

    def work(connection: Connection) -> list[Ended]:
        connection.execute(update(table).values(**values))
        if parts > 1:
            insert_rows(connection, outgoing_parts, named)
        return outgoing_ends.untold(connection, "n1", 10, 0)

    (ended,) = await gateway.stores.database.write(work)
    await hear(gateway, outcomes.status(ended))


async def hear(gateway: Gateway, *statuses: Status) -> None:
    await gateway.intake.accept("mail", Parsed(statuses=statuses))
    await worked_off(gateway)


async def states(gateway: Gateway) -> list[str]:
    return [one["type"].split(".")[2] for one in await told(gateway)]


async def test_followers_hear_what_becomes_of_it(client: Client, gateway: Gateway) -> None:
    asked = await asked_and_sent(client, gateway)
    failed = status("failed", 4, error="5.1.1 anna@example.it is no user")
    await hear(gateway, status("sent", 1), status("delivered", 2), status("delivered", 3), failed)
    assert await states(gateway) == ["queued", "sent", "delivered", "failed"]
    heard = await told(gateway)
    assert {one["reply"] for one in heard} == {asked["id"]}
    assert heard[-1]["provider_code"] == "5.1.1"
    assert "anna" not in orjson.dumps(heard).decode()
    shown = await (await client.get(f"/v1/replies/{asked['id']}", headers=HELPDESK)).json()
    assert sorted(one["state"] for one in shown["statuses"]) == ["delivered", "delivered", "failed", "sent", "sent"]


async def test_one_in_parts_has_arrived_when_all_of_them_have(client: Client, gateway: Gateway) -> None:
    await asked_and_sent(client, gateway, parts=2)
    await hear(gateway, status("sent", 1, 1), status("delivered", 2, 1))
    await hear(gateway, status("read", 3, 2))
    assert await states(gateway) == ["queued", "sent", "delivered"]
    await hear(gateway, status("read", 4, 1))
    assert await states(gateway) == ["queued", "sent", "delivered", "read"]


async def test_what_is_told_while_it_is_being_sent_waits_for_its_end(client: Client, gateway: Gateway) -> None:
    """The first part arrives before the second has left: that is not the message."""
    asked = await ask(client, message=(await wrote(gateway))["message"], **SAID)
    sending = update(table).values(state="sending", external_id="provider-1")
    await gateway.stores.database.write(lambda one: one.execute(sending))
    await hear(gateway, status("sent", 1, token=asked["id"]), status("delivered", 2, token=asked["id"]))
    assert await states(gateway) == ["queued"]
    await settled(gateway, asked["id"], parts=2)
    await hear(gateway, status("delivered", 3, 2))
    assert await states(gateway) == ["queued", "sent", "delivered"]


async def test_killed_after_its_provider_took_it(client: Client, gateway: Gateway) -> None:
    asked = await ask(client, message=(await wrote(gateway))["message"], **SAID)
    sending = update(table).values(state="sending", node="n1", due_ms=1)
    await gateway.stores.database.write(lambda one: one.execute(sending))
    await hear(gateway, status("sent", 1, token=asked["id"]))
    await gateway.stores.database.write(lambda one: outgoing_ends.lose(one, "n1", 2, started=True))
    (row,) = await rows(gateway)
    assert (row["state"], row["error"]) == ("sent", None)


async def test_who_may_ask(client: Client) -> None:
    body = {"message": "x", "text": "y"}
    await refusal(await client.post("/v1/replies", json=body), 401, "token_missing")
    await refusal(await client.post("/v1/replies", json=body, headers=ALL), 403, "scope_missing")
    await refusal(await client.get("/v1/replies/x"), 401, "token_missing")
    await refusal(await client.get("/v1/replies/x", headers=HELPDESK), 404, "not_found")


async def test_its_answers_are_as_described(client: Client, gateway: Gateway) -> None:
    paths = openapi()["paths"]
    wrote_ = await wrote(gateway)
    asked = await ask(client, message=wrote_["message"], **SAID)
    shown = await (await client.get(f"/v1/replies/{asked['id']}", headers=HELPDESK)).json()
    for data, operation in ((asked, paths["/v1/replies"]["post"]), (shown, paths["/v1/replies/{id}"]["get"])):
        described = next(iter(operation["responses"].values()))["content"]["application/json"]["schema"]
        assert set(data) == set(described["required"])
