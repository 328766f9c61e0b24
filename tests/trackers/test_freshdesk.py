"""`FakeFreshdesk` refuses what the API refuses, with its codes, and finds again what was created."""

import time
from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.providers.asking import Answer, call
from tests.trackers.base import iso
from tests.trackers.freshdesk import FakeFreshdesk

TICKETS = "/api/v2/tickets"
TICKET = {
    "email": "ada@example.org",
    "name": "Ada",
    "subject": "Parcel",
    "description": "<b>Where</b> is it?",
    "status": 2,
    "priority": 1,
}


@pytest.fixture
async def freshdesk() -> AsyncIterator[FakeFreshdesk]:
    async with FakeFreshdesk() as fake:
        fake.ticket_fields.add("cf_regia_id")
        yield fake


def authorised(fake: FakeFreshdesk, key: str = "") -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"{key or fake.key}:X".encode()).decode()}


async def ask(fake: FakeFreshdesk, method: str, path: str, body: Any = None, key: str = "", **query: str) -> Answer:
    return await call(method, fake.url + path, body, authorised(fake, key), params=query)


async def created(fake: FakeFreshdesk, **more: Any) -> int:
    answer = await ask(fake, "POST", TICKETS, {**TICKET, **more})
    assert answer.status == 201, answer.json
    return int(answer.json["id"])


async def test_a_ticket_is_found_again(freshdesk: FakeFreshdesk) -> None:
    first, second = [await created(freshdesk, custom_fields={"cf_regia_id": name}) for name in ("m-1", "m-2")]
    found = await ask(freshdesk, "GET", "/api/v2/search/tickets", query="\"cf_regia_id:'m-1' AND (status:2 OR status:3)\"")
    assert (found.json["total"], found.json["results"][0]["id"]) == (1, first)
    today = iso(freshdesk.now_ms())[:10]
    found = await ask(freshdesk, "GET", "/api/v2/search/tickets", query=f"\"updated_at:>'{today}' AND group_id:null\"")
    assert found.json["total"] == 2
    freshdesk.indexing_s = 60
    assert (await ask(freshdesk, "GET", "/api/v2/search/tickets", query='"status:2"')).json["total"] == 0
    shown = await ask(freshdesk, "GET", f"{TICKETS}/{second}", include="requester")
    assert (shown.json["requester"]["email"], shown.json["description_text"]) == ("ada@example.org", "Where is it?")
    listed = await ask(freshdesk, "GET", TICKETS, email="ada@example.org", per_page="1")
    assert ([row["id"] for row in listed.json], "page=2" in listed.headers["Link"]) == ([second], True)
    assert (freshdesk.violations, len(freshdesk.contacts)) == ([], 1)


async def test_lists_reach_back_a_month_or_to_updated_since(freshdesk: FakeFreshdesk) -> None:
    ticket = await created(freshdesk)
    began = time.time()
    freshdesk.clock = lambda: began + 31 * 86_400
    assert (await ask(freshdesk, "GET", TICKETS)).json == []
    freshdesk.reopens(ticket)
    since = iso(int((began + 30 * 86_400) * 1000))
    listed = await ask(freshdesk, "GET", TICKETS, updated_since=since, order_by="updated_at", order_type="asc")
    assert ([row["id"] for row in listed.json], "description" in listed.json[0]) == ([ticket], False)
    assert (await ask(freshdesk, "GET", TICKETS, updated_since=since, include="description")).json[0]["description"]


async def test_files_come_in_forms(freshdesk: FakeFreshdesk) -> None:
    form = aiohttp.FormData()
    for name, value in {**TICKET, "custom_fields[cf_regia_id]": "m-1", "tags[]": "regia"}.items():
        form.add_field(name, str(value))
    form.add_field("attachments[]", b"png", filename="a.png", content_type="image/png")
    async with (
        aiohttp.ClientSession(headers=authorised(freshdesk)) as session,
        session.post(freshdesk.url + TICKETS, data=form) as answer,
    ):
        ticket = await answer.json()
        assert answer.status == 201, ticket
    assert (ticket["status"], ticket["custom_fields"], ticket["tags"]) == (2, {"cf_regia_id": "m-1"}, ["regia"])
    assert (await call("GET", ticket["attachments"][0]["attachment_url"])).json == b"png"
    assert freshdesk.violations == []


