"""`FakeZammad` refuses what Zammad refuses, notes what it drops, and finds again what was created."""

from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.providers.asking import Answer, call
from tests.trackers.zammad import FakeZammad

TICKETS, ARTICLES = "/api/v1/tickets", "/api/v1/ticket_articles"
ARTICLE = {"subject": "Parcel", "body": "Where is it?", "type": "note", "sender": "Customer", "internal": False}
TICKET = {"title": "Parcel missing", "group": "Users", "customer_id": "guess:ada@example.org", "article": ARTICLE}
PNG = {"filename": "a.png", "data": b64encode(b"png").decode(), "mime-type": "image/png"}


@pytest.fixture
async def zammad() -> AsyncIterator[FakeZammad]:
    async with FakeZammad(admin=True) as fake:
        fake.add_attribute("regia_id")
        yield fake


async def ask(fake: FakeZammad, method: str, path: str, body: Any = None, auth: str | None = None) -> Answer:
    return await call(method, fake.url + path, body, {"Authorization": auth or f"Token token={fake.token}"})


async def created(fake: FakeZammad, **more: Any) -> int:
    answer = await ask(fake, "POST", TICKETS, {**TICKET, **more})
    assert answer.status == 201, answer.json
    return int(answer.json["id"])


async def found(fake: FakeZammad, query: str, **more: str) -> list[int]:
    answer = await call(
        "GET",
        f"{fake.url}{TICKETS}/search",
        None,
        {"Authorization": f"Token token={fake.token}"},
        params={"query": query, **more},
    )
    assert answer.status == 200, answer.json
    return list(answer.json["tickets"])


async def test_a_ticket_is_found_again(zammad: FakeZammad) -> None:
    first, second = await created(zammad, regia_id="m-1"), await created(zammad, regia_id="m-1-2")
    assert await found(zammad, 'regia_id:"m-1"', sort_by="id", order_by="asc") == [first, second]
    assert await found(zammad, 'regia_id.keyword:"m-1"') == [first]
    assert await found(zammad, "customer.email:ada@example.org AND state.name:new") == [second, first]
    assert await found(zammad, 'regia_id:"m 9" OR title:parcel', limit="1") == [second]
    assert await found(zammad, f"updated_at:[{zammad.tickets[second]['updated_at']} TO *]") == [second]
    assert await found(zammad, 'updated_at:>"2020-01-01T00:00:00Z" AND NOT regia_id:"m-1-2"') == [first]
    zammad.indexing_s = 60
    assert await found(zammad, "*") == []
    shown = await ask(zammad, "GET", f"{TICKETS}/{first}?expand=true")
    assert (shown.json["customer"], shown.json["state"], shown.json["group"]) == ("ada@example.org", "new", "Users")
    assert (zammad.tickets[first]["customer_id"], zammad.violations) == (zammad.tickets[second]["customer_id"], [])


@pytest.mark.parametrize("lists", [False, True])
async def test_a_search_answers_as_old_and_as_current_versions(zammad: FakeZammad, lists: bool) -> None:
    zammad.search_lists = lists
    ticket = await created(zammad)
    path = f"{TICKETS}/search?query=title:parcel"
    plain, full, expanded = [(await ask(zammad, "GET", path + more)).json for more in ("", "&full=true", "&expand=true")]
    assert (plain[0]["id"] if lists else plain["tickets"][0]) == ticket
    assert (full["record_ids"] if lists else full["tickets"]) == [ticket]
    assert ([row["state"] for row in expanded], full["assets"]["Ticket"][str(ticket)]["id"]) == (["new"], ticket)
    assert zammad.violations == []


async def test_articles_follow(zammad: FakeZammad) -> None:
    ticket = await created(zammad)
    posted = await ask(zammad, "POST", ARTICLES, {**ARTICLE, "ticket_id": ticket, "body": "Again", "attachments": [PNG]})
    (attachment,) = posted.json["attachments"]
    got = await ask(zammad, "GET", f"/api/v1/ticket_attachment/{ticket}/{posted.json['id']}/{attachment['id']}")
    assert (posted.status, got.json, attachment["preferences"]["Mime-Type"]) == (201, b"png", "image/png")
    listed = await ask(zammad, "GET", f"{ARTICLES}/by_ticket/{ticket}")
    assert [(one["body"], one["sender"]) for one in listed.json] == [("Where is it?", "Customer"), ("Again", "Customer")]
    changed = await ask(
        zammad, "PUT", f"{TICKETS}/{ticket}", {"state": "closed", "article": {"body": "done", "internal": True}}
    )
    assert (changed.json["state_id"], changed.json["article_count"], zammad.violations, zammad.mails) == (4, 3, [], [])


