"""Proofs over HTTP: what programs ask and answer, what the page behind a link shows, and what neither ever tells."""

import asyncio
import io
import re
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Connection, select, text, update

from regia.gateway import Gateway
from storage.coordination import CoordinationUnavailable
from storage.database import DatabaseUnavailable
from storage.schema import challenges, customers, handles, outgoing
from tests.customers import add_customer
from tests.http.served import ALL, SITE, Client
from tests.http.test_endpoints import log, refusal

__all__ = ["log"]

ANNA = {"kind": "email", "value": "Anna@Example.it"}
HOUR = 3_600_000
PROOFS, LINKS = "/v1/customers/cus_1/proofs", "/v1/customers/cus_1/links"


@pytest.fixture(autouse=True)
async def people(client: Client, gateway: Gateway) -> None:
    def work(connection: Connection) -> None:
        for number in range(1, 5):
            add_customer(connection, f"cus_{number}", standing="verified", first_seen_ms=number)

    await gateway.stores.database.write(work)


async def ask(client: Client, gateway: Gateway, method: str = "code", **more: Any) -> tuple[str, str]:
    """A proof's id, and the secret as it is in its message."""
    answer = await client.post(PROOFS, json={"handle": ANNA, "method": method, **more}, headers=SITE)
    assert answer.status == 202, await answer.text()
    data = await answer.json()
    return data["id"], await secret_of(gateway, data["id"], method)


async def secret_of(gateway: Gateway, id_: str, method: str = "code") -> str:
    query = select(outgoing.c.text).where(outgoing.c.author == f"challenge/{id_}")
    words = await gateway.stores.database.read(lambda connection: connection.execute(query).scalar_one())
    found = re.search(r"\b([0-9]{6})\b" if method == "code" else r"https://regia\.example(/proof/\S+)", words)
    assert found
    return found[1]


async def answer(client: Client, id_: str, code: str) -> Any:
    return await client.post(f"/v1/proofs/{id_}", json={"code": code}, headers=SITE)


async def links(gateway: Gateway) -> list[tuple[str, ...]]:
    query = select(handles.c.customer_id, handles.c.kind, handles.c.value, handles.c.proof, handles.c.evidence)
    rows = await gateway.stores.database.read(lambda connection: connection.execute(query.order_by(handles.c.id)).all())
    return [tuple(row) for row in rows]


async def change(gateway: Gateway, **values: Any) -> None:
    await gateway.stores.database.write(lambda connection: connection.execute(update(challenges).values(**values)))


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


# Programs


async def test_a_code_is_asked_and_answered(client: Client, gateway: Gateway) -> None:
    given = await client.post(PROOFS, json={"handle": ANNA}, headers=SITE)
    data = await given.json()
    assert (given.status, data.keys()) == (202, {"id", "expires_at"})
    assert 590 < (datetime.fromisoformat(data["expires_at"]) - datetime.now().astimezone()).total_seconds() <= 600
    code = await secret_of(gateway, data["id"])
    assert code not in await given.text()
    done = await answer(client, data["id"], f"{code[:3]} {code[3:]}")
    said = await done.json()
    assert (done.status, said["customer"], said["outcome"], said["guard"]) == (200, "cus_1", "linked", None)
    assert await links(gateway) == [("cus_1", "email", "anna@example.it", "verified", f"challenge/{data['id']}")]


async def test_who_has_the_address_already_is_merged(client: Client, gateway: Gateway) -> None:
    for customer, outcome in (("cus_1", "linked"), ("cus_2", "merged"), ("cus_2", "known")):
        given = await client.post(f"/v1/customers/{customer}/proofs", json={"handle": ANNA}, headers=SITE)
        id_ = (await given.json())["id"]
        said = await (await answer(client, id_, await secret_of(gateway, id_))).json()
        assert (said["customer"], said["outcome"]) == ("cus_1", outcome)


async def test_the_answer_is_the_same_for_known_and_unknown_addresses(client: Client, gateway: Gateway) -> None:
    """Whether an address is ours, another customer's or nobody's cannot be asked here."""
    id_, code = await ask(client, gateway)
    await answer(client, id_, code)
    told = []
    for customer, value in (("cus_1", "anna@example.it"), ("cus_2", "anna@example.it"), ("cus_3", "nobody.here@example.it")):
        body = {"handle": {"kind": "email", "value": value}}
        given = await client.post(f"/v1/customers/{customer}/proofs", json=body, headers=SITE)
        data = await given.json()
        told.append((given.status, sorted(data), len(data["id"]), sorted(given.headers)))
    assert told[0] == told[1] == told[2]


async def test_a_wrong_code_is_counted_and_the_fifth_is_the_last(client: Client, gateway: Gateway) -> None:
    id_, code = await ask(client, gateway)
    for _ in range(5):
        await refusal(await answer(client, id_, wrong(code)), 403, "wrong_code")
    await refusal(await answer(client, id_, code), 410, "too_many_attempts")
    assert await links(gateway) == []


