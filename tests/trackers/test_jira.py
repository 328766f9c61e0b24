"""`FakeJira` refuses what Jira refuses, in the shape of the API asked, and finds again what was created."""

from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.providers.asking import Answer, call
from tests.trackers.jira import FakeJira

REQUEST, SEARCH, ISSUE = "/rest/servicedeskapi/request", "/rest/api/3/search/jql", "/rest/api/3/issue"
UPLOAD = "/rest/servicedeskapi/servicedesk/4/attachTemporaryFile"
BODY = {
    "serviceDeskId": "4",
    "requestTypeId": "25",
    "requestFieldValues": {"summary": "Parcel missing", "description": "Where is it?"},
}


@pytest.fixture
async def jira() -> AsyncIterator[FakeJira]:
    async with FakeJira() as fake:
        yield fake


def authorised(fake: FakeJira, token: str = "") -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"{fake.email}:{token or fake.token}".encode()).decode()}


async def ask(fake: FakeJira, method: str, path: str, body: Any = None, token: str = "", **query: str) -> Answer:
    return await call(method, fake.url + path, body, authorised(fake, token), params=query)


async def created(fake: FakeJira, **more: Any) -> str:
    answer = await ask(fake, "POST", REQUEST, {**BODY, **more})
    assert answer.status == 201, answer.json
    return str(answer.json["issueKey"])


async def found(fake: FakeJira, jql: str, **more: Any) -> list[str]:
    answer = await ask(fake, "POST", SEARCH, {"jql": jql, "fields": ["status"], **more})
    assert answer.status == 200, answer.json
    return [row["key"] for row in answer.json["issues"]]


async def test_a_request_is_found_again(jira: FakeJira) -> None:
    customer = await ask(jira, "POST", "/rest/servicedeskapi/customer", {"email": "ada@example.org", "displayName": "Ada"})
    first = await created(jira, raiseOnBehalfOf=customer.json["accountId"])
    second = await created(jira)
    assert (await ask(jira, "PUT", f"{ISSUE}/{first}/properties/regia", {"id": "m-1"})).status == 201
    assert (await ask(jira, "PUT", f"{ISSUE}/{first}/properties/regia", {"id": "m-2"})).status == 200
    assert (await ask(jira, "GET", f"{ISSUE}/{first}/properties/regia")).json == {"key": "regia", "value": {"id": "m-2"}}
    assert (await ask(jira, "PUT", f"{ISSUE}/{second}", {"fields": {"labels": ["regia-m-3"]}})).status == 204
    assert await found(jira, "project = DESK AND labels = regia-m-3") == [second]
    assert await found(jira, f"reporter = '{customer.json['accountId']}' AND statusCategory != Done") == [first]
    assert await found(jira, 'text ~ "where parcel" AND created >= -5m ORDER BY created ASC') == [first, second]
    assert await found(jira, f"key in ({first}, {second}) AND NOT (status = 'Resolved' OR labels is not EMPTY)") == [first]
    shown = await ask(jira, "GET", SEARCH, jql="project = DESK", properties="regia", fields="summary", maxResults="1")
    assert (shown.json["isLast"], shown.json["issues"][0]["fields"]) == (False, {"summary": "Parcel missing"})
    rest = await ask(jira, "GET", SEARCH, jql="project = DESK", properties="regia", nextPageToken=shown.json["nextPageToken"])
    assert (rest.json["isLast"], rest.json["issues"][0]["properties"]) == (True, {"regia": {"id": "m-2"}})
    bare = await ask(jira, "POST", SEARCH, {"jql": "project = DESK"})
    assert ([sorted(row) for row in bare.json["issues"]], jira.violations) == ([["id"], ["id"]], [])


async def test_the_agent_is_seen(jira: FakeJira) -> None:
    customer = jira.add_person("Ada", "ada@example.org")["accountId"]
    key = await created(jira, raiseOnBehalfOf=customer)
    began = jira.issues[key].updated_ms
    jira.agent_answers(key, "On its way", {"label.pdf": b"pdf"})
    jira.agent_notes(key, "Ask the depot")
    jira.customer_writes(key, "Thanks")
    jira.assigns(key)
    assert await found(jira, f"updated > {began} AND assignee is not EMPTY") == [key]
    listed = await ask(jira, "GET", f"{REQUEST}/{key}/comment", expand="attachment")
    comments = listed.json["values"]
    assert [(row["author"]["displayName"], row["public"]) for row in comments] == [
        ("Ada Agent", True),
        ("Ada Agent", False),
        ("Ada", True),
    ]
    (file,) = comments[0]["attachments"]["values"]
    got = await call("GET", file["_links"]["content"], headers=authorised(jira))
    assert (got.json, jira.mails) == (b"pdf", [("ada@example.org", "On its way")])
    public = await ask(jira, "GET", f"{REQUEST}/{key}/comment", internal="false", start="1", limit="1")
    assert ([row["body"] for row in public.json["values"]], public.json["isLastPage"]) == (["Thanks"], True)
    jira.closes(key)
    shown = await ask(jira, "GET", f"{REQUEST}/{key}")
    assert (shown.json["currentStatus"]["status"], shown.json["currentStatus"]["statusCategory"]) == ("Resolved", "DONE")
    jira.reopens(key)
    assert (jira.issues[key].status, jira.violations) == ("10001", [])


