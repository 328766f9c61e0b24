"""`GET /v1/events`: from a cursor to the next, waiting, of some types, and what is told when it cannot be."""

import asyncio
import time
from typing import Any

import pytest

from normalizer.event import TYPES, Event, event
from regia.gateway import Gateway
from regia.http import events as feed
from regia.runners import events as runner
from regia.runners.events import Events
from storage import events
from storage.database import DatabaseUnavailable
from storage.events import NewEvent
from tests.http.served import ALL, READER, SECRETS, WORKER, Client

MERGED, LINKED, HELD = "regia.customer.merged.v1", "regia.customer.linked.v1", "regia.message.quarantined.v1"
FOLLOWER = {"Authorization": f"Bearer {SECRETS['FOLLOWER']}"}
NOW = 1_795_000_000_000


async def happen(gateway: Gateway, *names: str, type_: str = MERGED, numbered: bool = True) -> None:
    def work(connection: Any) -> None:
        bodies = [event(type_, id_=one, source="/demo", subject="cus_1", at_ms=NOW, data={"n": one}) for one in names]
        events.add(connection, [NewEvent(one, type_, "cus_1", NOW, body) for one, body in zip(names, bodies, strict=True)])
        if numbered:
            events.number(connection, NOW)

    await gateway.stores.database.write(work)


async def ask(client: Client, query: str = "") -> tuple[list[str], int]:
    """The ids and the next cursor."""
    answer = await client.get(f"/v1/events?{query}", headers=FOLLOWER)
    data = await answer.json()
    assert answer.status == 200, data
    assert data.keys() == {"events", "next"}
    return [one["id"] for one in data["events"]], data["next"]


async def refusal(client: Client, query: str, status: int, code: str) -> str:
    answer = await client.get(f"/v1/events?{query}", headers=FOLLOWER)
    data = await answer.json()
    assert (answer.status, data["error"]) == (status, code), data
    detail: str = data["detail"]
    return detail


async def test_who_may_follow(client: Client) -> None:
    for headers, status in (({}, 401), (READER, 403), (WORKER, 403), (FOLLOWER, 200), (ALL, 200)):
        assert (await client.get("/v1/events", headers=headers)).status == status


async def test_events_as_they_were_made(client: Client, gateway: Gateway) -> None:
    assert await ask(client) == ([], 0)
    await happen(gateway, "a", "b")
    answer = await (await client.get("/v1/events", headers=FOLLOWER)).json()
    assert answer["next"] == 2
    assert answer["events"][0] == {
        "specversion": "1.0",
        "id": "a",
        "type": MERGED,
        "source": "/demo",
        "subject": "cus_1",
        "time": "2026-11-18T11:06:40.000Z",
        "datacontenttype": "application/json",
        "dataschema": "urn:regia:schema:event:1",
        "data": {"n": "a"},
    }
    assert [Event.model_validate(one).id for one in answer["events"]] == ["a", "b"]


async def test_page_by_page(client: Client, gateway: Gateway) -> None:
    await happen(gateway, *(f"e{number}" for number in range(1, 241)))
    seen, cursor = list[str](), ""
    while True:
        found, following = await ask(client, cursor)
        if not found:
            break
        seen, cursor = seen + found, f"after={following}"
    assert seen == [f"e{number}" for number in range(1, 241)]
    assert await ask(client, "after=10&limit=2") == (["e11", "e12"], 12)
    assert len((await ask(client, "limit=1000"))[0]) == 240
    assert await ask(client, "after=240") == ([], 240)


async def test_some_types(client: Client, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "WINDOW", 3)
    await happen(gateway, *(f"m{number}" for number in range(10)))
    await happen(gateway, "l", type_=LINKED)
    await happen(gateway, "h", type_=HELD)
    assert await ask(client, f"type={LINKED}") == (["l"], 12), "it looks on by itself"
    assert await ask(client, f"type={LINKED}&type={HELD}&after=10") == (["l", "h"], 12)
    assert await ask(client, f"type={LINKED}&after=11") == ([], 12)
    monkeypatch.setattr(feed, "_SEARCH", 0.0)
    assert await ask(client, f"type={LINKED}") == ([], 3), "and says where to go on when that takes long"