async def test_guesses_at_the_same_time_are_five_too(client: Client, gateway: Gateway) -> None:
    id_, code = await ask(client, gateway)
    given = await asyncio.gather(*(answer(client, id_, wrong(code)) for _ in range(12)))
    assert sorted(one.status for one in given) == [403] * 5 + [410] * 7


async def test_two_right_answers_at_the_same_time_link_once(client: Client, gateway: Gateway) -> None:
    id_, code = await ask(client, gateway)
    given = await asyncio.gather(*(answer(client, id_, code) for _ in range(6)))
    assert sorted(one.status for one in given) == [200] + [409] * 5
    assert len(await links(gateway)) == 1


async def test_a_code_is_good_once_for_a_time_and_for_its_own_proof(client: Client, gateway: Gateway) -> None:
    id_, code = await ask(client, gateway)
    other, _ = await ask(client, gateway)
    if await secret_of(gateway, other) != code:
        await refusal(await answer(client, other, code), 403, "wrong_code")
    assert (await answer(client, id_, code)).status == 200
    await refusal(await answer(client, id_, code), 409, "already_used")
    await change(gateway, expires_ms=1)
    await refusal(await answer(client, other, code), 410, "expired")
    await refusal(await answer(client, "chl_00000000000000000000000000", code), 404, "unknown_challenge")
    await refusal(await answer(client, "%00", code), 404, "unknown_challenge")


async def test_an_address_is_not_filled(client: Client, gateway: Gateway) -> None:
    """By whomever it is asked, and however it is written."""
    spellings = ["anna@example.it", "anna+1@example.it", "ANNA+x@example.it", "anna+y@example.it"]
    for number, value in enumerate(spellings):
        body = {"handle": {"kind": "email", "value": value}}
        given = await client.post(f"/v1/customers/cus_{number + 1}/proofs", json=body, headers=SITE)
        if number < 3:
            assert given.status == 202
        else:
            await refusal(given, 429, "too_many_asked")
            assert 3590 < int(given.headers["Retry-After"]) <= 3600
    sent = await gateway.stores.database.read(lambda connection: connection.execute(select(outgoing.c.id)).all())
    assert len(sent) == 3


async def test_a_persons_word(client: Client, gateway: Gateway) -> None:
    body = {"handle": {"kind": "phone", "value": "+39 333 1234567"}, "reason": "showed her identity card"}
    done = await client.post(LINKS, json=body, headers=SITE)
    said = await done.json()
    assert (done.status, said["customer"], said["outcome"]) == (200, "cus_1", "linked")
    assert await links(gateway) == [("cus_1", "phone", "+393331234567", "agent", "token/site: showed her identity card")]
    other = await client.post("/v1/customers/cus_2/links", json=body, headers=SITE)
    assert (await other.json())["outcome"] == "merged"


KELVIN = {"kind": "email", "value": "\u212aevin@example.it"}
REFUSED: list[tuple[str, Any, int, str, str]] = [
    ("/v1/customers/cus_none/proofs", {"handle": ANNA}, 404, "unknown_customer", ""),
    ("/v1/customers/%00/proofs", {"handle": ANNA}, 404, "unknown_customer", ""),
    ("/v1/customers/cus_none/links", {"handle": ANNA, "reason": "x"}, 404, "unknown_customer", ""),
    ("/v1/customers/%00/links", {"handle": ANNA, "reason": "x"}, 404, "unknown_customer", ""),
    (PROOFS, {"handle": {"kind": "phone", "value": "+393331234567"}}, 409, "cannot_send", ""),
    (PROOFS, {"handle": {"kind": "line_user", "value": "7"}}, 409, "cannot_send", ""),
    (PROOFS, {"handle": {"kind": "email", "value": "info@example.it"}}, 409, "shared_handle", ""),
    (LINKS, {"handle": {"kind": "email", "value": "info@example.it"}, "reason": "x"}, 409, "shared_handle", ""),
    (PROOFS, {"handle": {"kind": "email", "value": "anna"}}, 400, "invalid_fields", "handle.value"),
    (PROOFS, {"handle": KELVIN}, 400, "invalid_fields", "handle.value"),
    (
        LINKS,
        {"handle": KELVIN, "reason": "x"},
        400,
        "invalid_fields",
        "handle.value",
    ),
    (PROOFS, {"handle": {"kind": "phone", "value": "333 1234567"}}, 400, "invalid_fields", "handle.value"),
    (PROOFS, {"handle": {"kind": "email"}}, 400, "invalid_fields", "handle.value"),
    (PROOFS, {"handle": ANNA, "method": "sms"}, 400, "invalid_fields", "method"),
    (PROOFS, {"handle": ANNA, "language": "italiano"}, 400, "invalid_fields", "language"),
    (PROOFS, {"handle": ANNA, "to": "eva@example.it"}, 400, "invalid_fields", "to"),
    (LINKS, {"handle": ANNA}, 400, "invalid_fields", "reason"),
    (LINKS, {"handle": ANNA, "reason": " "}, 400, "invalid_fields", "reason"),
    (LINKS, {"handle": ANNA, "reason": "x" * 201}, 400, "invalid_fields", "reason"),
    ("/v1/proofs/chl_1", {"code": 123456}, 400, "invalid_fields", "code"),
    ("/v1/proofs/chl_1", {"code": ""}, 400, "invalid_fields", "code"),
    ("/v1/proofs/chl_1", {"code": "1" * 101}, 400, "invalid_fields", "code"),
    ("/v1/proofs/chl_1", [], 400, "malformed", ""),
    ("/v1/proofs/chl_1", {"code": "1" * 20_000}, 413, "too_large", ""),
]


