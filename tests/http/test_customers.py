"""Customers over HTTP: what is seen, what is done, who may, and what is never told."""

import io
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import select

from identity.people import Identified
from identity.refusals import REASONS
from regia.gateway import Gateway
from storage import schema
from tests.contacts import email, message, phone, user
from tests.http.served import ALL, SITE, VIEWER, Client
from tests.http.test_endpoints import log, refusal
from tests.identity.batches import identify

__all__ = ["log"]

ANNA = "anna@example.it"
_READS = ("", "/timeline", "/audit")


class People:
    """Who writes in these tests: Anna by her verified address, and somebody on the phone who says it is hers."""

    def __init__(self, gateway: Gateway) -> None:
        self.database = gateway.stores.database

    async def __call__(self, name: str, *arguments: Any, **more: Any) -> Identified:
        (found,) = await identify(self.database, message(name, *arguments, **more))
        return found

    async def rows(self, table: Any) -> list[dict[str, Any]]:
        found = await self.database.read(lambda connection: connection.execute(select(table)).mappings().all())
        return [dict(row) for row in found]


@pytest.fixture
def people(client: Client, gateway: Gateway) -> People:
    return People(gateway)


async def get(client: Client, path: str, headers: dict[str, str] = VIEWER) -> Any:
    answer = await client.get(path, headers=headers)
    assert answer.status == 200, await answer.text()
    return await answer.json()


async def post(client: Client, path: str, body: Any = None, method: str = "POST") -> Any:
    answer = await client.request(method, path, json=body, headers=SITE)
    assert answer.status == 200, await answer.text()
    return await answer.json()


# What is seen


async def test_by_address(client: Client, people: People) -> None:
    owner = await people("m1", email(ANNA, verified=True), sender_name="Anna Bianchi")
    claim = await people("m2", email(ANNA))
    found = await get(client, f"/v1/customers?kind=email&value={quote('Anna@Example.it')}")
    assert (found["kind"], found["value"], found["past"]) == ("email", ANNA, [])
    (verified,), (claimed,) = found["verified"], found["claimed"]
    assert verified["customer"] == {
        "id": owner.customer.id, "space": "demo", "standing": "verified", "name": "Anna Bianchi",
    }  # fmt: skip
    assert (verified["since"], verified["ended"], verified["proof"]) == ("2026-11-21T18:00:00.000Z", None, "verified")
    assert (claimed["customer"]["id"], claimed["proof"]) == (claim.customer.id, "claimed")
    assert (await get(client, f"/v1/customers?kind=email&value={ANNA}&brand=other"))["verified"] == []
    number = await people("m3", phone("+41791234567"))
    for query in ("value=%2B41%2079%20123%2045%2067", "value=079%20123%2045%2067&region=CH"):
        (one,) = (await get(client, f"/v1/customers?kind=phone&{query}"))["verified"]
        assert one["customer"]["id"] == number.customer.id


async def test_a_customer_with_everything(client: Client, people: People) -> None:
    one = await people("m1", phone(), sender_name="Anna", language="it")
    await people("m2", user(), claims=[phone()], hours=1)
    data = await get(client, f"/v1/customers/{one.customer.id}")
    assert (data["id"], data["merged_into"], data["name"], data["messages"]) == (one.customer.id, None, "Anna", 1)
    assert data["facts"][0] == {
        "field": "name", "source": "connector", "value": "Anna", "at": "2026-11-21T18:00:00.000Z", "wins": True,
    }  # fmt: skip
    assert [link["value"] for link in data["links"]] == [phone().value]
    assert [why["reason"] for entry in data["suggestions"] for why in entry["why"]] == ["same_claim"]
    assert data["below"] == []


async def test_the_timeline_in_pages(client: Client, people: People) -> None:
    first = await people("m0", phone())
    for number in range(1, 5):
        await people(f"m{number}", phone(), hours=number, channel="email" if number % 2 else "sms")
    path = f"/v1/customers/{first.customer.id}/timeline"
    page = await get(client, f"{path}?limit=3")
    assert [one["snippet"] for one in page["messages"]] == ["Testo di m4", "Testo di m3", "Testo di m2"]
    rest = await get(client, f"{path}?limit=3&cursor={page['cursor']}")
    assert [one["snippet"] for one in rest["messages"]] == ["Testo di m1", "Testo di m0"]
    assert rest["cursor"] is None
    some = await get(client, f"{path}?since=2026-11-21T19:00:00Z&until=2026-11-21T23:00:00%2B02:00&channel=sms")
    assert [one["snippet"] for one in some["messages"]] == ["Testo di m2"]
    assert [one["at"] for one in some["messages"]] == ["2026-11-21T20:00:00.000Z"]


# What is done


