"""`FakeHubSpot` refuses what the CRM API refuses, and finds again what was created."""

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.providers.asking import Answer, call
from tests.trackers.hubspot import FakeHubSpot

TICKETS, CONTACTS = "/crm/v3/objects/tickets", "/crm/v3/objects/contacts"
TICKET = {"subject": "Parcel missing", "content": "Where is it?", "hs_pipeline_stage": "1", "hs_ticket_priority": "HIGH"}
TO_CONTACT = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 16}
PROPERTY = {"name": "regia_id", "label": "Regia", "type": "string", "fieldType": "text", "groupName": "ticketinformation"}
MODIFIED = "hs_lastmodifieddate"


@pytest.fixture
async def hubspot() -> AsyncIterator[FakeHubSpot]:
    async with FakeHubSpot() as fake:
        yield fake


async def ask(fake: FakeHubSpot, method: str, path: str, body: Any = None, token: str | None = None) -> Answer:
    return await call(method, fake.url + path, body, {"Authorization": f"Bearer {token or fake.token}"})


async def created(fake: FakeHubSpot, path: str = TICKETS, more: list[Any] | None = None, **properties: str) -> str:
    body = {"properties": {**(TICKET if path == TICKETS else {}), **properties}, "associations": more or []}
    answer = await ask(fake, "POST", path, body)
    assert answer.status == 201, answer.json
    return str(answer.json["id"])


def since(ms: int | str, **more: Any) -> dict[str, Any]:
    wanted = {"propertyName": MODIFIED, "operator": "GTE", "value": str(ms)}
    return {"filterGroups": [{"filters": [wanted]}], "sorts": [{"propertyName": MODIFIED, "direction": "ASCENDING"}], **more}


async def test_a_ticket_is_found_again(hubspot: FakeHubSpot) -> None:
    hubspot.add_property("tickets", "regia_id", unique=True)
    contact = await created(hubspot, CONTACTS, email="ada@example.com")
    ticket = await created(hubspot, more=[{"to": {"id": contact}, "types": [TO_CONTACT]}], regia_id="m-1")
    read = await ask(hubspot, "GET", f"{TICKETS}/m-1?idProperty=regia_id&properties=subject,regia_id&associations=contacts")
    assert read.json["id"] == ticket
    assert read.json["properties"]["subject"] == "Parcel missing"
    assert read.json["associations"] == {"contacts": {"results": [{"id": contact, "type": "ticket_to_contact"}]}}
    by_email = await ask(hubspot, "GET", f"{CONTACTS}/Ada@example.com?idProperty=email")
    linked = await ask(hubspot, "GET", f"/crm/v4/objects/contacts/{contact}/associations/tickets")
    assert (by_email.json["id"], linked.json["results"][0]["toObjectId"]) == (contact, int(ticket))
    assert hubspot.tickets[ticket].properties["hs_pipeline"] == "0"
    assert (hubspot.violations, hubspot.refused) == ([], [])


async def test_search_pages_in_order(hubspot: FakeHubSpot) -> None:
    tickets = [await created(hubspot, subject=str(number)) for number in range(5)]
    first_ms = hubspot.tickets[tickets[1]].updated_ms
    seen, after = [], "0"
    while after:
        answer = await ask(hubspot, "POST", f"{TICKETS}/search", since(first_ms, limit=3, after=after))
        assert answer.json["total"] == 4
        seen += [found["id"] for found in answer.json["results"]]
        after = answer.json.get("paging", {}).get("next", {}).get("after", "")
    assert seen == tickets[1:]
    hubspot.indexing_s = 60
    assert (await ask(hubspot, "POST", f"{TICKETS}/search", {})).json["total"] == 0
    assert hubspot.violations == []


async def test_the_agent_is_seen(hubspot: FakeHubSpot) -> None:
    ticket = await created(hubspot)
    before = hubspot.tickets[ticket].updated_ms
    mail, note = hubspot.agent_answers(ticket, "On its way"), hubspot.agent_notes(ticket, "Ask the depot")
    hubspot.assigns(ticket)
    hubspot.closes(ticket)
    (found,) = (await ask(hubspot, "POST", f"{TICKETS}/search", since(before + 1, properties=["hs_pipeline_stage"]))).json[
        "results"
    ]
    assert found["properties"]["hs_pipeline_stage"] == "4"
    read = await ask(hubspot, "GET", f"{TICKETS}/{ticket}?associations=emails,notes")
    assert [[one["id"] for one in read.json["associations"][kind]["results"]] for kind in ("emails", "notes")] == [
        [mail.id],
        [note.id],
    ]
    wanted = {"inputs": [{"id": mail.id}], "properties": ["hs_email_direction", "hs_email_text"]}
    batch = await ask(hubspot, "POST", "/crm/v3/objects/emails/batch/read", wanted)
    assert batch.json["results"][0]["properties"]["hs_email_text"] == "On its way"
    of_ticket = {"propertyName": "associations.ticket", "operator": "EQ", "value": ticket}
    searched = await ask(hubspot, "POST", "/crm/v3/objects/emails/search", {"filterGroups": [{"filters": [of_ticket]}]})
    assert [one["id"] for one in searched.json["results"]] == [mail.id]
    hubspot.customer_mails(ticket, "Thanks")
    theirs = {"propertyName": "hs_email_direction", "operator": "EQ", "value": "INCOMING_EMAIL"}
    searched = await ask(hubspot, "POST", "/crm/v3/objects/emails/search", {"filterGroups": [{"filters": [of_ticket, theirs]}]})
    assert searched.json["total"] == 1
    hubspot.reopens(ticket)
    assert (hubspot.tickets[ticket].properties["hs_pipeline_stage"], hubspot.violations) == ("3", [])