async def test_what_is_refused_says_why_and_quotes_nothing(client: Client, gateway: Gateway) -> None:
    for path, body, status, code, field in REFUSED:
        given = await client.post(path, json=body, headers=SITE)
        said, data = await given.text(), await refusal(given, status, code)
        assert (field in data.get("fields", {})) is bool(field), (path, body)
        assert not any(value in said for value in ("Anna@Example.it", "123456", "info@example.it", "333 1234567"))
    assert await links(gateway) == []


async def test_bodies_are_json_and_callers_have_the_scope(client: Client) -> None:
    for path in (PROOFS, LINKS, "/v1/proofs/chl_1"):
        await refusal(await client.post(path, data={"code": "1"}, headers=SITE), 415, "unsupported_media_type")
        await refusal(await client.post(path, json={}, headers=ALL), 403, "scope_missing")
        await refusal(await client.post(path, json={}), 401, "token_missing")


# The page


HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}


async def page(answer: Any, status: int) -> str:
    assert (answer.status, answer.content_type) == (status, "text/html")
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    words: str = await answer.text()
    assert not re.search(r"<script|\bon\w+=|style=|@example\.it(?<!…@example\.it)|cus_", words)
    return words


async def test_to_open_a_link_proves_nothing_and_its_button_does(client: Client, gateway: Gateway) -> None:
    id_, path = await ask(client, gateway, "link")
    for method in ("GET", "HEAD", "GET"):
        opened = await client.request(method, path)
        assert opened.status == 200
    words = await page(await client.get(path), 200)
    assert "a…@example.it" in words
    assert "Casa Demo" in words
    assert '<form method="post"' in words
    assert await links(gateway) == []
    words = await page(await client.post(path), 200)
    assert "a…@example.it" in words
    assert "<form" not in words
    assert await links(gateway) == [("cus_1", "email", "anna@example.it", "verified", f"challenge/{id_}")]
    for again in (await client.post(path), await client.get(path)):
        assert "già confermato" in await page(again, 200), "whoever reloads has what was wanted"


@pytest.mark.parametrize(
    ("query", "accepted", "language"),
    [("", "", "it"), ("?lang=en", "it", "en"), ("", "en-GB,it;q=0.5", "en"), ("", "ja, en", "en"), ("?lang=xx", "ja", "it")],
)
async def test_the_page_speaks_the_customers_language(
    client: Client, gateway: Gateway, query: str, accepted: str, language: str
) -> None:
    _, path = await ask(client, gateway, "link")
    for method in ("GET", "POST", "POST"):
        answer = await client.request(method, f"{path}{query}", headers={"Accept-Language": accepted})
        assert f'<html lang="{language}"' in await page(answer, 200)


async def test_a_link_that_is_no_link(client: Client, gateway: Gateway) -> None:
    id_, path = await ask(client, gateway, "link")
    code_id, code = await ask(client, gateway)
    strange = ["x", "x.", "%00", "%ff", f"{path[7:]}x", path[7:].lower(), f"{path[7:33]}.", f"{code_id[4:]}.{code}"]
    for token in strange:
        for method in ("GET", "POST"):
            words = await page(await client.request(method, f"/proof/{token}"), 404)
            assert "…@" not in words
    assert await links(gateway) == []
    tried = await gateway.stores.database.read(
        lambda connection: connection.execute(select(challenges.c.attempts)).scalars().all()
    )
    assert (tried, id_ != code_id) == ([0, 0], True)


@pytest.mark.parametrize(
    ("values", "status", "words"),
    [
        ({"expires_ms": 1}, 410, "scaduto"),
        ({"state": "expired"}, 410, "scaduto"),
        ({"state": "failed"}, 410, "non vale più"),
        ({"state": "proven"}, 200, "già confermato"),
    ],
)
async def test_a_link_that_is_over(client: Client, gateway: Gateway, values: dict[str, Any], status: int, words: str) -> None:
    _, path = await ask(client, gateway, "link")
    await change(gateway, **values)
    for method in ("GET", "POST"):
        assert words in await page(await client.request(method, path), status)
    assert await links(gateway) == []