async def test_the_agent_is_seen(freshdesk: FakeFreshdesk) -> None:
    ticket = await created(freshdesk)
    note = {"body": "Again", "private": False, "incoming": True, "user_id": freshdesk.tickets[ticket]["requester_id"]}
    assert (await ask(freshdesk, "POST", f"{TICKETS}/{ticket}/notes", note)).status == 201
    freshdesk.agent_answers(ticket, "On its way", {"label.pdf": b"pdf"})
    freshdesk.agent_notes(ticket, "Ask the depot")
    freshdesk.assigns(ticket)
    listed = (await ask(freshdesk, "GET", f"{TICKETS}/{ticket}/conversations")).json
    assert [(row["source"], row["private"], row["incoming"]) for row in listed] == [
        (2, False, True),
        (0, False, False),
        (2, True, False),
    ]
    assert [row["user_id"] == freshdesk.agent for row in listed] == [False, True, True]
    assert (freshdesk.tickets[ticket]["status"], len(freshdesk.mails)) == (3, 1)
    freshdesk.closes(ticket)
    shown = await ask(freshdesk, "GET", f"{TICKETS}/{ticket}", include="conversations")
    assert (shown.json["status"], len(shown.json["conversations"]), freshdesk.violations) == (5, 3, [])
    changed = await ask(freshdesk, "PUT", f"{TICKETS}/{ticket}", {"status": 2, "tags": ["again"]})
    replied = await ask(freshdesk, "POST", f"{TICKETS}/{ticket}/reply", {"body": "Hello"})
    assert (changed.json["status"], replied.status, len(freshdesk.mails)) == (2, 201, 2)


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("POST", TICKETS, {key: TICKET[key] for key in TICKET if key != "subject"}, "missing_field"),
        ("POST", TICKETS, {key: TICKET[key] for key in TICKET if key != "status"}, "missing_field"),
        ("POST", TICKETS, {key: TICKET[key] for key in TICKET if key != "email"}, "missing_field"),
        ("POST", TICKETS, {**TICKET, "status": "2"}, "datatype_mismatch"),
        ("POST", TICKETS, {**TICKET, "status": 9}, "invalid_value"),
        ("POST", TICKETS, {**TICKET, "source": 10}, "invalid_value"),
        ("POST", TICKETS, {**TICKET, "priorty": 1}, "invalid_field"),
        ("POST", TICKETS, {**TICKET, "attachments": []}, "datatype_mismatch"),
        ("POST", TICKETS, {**TICKET, "due_by": "tomorrow"}, "invalid_date"),
        ("GET", f"{TICKETS}?since=1", None, "invalid_field"),
        ("GET", f"{TICKETS}?per_page=101", None, "invalid_value"),
        ("GET", f"{TICKETS}?updated_since=today", None, "invalid_value"),
        ("GET", "/api/v2/search/tickets?query=status:2", None, "invalid_value"),
        ("GET", "/api/v2/search/tickets?query=%22subject:'a'%22", None, "invalid_value"),
        ("GET", "/api/v2/search/tickets?query=%22(status:2%22", None, "invalid_value"),
    ],
)
async def test_refuses(freshdesk: FakeFreshdesk, method: str, path: str, body: Any, code: str) -> None:
    answer = await ask(freshdesk, method, path, body)
    assert (answer.status, answer.json["errors"][0]["code"]) == (400, code), answer.json
    assert (len(freshdesk.violations), freshdesk.tickets) == (1, {})


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [("POST", TICKETS, b"{", 400), ("DELETE", TICKETS, None, 405), ("GET", "/api/v2/threads", None, 404)],
)
async def test_refuses_requests(freshdesk: FakeFreshdesk, method: str, path: str, body: Any, status: int) -> None:
    answer = await ask(freshdesk, method, path, body)
    assert (answer.status, len(freshdesk.violations)) == (status, 1)


async def test_what_depends_on_the_account_is_no_violation(freshdesk: FakeFreshdesk) -> None:
    wrong = await ask(freshdesk, "GET", TICKETS, key="other")
    missing = await ask(freshdesk, "GET", f"{TICKETS}/99")
    field = await ask(freshdesk, "POST", TICKETS, {**TICKET, "custom_fields": {"cf_colour": "red"}})
    group = await ask(freshdesk, "POST", TICKETS, {**TICKET, "group_id": 1})
    person = await ask(freshdesk, "POST", TICKETS, {**TICKET, "email": "nobody"})
    assert [answer.status for answer in (wrong, missing, field, group, person)] == [401, 404, 400, 400, 400]
    assert (missing.json, freshdesk.violations, len(freshdesk.refused), freshdesk.tickets) == (b"", [], 5, {})


async def test_people_and_tables(freshdesk: FakeFreshdesk) -> None:
    person = {"name": "Ada", "email": "ada@example.org", "unique_external_id": "c-1"}
    made, again = [await ask(freshdesk, "POST", "/api/v2/contacts", person) for _ in range(2)]
    assert (made.status, again.status, again.json["errors"][0]["code"]) == (201, 409, "duplicate_value")
    listed = await ask(freshdesk, "GET", "/api/v2/contacts", unique_external_id="c-1")
    assert [row["id"] for row in listed.json] == [made.json["id"]]
    assert (await ask(freshdesk, "GET", f"/api/v2/contacts/{made.json['id']}")).json["name"] == "Ada"
    fields = [row["name"] for row in (await ask(freshdesk, "GET", "/api/v2/ticket_fields")).json]
    me, groups = [(await ask(freshdesk, "GET", f"/api/v2/{name}")).json for name in ("agents/me", "groups")]
    assert (fields, me["id"], groups[0]["name"]) == (["subject", "cf_regia_id"], freshdesk.me, "Support")
    assert freshdesk.violations == []


async def test_faults(freshdesk: FakeFreshdesk) -> None:
    freshdesk.refuse_next(429, retry_after=30)
    freshdesk.drop_after_next(on="POST")
    limited = await ask(freshdesk, "GET", TICKETS)
    assert (limited.status, limited.headers["Retry-After"]) == (429, "30")
    with pytest.raises(aiohttp.ClientError):
        await ask(freshdesk, "POST", TICKETS, TICKET)
    assert (len(freshdesk.tickets), freshdesk.violations) == (1, [])