@pytest.mark.parametrize("query", ["", "after=0", "type=" + MERGED])
async def test_it_waits_for_what_comes(client: Client, gateway: Gateway, query: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "EVERY", 0.01)
    teller = Events(gateway)
    teller.start()
    started = time.monotonic()
    waiting = asyncio.create_task(ask(client, f"{query}&wait=20"))
    others = [asyncio.create_task(ask(client, f"after=0&wait=20&type={LINKED}")) for _ in range(5)]
    await asyncio.sleep(0.1)
    assert not waiting.done()
    await happen(gateway, "a", numbered=False)
    assert await waiting == (["a"], 1)
    await happen(gateway, "b", numbered=False)
    await happen(gateway, "c", type_=LINKED, numbered=False)
    assert await asyncio.gather(*others) == [(["c"], 3)] * 5
    assert time.monotonic() - started < 5
    await teller.stop()


async def test_it_waits_no_longer_than_it_should(client: Client, gateway: Gateway) -> None:
    await happen(gateway, "a")
    started = time.monotonic()
    assert await ask(client, "after=1&wait=1") == ([], 1)
    assert 1 <= time.monotonic() - started < 3
    started = time.monotonic()
    assert await ask(client, "after=1") == ([], 1)
    assert time.monotonic() - started < 0.5


async def test_who_waits_is_let_go_when_the_gateway_stops(client: Client, gateway: Gateway) -> None:
    started = time.monotonic()
    waiting = asyncio.create_task(ask(client, "wait=25"))
    await asyncio.sleep(0.1)
    gateway.newest.end()
    assert await waiting == ([], 0)
    assert await ask(client, "wait=25") == ([], 0)
    assert time.monotonic() - started < 3


async def test_a_cursor_from_before_what_is_kept(client: Client, gateway: Gateway) -> None:
    await happen(gateway, "a", "b", "c")

    def old(connection: Any) -> None:
        events.mark(connection, 2, NOW)
        events.forget(connection, NOW + 1)

    await gateway.stores.database.write(old)
    for after in (0, 1):
        detail = await refusal(client, f"after={after}&wait=25", 410, "gone")
        assert "the oldest one is 3" in detail
    assert await ask(client, "after=2") == (["c"], 3)
    assert await ask(client) == (["c"], 3)


async def test_a_cursor_of_another_database(client: Client, gateway: Gateway) -> None:
    await happen(gateway, "a")
    assert "the last one is 1" in await refusal(client, "after=2", 410, "gone")
    assert "the last one is 1" in await refusal(client, f"after={10**18 - 1}", 410, "gone")


WRONG = [
    *("after=", "after=-1", "after=x", "after=1.0", "after=%2B1", "after=1000000000000000000", "after=%D9%A3"),
    *("limit=0", "limit=1001", "limit=", "limit=ten", "limit=1e2"),
    *("wait=26", "wait=-1", "wait=1.5", "wait="),
    *("type=", "type=regia.customer.merge.v1", f"type={MERGED}&type=x", f"type={MERGED},{LINKED}", "type=regia.customer.*.v1"),
]


async def test_what_is_asked_wrongly_is_told(client: Client) -> None:
    for query in WRONG:
        detail = await refusal(client, query, 400, "malformed")
        assert detail.startswith(query.partition("=")[0]), query
    told = await refusal(client, "type=x", 400, "malformed")
    assert all(type_ in told for type_ in TYPES)
    for query in ("after=0&limit=1&wait=0", "limit=1000", f"type={MERGED}&type={MERGED}"):
        await ask(client, query)


async def test_a_database_that_is_away(client: Client, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object) -> Any:
        raise DatabaseUnavailable("away")

    monkeypatch.setattr(gateway.stores.database, "read", away)
    assert await refusal(client, "wait=25", 503, "unavailable")


async def test_the_description_says_what_is_answered(client: Client) -> None:
    document = await (await client.get("/openapi.json")).json()
    described = document["paths"]["/v1/events"]["get"]
    assert {one["name"] for one in described["parameters"]} == {"after", "limit", "type", "wait"}
    assert document["components"]["schemas"]["Event"]["properties"]["type"]["enum"] == list(TYPES)
    words = {one["name"]: one["description"] for one in described["parameters"]}
    assert f"1 to {feed.MOST}, {feed._DEFAULT} " in words["limit"]
    assert f"0 to {feed.LONGEST}," in words["wait"]