async def test_an_address_that_cannot_be_added_is_said_on_the_page(client: Client, gateway: Gateway) -> None:
    _, path = await ask(client, gateway, "link")
    for number in range(6):
        body = {"handle": {"kind": "email", "value": f"anna{number}@example.it"}, "reason": "hers"}
        assert (await client.post(LINKS, json=body, headers=SITE)).status == 200
    assert "ci penserà una persona" in await page(await client.post(path), 409)
    assert len(await links(gateway)) == 6


async def test_one_visitor_opens_only_so_many(client: Client, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    _, path = await ask(client, gateway, "link")
    visitor, other = {"X-Forwarded-For": "203.0.113.7"}, {"X-Forwarded-For": "203.0.113.8"}
    for _ in range(20):
        await client.get("/proof/x", headers=visitor)
    for method in ("GET", "POST"):
        answer = await client.request(method, path, headers=visitor)
        assert "60" in await page(answer, 429)
        assert answer.headers["Retry-After"] == "60"
    assert (await client.get(path, headers=other)).status == 200

    async def away(*_: object) -> bool:
        raise CoordinationUnavailable("db.internal")

    monkeypatch.setattr(gateway.stores.coordination, "hit", away)
    assert (await client.get(path, headers=visitor)).status == 200


@pytest.mark.parametrize("part", ["read", "write"])
async def test_a_database_that_is_away_is_said_to_customers_as_a_page(
    client: Client, gateway: Gateway, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    _, path = await ask(client, gateway, "link")

    async def away(work: object) -> Any:
        raise DatabaseUnavailable("OperationalError: db.internal")

    with monkeypatch.context() as broken:
        broken.setattr(gateway.stores.database, part, away)
        answer = await client.post(path)
        assert "db.internal" not in await page(answer, 503)
        assert answer.headers["Retry-After"] == "5"
    assert (await client.post(path)).status == 200


async def test_a_brand_with_a_hostile_name_stays_a_name(client: Client, gateway: Gateway) -> None:
    _, path = await ask(client, gateway, "link")
    hostile = update(challenges).values(space="<script>alert(1)</script>{0}")
    await gateway.stores.database.write(lambda connection: connection.execute(hostile))
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{0}" in await page(await client.get(path), 200)


# What is never told


async def test_no_secret_is_anywhere_but_in_the_message(
    client: Client, gateway: Gateway, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("identity.challenges.secrets.randbelow", lambda _: 918_273)
    id_, code = await ask(client, gateway)
    _, path = await ask(client, gateway, "link")
    secret = path.rpartition(".")[2]
    await answer(client, id_, wrong(code))
    await client.get(path)
    await answer(client, id_, code)
    await client.post(path)

    def stored(connection: Connection) -> str:
        names = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars().all()
        rows = [row for name in names for row in connection.execute(text(f'SELECT * FROM "{name}"'))]  # noqa: S608
        # Positions and times are numbers: only texts and bytes could hold a code.
        return "\n".join(str(value) for row in rows for value in row if isinstance(value, str | bytes))

    await gateway.stores.database.write(lambda connection: connection.execute(update(outgoing).values(text="")))
    everything = await gateway.stores.database.read(stored)
    lines = (await (await client.get("/metrics")).text()).splitlines()
    figures = "\n".join(line.rpartition(" ")[0] for line in lines)  # a figure's digits may be anything
    for place in (everything, figures, log.getvalue()):
        assert secret not in place
        assert code not in place
    for place in (figures, log.getvalue()):
        assert not any(word in place for word in ("example.it", id_, "cus_1"))
    assert 'regia_proofs_total{method="code",outcome="wrong_code"}' in figures


async def test_a_defect_leaves_no_value_in_the_log(
    client: Client, gateway: Gateway, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, path = await ask(client, gateway, "link")

    def defect(*arguments: Any, **_: Any) -> None:
        raise ValueError(f"{arguments} could not be read")

    monkeypatch.setattr("desk.proofs.look", defect)
    given = await client.get(path)
    await refusal(given, 500, "internal")
    assert '"address": "/proof/{token}"' in log.getvalue()
    assert path.rpartition("/")[2] not in log.getvalue() + await given.text()


async def test_a_link_asked_for_somebody_who_is_gone_proves_nothing(client: Client, gateway: Gateway) -> None:
    id_, code = await ask(client, gateway)
    await gateway.stores.database.write(lambda connection: connection.execute(customers.delete()))
    await refusal(await answer(client, id_, code), 404, "unknown_customer")