async def test_notes_carry_files(hubspot: FakeHubSpot) -> None:
    ticket = await created(hubspot)
    form = aiohttp.FormData()
    form.add_field("file", b"png", filename="a.png", content_type="image/png")
    form.add_field("options", json.dumps({"access": "PRIVATE"}))
    form.add_field("folderPath", "/regia")
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {hubspot.token}"}) as session:
        async with session.post(f"{hubspot.url}/files/v3/files", data=form) as answer:
            assert answer.status == 201
            file = (await answer.json())["id"]
        async with session.post(f"{hubspot.url}/files/v3/files", data={"options": "{}"}) as answer:
            assert answer.status == 415
    values = {"hs_timestamp": "2026-01-02T03:04:05Z", "hs_note_body": "photo", "hs_attachment_ids": file}
    kind = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 228}
    note = await created(hubspot, "/crm/v3/objects/notes", [{"to": {"id": ticket}, "types": [kind]}], **values)
    shown = await ask(hubspot, "GET", f"/crm/v3/objects/notes/{note}?properties=hs_timestamp,hs_attachment_ids")
    assert shown.json["properties"]["hs_timestamp"] == "2026-01-02T03:04:05.000Z"
    signed = await ask(hubspot, "GET", f"/files/v3/files/{file}/signed-url")
    assert (await call("GET", signed.json["url"])).json == b"png"
    assert len(hubspot.violations) == 1


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", TICKETS, {"properties": {"subject": "a"}}),
        ("POST", TICKETS, {"properties": {"hs_pipeline_stage": "1"}}),
        ("POST", TICKETS, {"properties": {**TICKET, "hs_priority": "HIGH"}}),
        ("POST", TICKETS, {"properties": {**TICKET, "hs_ticket_priority": "high"}}),
        ("POST", TICKETS, {"properties": {**TICKET, "hs_object_id": "1"}}),
        ("POST", TICKETS, {"properties": {**TICKET, "hs_pipeline_stage": 1}}),
        ("POST", TICKETS, {"properties": TICKET, "contact": "1"}),
        (
            "POST",
            TICKETS,
            {"properties": TICKET, "associations": [{"to": {"id": "1"}, "types": [{**TO_CONTACT, "associationTypeId": 15}]}]},
        ),
        ("POST", TICKETS, b"{"),
        ("POST", "/crm/v3/objects/notes", {"properties": {"hs_note_body": "no time"}}),
        ("POST", "/crm/v3/objects/notes", {"properties": {"hs_timestamp": "yesterday"}}),
        ("POST", "/crm/v3/objects/notes", {"properties": {"hs_timestamp": "1700000000000", "hs_attachment_ids": "7"}}),
        ("POST", "/crm/v3/objects/notes", {"properties": {"hs_timestamp": "1700000000000", "hs_note_body": "x" * 65_537}}),
        ("POST", "/crm/v3/objects/letters", {"properties": {}}),
        ("POST", f"{TICKETS}/search", since("now")),
        ("POST", f"{TICKETS}/search", since(1, limit=201)),
        ("POST", f"{TICKETS}/search", {"filterGroups": [{"filters": [{"propertyName": "subject", "operator": "LIKE"}]}]}),
        ("POST", f"{TICKETS}/search", {"filterGroups": [{"filters": [{"propertyName": "subject", "operator": "EQ"}]}]}),
        ("POST", f"{TICKETS}/search", {"sorts": [{"propertyName": "colour"}]}),
        ("POST", "/crm/v3/properties/tickets", {"name": "regia_id", "label": "Regia", "type": "string", "fieldType": "text"}),
        ("POST", "/crm/v3/properties/tickets", {**PROPERTY, "fieldType": "number"}),
        ("POST", "/crm/v3/properties/tickets", {**PROPERTY, "type": "enumeration", "fieldType": "select"}),
        ("POST", "/crm/v3/properties/tickets", {**PROPERTY, "groupName": "elsewhere"}),
        ("POST", TICKETS, {"properties": {**TICKET, "content": "x" * 65_537}}),
        ("GET", f"{TICKETS}?limit=101", None),
    ],
)
async def test_refuses(hubspot: FakeHubSpot, method: str, path: str, body: Any) -> None:
    answer = await ask(hubspot, method, path, body)
    assert (answer.status, answer.json["category"]) == (400, "VALIDATION_ERROR")
    assert (len(hubspot.violations), hubspot.tickets) == (1, {})


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/crm/v3/objects", 404), ("PUT", TICKETS, 405)])
async def test_refuses_other_calls(hubspot: FakeHubSpot, method: str, path: str, status: int) -> None:
    assert ((await ask(hubspot, method, path)).status, len(hubspot.violations)) == (status, 1)


