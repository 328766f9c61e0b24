"""`FakeZendesk` refuses what the Ticketing API refuses, notes what it drops, and finds again what was created."""

import time
from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.providers.asking import Answer, call
from tests.trackers.zendesk import FakeZendesk

TICKETS, EXPORT = "/api/v2/tickets.json", "/api/v2/incremental/tickets/cursor.json"
COMMENT = {"body": "Where is it?"}
TICKET = {
    "subject": "Parcel missing",
    "comment": COMMENT,
    "requester": {"name": "Ada", "email": "ada@example.org"},
    "external_id": "m-1",
}


@pytest.fixture
async def zendesk() -> AsyncIterator[FakeZendesk]:
    async with FakeZendesk() as fake:
        fake.export_lag_s = 0
        yield fake


async def ask(fake: FakeZendesk, method: str, path: str, body: Any = None, token: str = "", **headers: str) -> Answer:
    secret = b64encode(f"{fake.email}/token:{token or fake.token}".encode()).decode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await call(method, fake.url + path, body, {"Authorization": f"Basic {secret}", **named})


async def created(fake: FakeZendesk, **more: Any) -> int:
    answer = await ask(fake, "POST", TICKETS, {"ticket": {**TICKET, **more}})
    assert answer.status == 201, answer.json
    return int(answer.json["ticket"]["id"])


async def test_a_ticket_is_found_again(zendesk: FakeZendesk) -> None:
    first, second = await created(zendesk), await created(zendesk, external_id="m-2")
    found = await ask(zendesk, "GET", f"{TICKETS}?external_id=m-1")
    assert ([row["id"] for row in found.json["tickets"]], found.json["count"]) == ([first], 1)
    assert zendesk.tickets[first]["requester_id"] == zendesk.tickets[second]["requester_id"]
    shown = await ask(zendesk, "GET", f"/api/v2/tickets/{first}.json")
    person = await ask(zendesk, "GET", "/api/v2/users/search.json?query=email:ada@example.org")
    assert shown.json["ticket"]["requester_id"] == person.json["users"][0]["id"]
    assert (shown.json["ticket"]["status"], zendesk.violations, zendesk.refused) == ("new", [], [])


async def test_comments_carry_uploads(zendesk: FakeZendesk) -> None:
    ticket = await created(zendesk)
    upload = await ask(zendesk, "POST", "/api/v2/uploads.json?filename=a.png", b"png", Content_Type="image/png")
    token = upload.json["upload"]["token"]
    change = {"ticket": {"comment": {"body": "photo", "public": False, "uploads": [token]}, "status": "open"}}
    first, again = [await ask(zendesk, "PUT", f"/api/v2/tickets/{ticket}.json", change) for _ in range(2)]
    assert (upload.status, first.status, again.status) == (201, 200, 422)
    (_, second) = (await ask(zendesk, "GET", f"/api/v2/tickets/{ticket}/comments.json")).json["comments"]
    assert (second["public"], second["attachments"][0]["file_name"]) == (False, "a.png")
    assert (await call("GET", second["attachments"][0]["content_url"])).json == b"png"
    page = await ask(zendesk, "GET", f"/api/v2/tickets/{ticket}/comments.json?page[size]=1")
    rest = await ask(
        zendesk, "GET", f"/api/v2/tickets/{ticket}/comments.json?page[size]=1&page[after]={page.json['meta']['after_cursor']}"
    )
    assert ([row["id"] for row in rest.json["comments"]], rest.json["meta"]["has_more"]) == ([second["id"]], False)
    assert zendesk.violations == []


async def test_the_export_follows_the_agent(zendesk: FakeZendesk) -> None:
    tickets = [await created(zendesk, external_id=str(number)) for number in range(3)]
    page = await ask(zendesk, "GET", f"{EXPORT}?start_time={int(time.time()) - 5}&per_page=2")
    assert ([row["id"] for row in page.json["tickets"]], page.json["end_of_stream"]) == (tickets[:2], False)
    page = await ask(zendesk, "GET", f"{EXPORT}?cursor={page.json['after_cursor']}")
    assert ([row["id"] for row in page.json["tickets"]], page.json["end_of_stream"]) == (tickets[2:], True)
    zendesk.agent_answers(tickets[0], "On its way", {"label.pdf": b"pdf"})
    zendesk.agent_notes(tickets[0], "Ask the depot")
    zendesk.assigns(tickets[1])
    zendesk.closes(tickets[0])
    page = await ask(zendesk, "GET", f"{EXPORT}?cursor={page.json['after_cursor']}")
    assert [(row["id"], row["status"]) for row in page.json["tickets"]] == [(tickets[1], "open"), (tickets[0], "solved")]
    empty = await ask(zendesk, "GET", f"{EXPORT}?cursor={page.json['after_cursor']}")
    assert (empty.json["tickets"], empty.json["after_cursor"]) == ([], page.json["after_cursor"])
    listed = (await ask(zendesk, "GET", f"/api/v2/tickets/{tickets[0]}/comments.json")).json["comments"]
    assert [(row["author_id"] == zendesk.agent, row["public"]) for row in listed[1:]] == [(True, True), (True, False)]
    zendesk.reopens(tickets[0])
    zendesk.export_lag_s = 60
    late = await ask(zendesk, "GET", f"{EXPORT}?start_time={int(time.time()) - 90}")
    assert (late.json["tickets"], zendesk.violations) == ([], [])


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", TICKETS, {"ticket": {"subject": "no comment"}}, 422),
        ("POST", TICKETS, {"ticket": {**TICKET, "comment": {"html_body": ""}}}, 422),
        ("POST", TICKETS, {"ticket": {**TICKET, "comment": {"Body": "capital"}}}, 422),
        ("POST", TICKETS, {"ticket": {**TICKET, "requester": {"email": "new@example.org"}}}, 422),
        ("POST", TICKETS, {"ticket": {**TICKET, "status": "done"}}, 422),
        ("POST", TICKETS, {"ticket": {**TICKET, "external_id": 7}}, 422),
        ("POST", TICKETS, TICKET, 400),
        ("POST", "/api/v2/uploads.json", b"png", 400),
        ("GET", f"{EXPORT}?start_time=1&cursor=a", None, 400),
        ("GET", f"{TICKETS}?per_page=101", None, 400),
        ("GET", "/api/v2/threads.json", None, 404),
        ("DELETE", TICKETS, None, 405),
    ],
)
async def test_refuses(zendesk: FakeZendesk, method: str, path: str, body: Any, status: int) -> None:
    answer = await ask(zendesk, method, path, body)
    assert (answer.status, len(zendesk.violations), zendesk.tickets) == (status, 1, {}), zendesk.violations
    assert isinstance(answer.json["error"], str)