async def test_facts_are_set_and_taken_back(client: Client, people: People) -> None:
    one = await people("m1", phone(), sender_name="anna82")
    path = f"/v1/customers/{one.customer.id}"
    body = {"source": "agent", "name": "Anna Bianchi", "language": "it", "tier": "gold", "tags": ["vip"], "crm_id": "C-1"}
    done = await post(client, path, body, "PATCH")
    assert (done["customer"], done["changed"]) == (one.customer.id, ["name", "language", "tier", "tags", "crm_id"])
    assert (done["crm"]["outcome"], done["crm"]["customer"]) == ("linked", one.customer.id)
    assert await post(client, path, body, "PATCH") == {"customer": one.customer.id, "changed": [], "crm": None}
    data = await get(client, path)
    assert [data[name] for name in ("name", "tier", "tags", "crm_id")] == ["Anna Bianchi", "gold", ["vip"], "C-1"]
    other = await client.patch(path, json={"crm_id": "C-2"}, headers=SITE)
    assert "take that back first" in (await refusal(other, 409, "crm_conflict"))["detail"]
    assert (await post(client, path, {"source": "agent", "name": None, "crm_id": None}, "PATCH"))["changed"] == [
        "name",
        "crm_id",
    ]
    data = await get(client, path)
    assert (data["name"], data["crm_id"]) == ("anna82", None)
    acts = (await get(client, f"{path}/audit"))["acts"]
    assert {act["actor"] for act in acts if act["action"] != "linked" or act["actor"] != "rule"} == {"token/site"}


async def test_merged_seen_and_unmerged(client: Client, people: People) -> None:
    a, b = await people("m1", phone()), await people("m2", user(), hours=1)
    paths = [f"/v1/customers/{one.customer.id}" for one in (a, b)]
    done = await post(client, f"{paths[0]}/merge", {"with": b.customer.id, "top": b.customer.id})
    assert done["customer"] == b.customer.id
    again = await client.post(f"{paths[0]}/merge", json={"with": b.customer.id}, headers=SITE)
    await refusal(again, 409, "same_customer")
    seen = await get(client, paths[0])
    assert (seen["id"], seen["merged_into"]) == (b.customer.id, b.customer.id)
    assert [(one["id"], one["act"], one["actor"]) for one in seen["below"]] == [(a.customer.id, done["act"], "token/site")]
    for path in paths:
        assert len((await get(client, f"{path}/timeline"))["messages"]) == 2
    undone = await post(client, f"{paths[0]}/unmerge")
    assert undone["customer"] == a.customer.id
    await refusal(await client.post(f"{paths[0]}/unmerge", headers=SITE), 409, "not_merged")
    acts = await get(client, f"{paths[0]}/audit?limit=1")
    assert [act["id"] for act in acts["acts"]] == [undone["act"]]
    earlier = await get(client, f"{paths[0]}/audit?limit=1&cursor={acts['cursor']}")
    assert [act["id"] for act in earlier["acts"]] == [done["act"]]


async def test_an_address_is_let_go(client: Client, people: People) -> None:
    a, b = await people("m1", phone()), await people("m2", user())
    path = f"/v1/customers/{a.customer.id}/links/{a.handle_id}/release"
    strange = await client.post(path.replace(a.customer.id, b.customer.id), headers=SITE)
    await refusal(strange, 404, "unknown_link")
    assert await post(client, path) == {"customer": a.customer.id, "link": a.handle_id}
    await refusal(await client.post(path, headers=SITE), 409, "link_ended")
    (past,) = (await get(client, f"/v1/customers?kind=phone&value={quote(phone().value)}"))["past"]
    assert (past["customer"]["id"], past["ended_by"]) == (a.customer.id, "released")


async def test_suggestions_are_decided(client: Client, people: People) -> None:
    owner = await people("m0", email(ANNA, verified=True))
    for number in (1, 2):
        await people(f"m{number}", phone(f"+39000000000{number}"), claims=[email(ANNA)], hours=number)
    page = await get(client, "/v1/suggestions?brand=demo&reason=same_claim&limit=1")
    (first,) = page["suggestions"]
    done = await post(client, f"/v1/suggestions/{first['id']}/accept")
    assert done["customer"] == owner.customer.id
    again = await client.post(f"/v1/suggestions/{first['id']}/reject", headers=SITE)
    await refusal(again, 409, "decided_already")
    others = (await get(client, "/v1/suggestions"))["suggestions"]
    for one in others:
        assert await post(client, f"/v1/suggestions/{one['id']}/reject") == {"rejected": True}
    assert await get(client, "/v1/suggestions") == {"suggestions": [], "cursor": None}
    assert len((await get(client, "/v1/suggestions?state=rejected"))["suggestions"]) == len(others) > 0


# Who may, and what is refused


async def test_scopes(client: Client, people: People) -> None:
    one = await people("m1", phone())
    path = f"/v1/customers/{one.customer.id}"
    reads = [*(f"{path}{more}" for more in _READS), "/v1/suggestions", "/v1/customers?kind=phone&value=%2B393331234567"]
    for read in reads:
        for headers, status in ((VIEWER, 200), (SITE, 200), (ALL, 403), ({}, 401)):
            assert (await client.get(read, headers=headers)).status == status, (read, status)
    acts = [
        ("PATCH", path), ("POST", f"{path}/merge"), ("POST", f"{path}/unmerge"), ("POST", f"{path}/links/x/release"),
        ("POST", "/v1/suggestions/x/accept"), ("POST", "/v1/suggestions/x/reject"),
    ]  # fmt: skip
    for method, act in acts:
        for headers in (VIEWER, ALL):
            await refusal(await client.request(method, act, json={"with": "x"}, headers=headers), 403, "scope_missing")