async def test_what_depends_on_the_account_is_no_violation(hubspot: FakeHubSpot) -> None:
    wrong = await ask(hubspot, "GET", TICKETS, token="other")
    hubspot.scopes.discard("tickets")
    unscoped = await ask(hubspot, "GET", TICKETS)
    hubspot.scopes.add("tickets")
    missing = await ask(hubspot, "GET", f"{TICKETS}/99")
    stage = await ask(hubspot, "POST", TICKETS, {"properties": {**TICKET, "hs_pipeline_stage": "9"}})
    unknown = await ask(hubspot, "POST", TICKETS, {"properties": {**TICKET, "regia_id": "m-1"}})
    statuses = [answer.status for answer in (wrong, unscoped, missing, stage, unknown)]
    assert statuses == [401, 403, 404, 400, 400]
    assert [wrong.json["category"], unscoped.json["category"]] == ["INVALID_AUTHENTICATION", "MISSING_SCOPES"]
    assert "PROPERTY_DOESNT_EXIST" in unknown.json["message"]
    assert (hubspot.violations, len(hubspot.refused)) == ([], 5)


async def test_unique_values_conflict(hubspot: FakeHubSpot) -> None:
    first = await ask(hubspot, "POST", "/crm/v3/properties/tickets", {**PROPERTY, "hasUniqueValue": True})
    again = await ask(hubspot, "POST", "/crm/v3/properties/tickets", PROPERTY)
    shown = await ask(hubspot, "GET", "/crm/v3/properties/tickets/regia_id")
    assert (first.status, again.status, shown.json["hasUniqueValue"]) == (201, 409, True)
    ticket = await created(hubspot, regia_id="m-1")
    taken = await ask(hubspot, "POST", TICKETS, {"properties": {**TICKET, "regia_id": "m-1"}})
    assert (taken.status, "CONFLICTING_UNIQUE_VALUE" in taken.json["message"]) == (400, True)
    upsert = {"inputs": [{"idProperty": "regia_id", "id": "m-1", "properties": TICKET}]}
    (kept,) = (await ask(hubspot, "POST", f"{TICKETS}/batch/upsert", upsert)).json["results"]
    assert (kept["id"], kept["new"], len(hubspot.tickets)) == (ticket, False, 1)
    contact = await created(hubspot, CONTACTS, email="ada@example.com")
    twice = await ask(hubspot, "POST", CONTACTS, {"properties": {"email": "ADA@example.com"}})
    assert (twice.status, twice.json["message"]) == (409, f"Contact already exists. Existing ID: {contact}")
    assert hubspot.violations == []


async def test_links_later(hubspot: FakeHubSpot) -> None:
    ticket, contact = await created(hubspot), await created(hubspot, CONTACTS, email="ada@example.com")
    path = f"/crm/v4/objects/tickets/{ticket}/associations/contacts/{contact}"
    wrong = await ask(hubspot, "PUT", path, [{**TO_CONTACT, "associationTypeId": 26}])
    right = await ask(hubspot, "PUT", path, [TO_CONTACT])
    default = await ask(hubspot, "PUT", path.replace("associations/", "associations/default/"))
    assert (wrong.status, right.status, default.status, len(hubspot.violations)) == (400, 201, 200, 1)
    assert hubspot.linked(hubspot.tickets[ticket], "contacts") == [contact]


async def test_the_account_shows_itself(hubspot: FakeHubSpot) -> None:
    (pipeline,) = (await ask(hubspot, "GET", "/crm/v3/pipelines/tickets")).json["results"]
    assert [stage["metadata"]["ticketState"] for stage in pipeline["stages"]] == ["OPEN", "OPEN", "OPEN", "CLOSED"]
    owners = await ask(hubspot, "GET", "/crm/v3/owners?email=agent@example.com")
    assert (owners.json["results"][0]["id"], hubspot.violations) == ("77", [])


async def test_faults(hubspot: FakeHubSpot) -> None:
    hubspot.refuse_next(429, retry_after=3, on=f"POST {TICKETS}$")
    hubspot.drop_after_next(on=f"POST {TICKETS}$")
    assert (await ask(hubspot, "GET", TICKETS)).status == 200
    limited = await ask(hubspot, "POST", TICKETS, {"properties": TICKET})
    assert (limited.status, limited.headers["Retry-After"], limited.json["errorType"]) == (429, "3", "RATE_LIMIT")
    with pytest.raises(aiohttp.ClientError):
        await ask(hubspot, "POST", TICKETS, {"properties": TICKET})
    assert (len(hubspot.tickets), hubspot.violations) == (1, [])