async def test_what_is_dropped_is_named(zendesk: FakeZendesk) -> None:
    answer = await ask(zendesk, "POST", TICKETS, {"ticket": {**TICKET, "created_at": "2020-01-01T00:00:00Z"}})
    assert (answer.status, "created_at" in answer.headers["X-Zendesk-API-Warn"], len(zendesk.violations)) == (201, True, 1)


async def test_what_depends_on_the_account_is_no_violation(zendesk: FakeZendesk) -> None:
    ticket = await created(zendesk)
    zendesk.closes(ticket, "closed")
    change = {"ticket": {"comment": COMMENT}}
    closed = await ask(zendesk, "PUT", f"/api/v2/tickets/{ticket}.json", change)
    wrong = await ask(zendesk, "GET", TICKETS, token="other")
    missing = await ask(zendesk, "PUT", "/api/v2/tickets/99.json", change)
    group = await ask(zendesk, "POST", TICKETS, {"ticket": {**TICKET, "group_id": 1}})
    field = await ask(zendesk, "POST", TICKETS, {"ticket": {**TICKET, "custom_fields": [{"id": 1, "value": "x"}]}})
    assert [answer.status for answer in (closed, wrong, missing, group, field)] == [422, 401, 404, 422, 422]
    assert closed.json["error"] == "RecordInvalid"
    assert (len(zendesk.comments), zendesk.violations, len(zendesk.refused)) == (1, [], 5)
    assert (await call("GET", zendesk.url + TICKETS, headers={"Authorization": f"Bearer {zendesk.token}"})).status == 200


async def test_an_idempotency_key_creates_once(zendesk: FakeZendesk) -> None:
    zendesk.drop_after_next(on="POST")
    with pytest.raises(aiohttp.ClientError):
        await ask(zendesk, "POST", TICKETS, {"ticket": TICKET}, Idempotency_Key="k-1")
    again = await ask(zendesk, "POST", TICKETS, {"ticket": TICKET}, Idempotency_Key="k-1")
    assert (again.status, again.headers["x-idempotency-lookup"], len(zendesk.tickets)) == (201, "hit", 1)
    assert zendesk.violations == []
    other = await ask(zendesk, "POST", TICKETS, {"ticket": {**TICKET, "subject": "b"}}, Idempotency_Key="k-1")
    assert (other.status, len(zendesk.violations)) == (400, 1)
    began = time.time()
    zendesk.clock = lambda: began + 7201
    late = await ask(zendesk, "POST", TICKETS, {"ticket": TICKET}, Idempotency_Key="k-1")
    assert (late.headers["x-idempotency-lookup"], len(zendesk.tickets)) == ("miss", 2)


async def test_a_safe_update_sees_conflicts(zendesk: FakeZendesk) -> None:
    ticket = await created(zendesk)
    change = {"ticket": {"status": "open", "safe_update": True, "updated_stamp": "2020-01-01T00:00:00Z"}}
    stale = await ask(zendesk, "PUT", f"/api/v2/tickets/{ticket}.json", change)
    change["ticket"]["updated_stamp"] = zendesk.tickets[ticket]["updated_at"]
    fresh = await ask(zendesk, "PUT", f"/api/v2/tickets/{ticket}.json", change)
    assert (stale.status, stale.json["error"], fresh.status) == (409, "UpdateConflict", 200)


async def test_people_and_tables(zendesk: FakeZendesk) -> None:
    person = {"user": {"name": "Ada", "email": "ada@example.org", "external_id": "c-1"}}
    made = await ask(zendesk, "POST", "/api/v2/users.json", person)
    again = await ask(zendesk, "POST", "/api/v2/users.json", person)
    kept = await ask(zendesk, "POST", "/api/v2/users/create_or_update.json", person)
    assert (made.status, again.status, kept.status) == (201, 422, 200)
    found = await ask(zendesk, "GET", "/api/v2/users/search.json?external_id=c-1")
    assert [user["id"] for user in found.json["users"]] == [made.json["user"]["id"]]
    me = await ask(zendesk, "GET", "/api/v2/users/me.json")
    zendesk.ticket_fields[7] = "Regia"
    fields, groups = [await ask(zendesk, "GET", f"/api/v2/{name}.json") for name in ("ticket_fields", "groups")]
    assert (me.json["user"]["role"], fields.json["ticket_fields"][0]["id"], groups.json["groups"][0]["name"]) == (
        "admin",
        7,
        "Support",
    )
    zendesk.refuse_next(429, retry_after=17)
    limited = await ask(zendesk, "GET", TICKETS)
    assert (limited.status, limited.headers["Retry-After"], zendesk.violations) == (429, "17", [])