REFUSED: list[tuple[str, str, Any, int, str, set[str]]] = [
    ("GET", "/v1/customers", None, 400, "malformed", set()),
    ("GET", "/v1/customers?kind=email", None, 400, "malformed", set()),
    ("GET", "/v1/customers?kind=E-Mail&value=secret@x.it", None, 400, "malformed", set()),
    ("GET", "/v1/customers?kind=email&value=secret", None, 400, "invalid_fields", {"value"}),
    ("GET", "/v1/customers?kind=phone&value=3331234567&region=Italy", None, 400, "malformed", set()),
    ("GET", "/v1/customers?kind=phone&value=3331234567&region=XX", None, 400, "invalid_fields", {"value"}),
    ("GET", "/v1/customers?kind=crm&value=%00", None, 400, "invalid_fields", {"value"}),
    ("GET", "/v1/customers/secret", None, 404, "unknown_customer", set()),
    ("GET", "/v1/customers/%00", None, 404, "unknown_customer", set()),
    ("GET", "/v1/customers/secret/timeline", None, 404, "unknown_customer", set()),
    ("GET", "/v1/customers/cus_1/timeline?cursor=secret", None, 400, "malformed", set()),
    ("GET", "/v1/customers/cus_1/timeline?limit=0", None, 400, "malformed", set()),
    ("GET", "/v1/customers/cus_1/timeline?limit=201", None, 400, "malformed", set()),
    ("GET", "/v1/customers/cus_1/timeline?since=secret", None, 400, "malformed", set()),
    ("GET", "/v1/customers/secret/audit", None, 404, "unknown_customer", set()),
    ("PATCH", "/v1/customers/secret", {"name": "Secret"}, 404, "unknown_customer", set()),
    ("PATCH", "/v1/customers/cus_1", {"name": 7}, 400, "invalid_fields", {"name"}),
    ("PATCH", "/v1/customers/cus_1", {"source": "import"}, 400, "invalid_fields", {"source"}),
    ("PATCH", "/v1/customers/cus_1", {"surname": "Secret"}, 400, "invalid_fields", {"surname"}),
    ("PATCH", "/v1/customers/cus_1", {"language": "secret", "name": "s" * 201}, 400, "invalid_fields", {"language", "name"}),
    ("PATCH", "/v1/customers/cus_1", [], 400, "malformed", set()),
    ("POST", "/v1/customers/cus_1/merge", {}, 400, "invalid_fields", {"with"}),
    ("POST", "/v1/customers/cus_1/merge", {"with": "\0"}, 400, "invalid_fields", {"with"}),
    ("POST", "/v1/customers/cus_1/merge", {"with": "secret"}, 404, "unknown_customer", set()),
    ("POST", "/v1/customers/cus_1/merge", {"with": "cus_1"}, 409, "same_customer", set()),
    ("POST", "/v1/customers/cus_1/merge", {"with": "cus_2", "top": "secret"}, 404, "unknown_customer", set()),
    ("POST", "/v1/customers/cus_1/merge", {"with": "cus_3"}, 409, "other_brand", set()),
    ("POST", "/v1/customers/secret/unmerge", None, 404, "unknown_customer", set()),
    ("POST", "/v1/customers/cus_1/unmerge", None, 409, "not_merged", set()),
    ("POST", "/v1/customers/cus_1/links/secret/release", None, 404, "unknown_link", set()),
    ("GET", "/v1/suggestions?reason=secret", None, 400, "malformed", set()),
    ("GET", "/v1/suggestions?state=secret", None, 400, "malformed", set()),
    ("GET", "/v1/suggestions?cursor=secret", None, 400, "malformed", set()),
    ("POST", "/v1/suggestions/secret/accept", None, 404, "unknown_suggestion", set()),
    ("POST", "/v1/suggestions/secret/reject", None, 404, "unknown_suggestion", set()),
]


async def test_what_is_refused_says_why_and_quotes_nothing(client: Client, people: People, log: io.StringIO) -> None:
    from tests.customers import add_customer

    for number, space in ((1, "demo"), (2, "demo"), (3, "other")):
        await people.database.write(lambda connection, n=number, s=space: add_customer(connection, f"cus_{n}", space=s))  # type: ignore[misc]
    before = await people.rows(schema.customers)
    for method, path, body, status, code, fields in REFUSED:
        given = await client.request(method, path, json=body, headers=SITE)
        said, data = await given.text(), await refusal(given, status, code)
        assert set(data.get("fields", {})) == fields, (path, body)
        assert "secret" not in said.lower(), (path, said)
    assert await people.rows(schema.customers) == before
    assert await people.rows(schema.audit) == []
    assert "secret" not in log.getvalue().lower()


def test_every_refusal_of_identity_is_a_code() -> None:
    from connectors.errors import REJECTIONS

    assert {reason: REJECTIONS[reason] for reason in REASONS} == {
        reason: 404 if reason.startswith("unknown_") else 409 for reason in REASONS
    }