async def test_transitions_lead_on(jira: FakeJira) -> None:
    key = await created(jira)
    listed = await ask(jira, "GET", f"{ISSUE}/{key}/transitions")
    done = [row["id"] for row in listed.json["transitions"] if row["to"]["statusCategory"]["key"] == "done"]
    moved = await ask(jira, "POST", f"{ISSUE}/{key}/transitions", {"transition": {"id": done[0]}})
    again = await ask(jira, "POST", f"{ISSUE}/{key}/transitions", {"transition": {"id": done[0]}})
    assert (moved.status, again.status, jira.issues[key].status, jira.violations) == (204, 400, "5", [])
    assert (await ask(jira, "PUT", f"{ISSUE}/{key}/assignee", {"accountId": jira.agent})).status == 204
    shown = await ask(jira, "GET", f"{ISSUE}/{key}", fields="status,assignee")
    assert (shown.json["fields"]["status"]["name"], shown.json["fields"]["assignee"]["accountId"]) == ("Resolved", jira.agent)


async def test_the_customer_has_transitions_too(jira: FakeJira) -> None:
    key = await created(jira)
    listed = await ask(jira, "GET", f"{REQUEST}/{key}/transition")
    assert [row["id"] for row in listed.json["values"]] == ["761"]
    hidden = await ask(jira, "POST", f"{REQUEST}/{key}/transition", {"id": "851"})
    moved = await ask(jira, "POST", f"{REQUEST}/{key}/transition", {"id": "761", "additionalComment": {"body": "done"}})
    status = await ask(jira, "GET", f"{REQUEST}/{key}/status")
    assert (hidden.status, moved.status, status.json["values"][0]["statusCategory"]) == (400, 204, "DONE")
    files = await ask(jira, "GET", f"{REQUEST}/{key}/comment/{jira.issues[key].comments[0].id}/attachment")
    assert (files.json["values"], jira.violations) == ([], [])


async def test_files_come_in_two_steps(jira: FakeJira) -> None:
    key = await created(jira)
    form = aiohttp.FormData()
    form.add_field("file", b"png", filename="a.png", content_type="image/png")
    async with aiohttp.ClientSession(headers=authorised(jira)) as session:
        async with session.post(jira.url + UPLOAD, data=form, headers={"X-Atlassian-Token": "no-check"}) as answer:
            (made,) = (await answer.json())["temporaryAttachments"]
        async with session.post(jira.url + UPLOAD, data={"file": "x"}) as answer:
            assert answer.status == 403
    body = {"temporaryAttachmentIds": [made["temporaryAttachmentId"]], "public": True, "additionalComment": {"body": "photo"}}
    first, again = [await ask(jira, "POST", f"{REQUEST}/{key}/attachment", body) for _ in range(2)]
    assert (first.status, again.status, jira.issues[key].comments[0].body) == (201, 400, "photo\n[^a.png]")
    (file,) = (await ask(jira, "GET", f"{REQUEST}/{key}/attachment")).json["values"]
    assert (file["filename"], file["mimeType"], len(jira.violations)) == ("a.png", "image/png", 1)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", REQUEST, {**BODY, "requestFieldValues": {"description": "no summary"}}, 400),
        ("POST", REQUEST, {**BODY, "requestFieldValues": {"summary": "a", "colour": "red"}}, 400),
        ("POST", REQUEST, {**BODY, "requestFieldValues": {"summary": "a\nb"}}, 400),
        ("POST", REQUEST, {**BODY, "serviceDeskId": 4}, 400),
        ("POST", REQUEST, {**BODY, "priority": "high"}, 400),
        ("POST", f"{REQUEST}/DESK-1/comment", {"body": ""}, 400),
        ("POST", f"{REQUEST}/DESK-1/comment", {"body": "a", "internal": True}, 400),
        ("POST", f"{ISSUE}/DESK-1/transitions", {"transition": {"id": 5}}, 400),
        ("PUT", f"{ISSUE}/DESK-1/properties/regia", b"", 400),
        ("POST", SEARCH, {"jql": ""}, 400),
        ("POST", SEARCH, {"jql": "ORDER BY created"}, 400),
        ("POST", SEARCH, {"jql": "project = DESK", "startAt": 0}, 400),
        ("POST", SEARCH, {"jql": "issue.property[regia].id = 'm-1'"}, 400),
        ("POST", SEARCH, {"jql": "updated >= '2026-01-02T03:04:05Z'"}, 400),
        ("POST", SEARCH, {"jql": "project = DESK labels = a"}, 400),
        ("POST", SEARCH, {"jql": "project = "}, 400),
        ("GET", "/rest/api/3/search?jql=project=DESK", None, 410),
        ("GET", "/rest/servicedeskapi/queue", None, 404),
        ("DELETE", f"{ISSUE}/DESK-1", None, 405),
    ],
)
async def test_refuses(jira: FakeJira, method: str, path: str, body: Any, status: int) -> None:
    answer = await ask(jira, method, path, body)
    assert (answer.status, len(jira.violations), jira.issues) == (status, 1, {}), jira.violations
    assert ("errorMessages" in answer.json) == path.startswith("/rest/api/")