async def test_the_agent_is_seen(zammad: FakeZammad) -> None:
    ticket = await created(zammad)
    before = zammad.tickets[ticket]["updated_at"]
    zammad.agent_answers(ticket, "On its way", files={"label.pdf": b"pdf"})
    zammad.agent_notes(ticket, "Ask the depot")
    zammad.assigns(ticket)
    assert (zammad.tickets[ticket]["state_id"], len(zammad.mails)) == (2, 1)
    listed = (await ask(zammad, "GET", f"{ARTICLES}/by_ticket/{ticket}")).json
    assert [(one["sender"], one["type"], one["internal"]) for one in listed[1:]] == [
        ("Agent", "email", False),
        ("Agent", "note", True),
    ]
    zammad.closes(ticket)
    assert await found(zammad, f'updated_at:>"{before}" AND state.name:closed') == [ticket]
    zammad.reopens(ticket)
    assert (zammad.tickets[ticket]["owner_id"], zammad.tickets[ticket]["close_at"], zammad.violations) == (
        zammad.agent,
        None,
        [],
    )


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", TICKETS, {key: TICKET[key] for key in ("title", "customer_id", "article")}, 422),
        ("POST", TICKETS, {key: TICKET[key] for key in ("title", "group", "article")}, 422),
        ("POST", TICKETS, {**TICKET, "article": {"subject": "no body"}}, 422),
        ("POST", TICKETS, {**TICKET, "article": "text"}, 422),
        ("POST", TICKETS, {**TICKET, "article": {**ARTICLE, "type": "letter"}}, 422),
        ("POST", TICKETS, {**TICKET, "article": {**ARTICLE, "content_type": "text/markdown"}}, 422),
        ("POST", TICKETS, {**TICKET, "article": {**ARTICLE, "attachments": [{**PNG, "data": "%%"}]}}, 422),
        ("POST", TICKETS, {**TICKET, "article": {**ARTICLE, "attachments": [{"filename": "a", "data": "YQ=="}]}}, 422),
        ("POST", TICKETS, {**TICKET, "state": "pending reminder"}, 422),
        ("POST", TICKETS, b"{", 400),
        ("GET", f"{TICKETS}/search?query=regia_id:a:b", None, 500),
        ("GET", f"{TICKETS}/search?query=title:%22open", None, 500),
        ("GET", "/api/v1/conversations", None, 404),
        ("DELETE", TICKETS, None, 404),
    ],
)
async def test_refuses(zammad: FakeZammad, method: str, path: str, body: Any, status: int) -> None:
    answer = await ask(zammad, method, path, body)
    assert (answer.status, len(zammad.violations), zammad.tickets) == (status, 1, {}), zammad.violations
    assert isinstance(answer.json["error"], str)


async def test_what_is_dropped_in_silence_is_noted(zammad: FakeZammad) -> None:
    ticket = await created(zammad, colour="red", article={**ARTICLE, "mime": "x"})
    assert ("colour" in zammad.tickets[ticket], len(zammad.violations)) == (False, 2)


async def test_what_depends_on_the_instance_is_no_violation(zammad: FakeZammad) -> None:
    nobody = await call("GET", zammad.url + TICKETS)
    wrong = await ask(zammad, "GET", TICKETS, auth="Token token=other")
    ticket = await created(zammad, group="2nd Level")
    zammad.agent_groups.discard(2)
    hidden = await ask(zammad, "GET", f"{TICKETS}/{ticket}")
    group = await ask(zammad, "POST", TICKETS, {**TICKET, "group": "Nowhere"})
    person = await ask(zammad, "POST", TICKETS, {**TICKET, "customer_id": "guess:nobody"})
    missing = await ask(zammad, "GET", f"{TICKETS}/99")
    statuses = [answer.status for answer in (nobody, wrong, hidden, group, person, missing)]
    assert (statuses, zammad.violations, len(zammad.refused)) == ([403, 401, 403, 422, 422, 404], [], 6)
    assert await found(zammad, "*") == []


async def test_people_and_tables(zammad: FakeZammad) -> None:
    made = await ask(
        zammad,
        "POST",
        "/api/v1/users",
        {"firstname": "Ada", "lastname": "Byron", "email": "ada@example.org", "roles": ["Customer"]},
    )
    again = await ask(zammad, "POST", "/api/v1/users", {"email": "ADA@example.org"})
    assert (made.status, again.status) == (201, 422)
    listed = await ask(zammad, "GET", "/api/v1/users/search?query=email:ada@example.org")
    assert [user["id"] for user in listed.json] == [made.json["id"]]
    assert (await ask(zammad, "GET", "/api/v1/users/me", auth=f"Bearer {zammad.token}")).json["login"] == "regia@example.com"
    assert [row["name"] for row in (await ask(zammad, "GET", "/api/v1/groups")).json] == ["Users", "2nd Level"]
    assert {row["name"] for row in (await ask(zammad, "GET", "/api/v1/ticket_states")).json} >= {"new", "open", "closed"}
    attribute = {
        "name": "regia_url",
        "object": "Ticket",
        "display": "Regia",
        "active": True,
        "position": 900,
        "data_type": "input",
        "data_option": {},
    }
    assert (await ask(zammad, "POST", "/api/v1/object_manager_attributes", attribute)).status == 201
    names = [row["name"] for row in (await ask(zammad, "GET", "/api/v1/object_manager_attributes")).json]
    zammad.admin = False
    assert (names, (await ask(zammad, "GET", "/api/v1/object_manager_attributes")).status) == (
        ["title", "regia_id", "regia_url"],
        403,
    )
    assert zammad.violations == []


async def test_faults(zammad: FakeZammad) -> None:
    zammad.refuse_next(503, 2, on="POST")
    zammad.drop_after_next(on="POST")
    assert [(await ask(zammad, "POST", TICKETS, TICKET)).status for _ in range(2)] == [503, 503]
    with pytest.raises(aiohttp.ClientError):
        await ask(zammad, "POST", TICKETS, TICKET)
    assert (len(zammad.tickets), zammad.violations) == (1, [])
    zammad.slow(0.05)
    assert await found(zammad, "title:parcel") == [1]