async def test_what_depends_on_the_site_is_no_violation(jira: FakeJira) -> None:
    wrong = await ask(jira, "GET", SEARCH, token="other", jql="project = DESK")
    missing = await ask(jira, "POST", f"{REQUEST}/DESK-9/comment", {"body": "a"})
    kind = await ask(jira, "POST", REQUEST, {**BODY, "requestTypeId": "9"})
    person = await ask(jira, "POST", REQUEST, {**BODY, "raiseOnBehalfOf": "qm:nobody"})
    custom = await ask(jira, "POST", REQUEST, {**BODY, "requestFieldValues": {"summary": "a", "customfield_10050": "m-1"}})
    again = await ask(jira, "POST", "/rest/servicedeskapi/customer", {"email": "agent@example.com", "displayName": "A"})
    assert [answer.status for answer in (wrong, missing, kind, person, custom, again)] == [401, 404, 404, 400, 400, 400]
    assert (jira.violations, len(jira.refused), jira.issues) == ([], 6, {})


async def test_search_knows_apps_times_and_its_lag(jira: FakeJira) -> None:
    jira.request_types["25"]["customfield_10050"] = False
    jira.indexed_properties.add("issue.property[regia].id")
    values = {"summary": "a", "customfield_10050": "m-1"}
    key = await created(jira, requestFieldValues=values)
    await ask(jira, "PUT", f"{ISSUE}/{key}/properties/regia", {"id": "m-1"})
    assert await found(jira, 'issue.property[regia].id = "m-1" AND cf[10050] ~ "m-1"') == [key]
    jira.clock, jira.zone = (lambda: 1_767_323_045.0), "Europe/Berlin"  # 2026-01-02T03:04:05Z
    jira.issues[key].updated_ms = 1_767_323_045_000
    assert await found(jira, 'updated >= "2026-01-02 04:04"') == [key]
    assert await found(jira, 'updated >= "2026/01/02 04:05"') == []
    jira.indexing_s = 30
    assert await found(jira, "project = DESK") == []
    assert await found(jira, "project = DESK", reconcileIssues=[int(jira.issues[key].id)]) == [key]
    assert jira.violations == []


async def test_the_site_shows_itself(jira: FakeJira) -> None:
    desks, types = [(await ask(jira, "GET", f"/rest/servicedeskapi/servicedesk{path}")).json for path in ("", "/4/requesttype")]
    fields = await ask(jira, "GET", "/rest/servicedeskapi/servicedesk/4/requesttype/25/field")
    assert (desks["values"][0]["projectKey"], types["values"][0]["id"]) == ("DESK", "25")
    assert [row["fieldId"] for row in fields.json["requestTypeFields"] if row["required"]] == ["summary"]
    me = await ask(jira, "GET", "/rest/api/3/myself")
    people = await ask(jira, "GET", "/rest/api/3/user/search", query="agent@")
    assert (me.json["timeZone"], [row["accountId"] for row in people.json]) == ("UTC", [jira.agent])
    member = await ask(jira, "POST", "/rest/servicedeskapi/servicedesk/4/customer", {"accountIds": [jira.agent]})
    assert (member.status, jira.violations) == (204, [])


async def test_faults(jira: FakeJira) -> None:
    jira.refuse_next(429, retry_after=5, on="POST /rest/servicedeskapi/request$")
    jira.drop_after_next(on="POST /rest/servicedeskapi/request$")
    limited = await ask(jira, "POST", REQUEST, BODY)
    assert (limited.status, limited.headers["Retry-After"]) == (429, "5")
    with pytest.raises(aiohttp.ClientError):
        await ask(jira, "POST", REQUEST, BODY)
    assert (await found(jira, "project = DESK"), jira.violations) == (["DESK-1"], [])
