"""Every address of the gateway, asked as its users ask it."""

import asyncio
import io
import json
import logging
import re
import time
from base64 import b64encode
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote
from uuid import UUID

import pytest
from sqlalchemy import delete, select, update

import regia.parts
from normalizer.envelope import Envelope
from normalizer.inbound import reference_number
from regia.gateway import Gateway
from regia.links import LIFETIME
from regia.watch import logs
from storage import lookup
from storage.blobs import BlobsUnavailable
from storage.coordination import CoordinationUnavailable
from storage.database import DatabaseUnavailable
from storage.journal_room import Limits, Room
from storage.schema import attachments, local_messages, messages
from tests.http.served import ALL, DESK, READER, WORKER, Client, worked_off

PDF = b"%PDF-1.7 scontrino"
SENDER = {"handle": {"kind": "phone", "value": "+393331234567"}, "name": "Anna Bianchi"}
RETURN = {"sender": SENDER, "text": "Vorrei un rimborso"}
POST = {"name": "Anna Bianchi", "email": "anna@example.it", "message": "La padella è rotta"}
DRIVER = "OperationalError: connection to db.internal as regia_user failed"
HTML = {"Accept": "text/html,application/xhtml+xml"}


async def send(client: Client, gateway: Gateway, **more: Any) -> str:
    """A contact that has reached its queues; its id."""
    answer = await client.post("/v1/messages/desk", json=RETURN | more, headers=DESK)
    assert answer.status == 202, await answer.text()
    await worked_off(gateway)
    found: str = (await answer.json())["id"]
    return found


async def refusal(answer: Any, status: int, code: str) -> dict[str, Any]:
    data: dict[str, Any] = await answer.json()
    assert (answer.status, data["error"]) == (status, code)
    assert data["detail"]
    return data


# Who may ask

TAKE, LIST, ONE = ("POST", "/v1/queues/demo.general/take"), ("GET", "/v1/queues"), ("GET", "/v1/messages/any")


REFUSED: list[tuple[tuple[str, str], dict[str, str], int, str]] = [
    (LIST, {}, 401, "token_missing"),
    (LIST, {"Authorization": "Basic dXNlcjpwYXNz"}, 401, "token_missing"),
    (LIST, {"Authorization": "Bearer "}, 401, "token_missing"),
    (LIST, {"Authorization": "Bearer wrong"}, 401, "token_unknown"),
    (LIST, {"Authorization": "Bearer tökén"}, 401, "token_unknown"),
    (LIST, DESK, 401, "token_unknown"),
    (LIST, READER, 403, "scope_missing"),
    (TAKE, READER, 403, "scope_missing"),
    (("POST", "/v1/queues/receipts/r/ack"), READER, 403, "scope_missing"),
    (("POST", "/v1/queues/receipts/r/reject"), {}, 401, "token_missing"),
    (ONE, WORKER, 403, "scope_missing"),
    (("GET", "/v1/events"), {}, 401, "token_missing"),
    (("GET", "/v1/events"), READER, 403, "scope_missing"),
    (("POST", "/v1/tickets"), {}, 401, "token_missing"),
    (("POST", "/v1/tickets"), ALL, 403, "scope_missing"),
    (("GET", "/v1/messages/any/raw"), WORKER, 403, "scope_missing"),
    (("GET", "/v1/attachments/any"), WORKER, 403, "scope_missing"),
    (("GET", "/v1/attachments/any"), {}, 401, "token_missing"),
    (ONE, READER, 404, "not_found"),
    (("GET", "/v1/messages/any/raw"), ALL, 404, "not_found"),
    (("GET", "/v1/attachments/any"), ALL, 404, "not_found"),
    (("POST", "/v1/messages/desk"), {}, 401, "token_missing"),
    (("POST", "/v1/messages/desk"), ALL, 401, "token_unknown"),
    (("POST", "/v1/messages/form"), DESK, 404, "unknown_connector"),
    (("POST", "/v1/messages/nobody"), DESK, 404, "unknown_connector"),
    (("GET", "/forms/desk"), {}, 404, "unknown_connector"),
    (("POST", "/webhooks/desk"), {}, 404, "unknown_connector"),
    (("GET", "/static/pages/..%2f..%2fsecret"), {}, 404, "not_found"),
    (("GET", "/nowhere"), {}, 404, "not_found"),
    (("DELETE", "/v1/queues"), ALL, 405, "method_not_allowed"),
]


async def test_who_may_not_ask_is_told_why(client: Client) -> None:
    for address, headers, status, code in REFUSED:
        answer = await client.request(*address, headers=headers)
        await refusal(answer, status, code)
        assert answer.headers["Server"] == "regia"
        assert ("WWW-Authenticate" in answer.headers) == (status == 401)


# Queues


async def test_a_queue_is_listed_taken_and_acknowledged(client: Client, gateway: Gateway) -> None:
    ids = [await send(client, gateway, text=f"Vorrei un rimborso, {n}") for n in range(3)]
    listed = await (await client.get("/v1/queues", headers=WORKER)).json()
    assert {one["name"]: one["ready"] for one in listed["queues"]} == {
        "demo.general": 0,
        "demo.partners": 3,
        "demo.returns": 3,
    }
    taken = (await (await client.post("/v1/queues/demo.returns/take?limit=2", headers=WORKER)).json())["messages"]
    assert [one["envelope_id"] for one in taken] == ids[:2]
    assert [(one["queue"], one["attempts"], one["envelope"]["id"]) for one in taken] == [
        ("demo.returns", 1, ids[0]),
        ("demo.returns", 1, ids[1]),
    ]
    answer = await client.post(f"/v1/queues/receipts/{taken[0]['receipt']}/ack", headers=WORKER)
    assert await answer.json() == {"acknowledged": True}
    listed = await (await client.get("/v1/queues", headers=ALL)).json()
    assert {"name": "demo.returns", "ready": 1, "leased": 1} in listed["queues"]


async def test_a_rejected_message_comes_back_or_is_dead(client: Client, gateway: Gateway) -> None:
    await send(client, gateway)
    for attempt, requeue in ((1, ""), (2, "?requeue=TRUE"), (3, "?requeue=false")):
        (one,) = (await (await client.post("/v1/queues/demo.returns/take", headers=ALL)).json())["messages"]
        assert one["attempts"] == attempt
        answer = await client.post(f"/v1/queues/receipts/{one['receipt']}/reject{requeue}", headers=ALL)
        assert await answer.json() == {"rejected": True, "requeued": attempt < 3}
    assert (await (await client.post("/v1/queues/demo.returns/take", headers=ALL)).json())["messages"] == []
    listed = await (await client.get("/v1/queues", headers=ALL)).json()
    assert {"name": "demo.returns.dead", "ready": 1, "leased": 0} in listed["queues"]


@pytest.mark.parametrize("end", ["ack", "reject"])
async def test_a_receipt_is_good_once_and_until_it_is_taken_again(client: Client, gateway: Gateway, end: str) -> None:
    await refusal(await client.post(f"/v1/queues/receipts/never-given/{end}", headers=ALL), 410, "gone")
    await send(client, gateway)
    (first,) = (await (await client.post("/v1/queues/demo.returns/take?lease=1", headers=ALL)).json())["messages"]
    # A lease that ran out, without the second it takes.
    await gateway.stores.database.write(lambda connection: connection.execute(update(local_messages).values(leased_until_ms=1)))
    (again,) = (await (await client.post("/v1/queues/demo.returns/take", headers=ALL)).json())["messages"]
    await refusal(await client.post(f"/v1/queues/receipts/{first['receipt']}/{end}", headers=ALL), 410, "gone")
    assert (await client.post(f"/v1/queues/receipts/{again['receipt']}/{end}", headers=ALL)).status == 200
    await refusal(await client.post(f"/v1/queues/receipts/{again['receipt']}/{end}", headers=ALL), 410, "gone")


async def test_numbers_have_limits(client: Client) -> None:
    for query in (
        *("limit=0", "limit=101", "limit=-1", "limit=1.5", "limit=", "limit=ten", "limit=%D9%A3", "limit=%2B5"),
        *("limit=0000000099999", "limit=000000001" + "0" * 5000, "lease=0", "lease=3601", "lease=1e3", "lease=9999999999"),
    ):
        data = await refusal(await client.post(f"/v1/queues/demo.general/take?{query}", headers=ALL), 400, "malformed")
        assert data["detail"].startswith(query.partition("=")[0])


async def test_what_is_taken_wrongly_is_told(client: Client) -> None:
    await refusal(await client.post("/v1/queues/demo.nothing/take", headers=ALL), 404, "not_found")
    await refusal(await client.post("/v1/queues/receipts/r/reject?requeue=no", headers=ALL), 400, "malformed")
    assert (await client.post("/v1/queues/demo.general/take?limit=100&lease=3600", headers=ALL)).status == 200


# What is stored


async def test_a_message_with_its_targets_and_why(client: Client, gateway: Gateway) -> None:
    message_id = await send(client, gateway)
    data = await (await client.get(f"/v1/messages/{message_id}", headers=READER)).json()
    assert (data["id"], data["discarded_by"]) == (message_id, None)
    envelope = Envelope.model_validate(data["envelope"])
    assert (envelope.data.text, envelope.data.routing.category) == ("Vorrei un rimborso", "returns")
    targets = {one["queue"]: (one["state"], one["attempts"]) for one in data["targets"]}
    assert targets == {"demo.returns": ("published", 1), "demo.partners": ("published", 1)}
    assert all(one["published_at"] for one in data["targets"])
    assert data["explanation"]["decided_by"]["category"] == "returns-by-words"
    assert [rule["outcome"] for rule in data["explanation"]["rules"]] == ["matched"]


async def test_the_explanation_is_by_the_rules_that_decided(client: Client, gateway: Gateway) -> None:
    message_id = await send(client, gateway)
    forget = update(messages).values(ruleset="of-a-version-nobody-kept")
    await gateway.stores.database.write(lambda connection: connection.execute(forget))
    data = await (await client.get(f"/v1/messages/{message_id}", headers=READER)).json()
    assert (data["explanation"], data["envelope"]["id"]) == (None, message_id)


async def test_the_providers_own_bytes(client: Client, gateway: Gateway) -> None:
    message_id = await send(client, gateway)
    answer = await client.get(f"/v1/messages/{message_id}/raw", headers=READER)
    assert (answer.status, json.loads(await answer.read())) == (200, RETURN)
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def attached(client: Client, gateway: Gateway) -> tuple[str, str]:
    """The id of a stored file, and its signed link as path and query."""
    file = {"content": b64encode(PDF).decode(), "filename": "scontrino.pdf", "content_type": "application/pdf"}
    message_id = await send(client, gateway, attachments=[file])
    data = await (await client.get(f"/v1/messages/{message_id}", headers=ALL)).json()
    (one,) = data["envelope"]["data"]["attachments"]
    assert one["url"].startswith("https://regia.example/")
    return one["id"], one["url"].removeprefix("https://regia.example")


async def test_a_file_by_token_and_by_signed_link(client: Client, gateway: Gateway) -> None:
    attachment_id, link = await attached(client, gateway)
    for address, headers in ((f"/v1/attachments/{attachment_id}", READER), (link, {})):
        answer = await client.get(address, headers=headers)
        assert (answer.status, await answer.read(), answer.content_type) == (200, PDF, "application/pdf")
        assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''scontrino.pdf"
        assert answer.headers["Cache-Control"] == "private, no-store"


async def test_a_link_that_expired_or_was_changed_opens_nothing(client: Client, gateway: Gateway) -> None:
    attachment_id, link = await attached(client, gateway)
    path, _, query = link.partition("?")
    expires, signature = (part.partition("=")[2] for part in query.split("&"))
    other = gateway.links.attachment("another").partition("?")[2]
    old = gateway.links.attachment(attachment_id, now=int(time.time()) - LIFETIME - 5).partition("?")[2]
    for changed in (
        *("", old, other, f"expires={expires}", f"signature={signature}", f"expires={expires}&signature={signature[:-1]}0g"),
        f"expires={int(expires) + 1}&signature={signature}",
        f"expires=%2B{expires}&signature={signature}",
        f"expires={expires}&signature={signature.upper()}%C3%A8",
        f"expires={'9' * 4000}&signature={signature}",
    ):
        await refusal(await client.get(f"{path}?{changed}"), 404, "not_found")
    await refusal(await client.get(f"/attachments/another?{query}"), 404, "not_found")
    await refusal(await client.get(f"/attachments/another?{other}"), 404, "not_found")
    assert (await client.get(f"{path}?{query}")).status == 200


@pytest.mark.parametrize(
    ("filename", "content_type", "shown"),
    [
        ('../../etc/"passwd"', "application/pdf", "application/pdf"),
        ("a.pdf\r\nSet-Cookie: session=1", "application/pdf", "application/pdf"),
        ("fattura; filename=evil.exe", "text/html", "text/html"),
        ("ricevuta però 收据.pdf", "image/svg+xml", "image/svg+xml"),
        ("", "text/html\r\nSet-Cookie: session=1", "application/octet-stream"),
        ("\u202efdp.exe", "tèxt/html", "application/octet-stream"),
    ],
)
async def test_downloads_are_never_pages(
    client: Client, gateway: Gateway, filename: str, content_type: str, shown: str
) -> None:
    attachment_id, link = await attached(client, gateway)
    hostile = update(attachments).values(filename=filename, content_type=content_type)
    await gateway.stores.database.write(lambda connection: connection.execute(hostile))
    answer = await client.get(link)
    assert (answer.status, answer.headers["Content-Type"], await answer.read()) == (200, shown, PDF)
    kind, _, name = answer.headers["Content-Disposition"].partition("; filename*=UTF-8''")
    assert (kind, unquote(name)) == ("attachment", filename or attachment_id)
    assert name.isascii()
    assert not set(name) & set(" \"';\r\n/\\")
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


async def test_bytes_that_are_gone_or_out_of_reach(client: Client, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    attachment_id, link = await attached(client, gateway)
    sha256 = await gateway.stores.database.read(
        lambda connection: connection.execute(select(attachments.c.sha256)).scalar_one()
    )
    await gateway.stores.blobs.delete(sha256)
    await refusal(await client.get(link), 410, "gone")

    async def away(sha256: str) -> bytes:
        raise BlobsUnavailable(DRIVER)

    monkeypatch.setattr(gateway.stores.blobs, "get", away)
    answer = await client.get(link)
    data = await refusal(answer, 503, "unavailable")
    assert (answer.headers["Retry-After"], "db.internal" in data["detail"]) == ("5", False)
    await gateway.stores.database.write(lambda connection: connection.execute(delete(attachments)))
    await refusal(await client.get(f"/v1/attachments/{attachment_id}", headers=ALL), 404, "not_found")


# Forms


@pytest.mark.parametrize(
    ("query", "accepted", "language"),
    [("", "", "it"), ("?lang=en", "it", "en"), ("", "en-GB,it;q=0.5", "en"), ("", "ja, en", "en"), ("?lang=xx", "ja", "it")],
)
async def test_the_page_speaks_the_visitors_language(client: Client, query: str, accepted: str, language: str) -> None:
    answer = await client.get(f"/forms/form{query}", headers={"Accept-Language": accepted})
    text = await answer.text()
    assert (answer.status, answer.content_type) == (200, "text/html")
    assert f'<html lang="{language}"' in text
    assert 'action="/forms/form"' in text
    assert "script-src" in answer.headers["Content-Security-Policy"]


async def test_every_page_has_a_token_of_its_own_and_its_files(client: Client) -> None:
    first, second = [await (await client.get("/forms/form")).text() for _ in range(2)]
    assert first != second
    theme = await client.get("/forms/form/theme.css")
    assert (theme.status, theme.content_type) == (200, "text/css")
    assert "#7a1f3d" in await theme.text()
    for name, kind in (("form.css", "text/css"), ("form.js", "text/javascript")):
        assert f"/static/pages/{name}" in first
        answer = await client.get(f"/static/pages/{name}")
        assert (answer.status, answer.content_type) == (200, kind)
        assert "immutable" in answer.headers["Cache-Control"]


async def test_a_script_is_answered_with_json_and_a_repeat_is_told(client: Client) -> None:
    first = await client.post("/forms/form", json=POST | {"submission": "token-of-the-page"})
    again = await client.post("/forms/form", json=POST | {"submission": "token-of-the-page"})
    data, repeated = await first.json(), await again.json()
    assert (first.status, data["repeat"], repeated["repeat"]) == (202, False, True)
    assert (repeated["id"], repeated["reference"]) == (data["id"], data["reference"])


@pytest.mark.parametrize("language", ["it", "en"])
async def test_a_browser_is_answered_with_a_page(client: Client, gateway: Gateway, language: str) -> None:
    answer = await client.post("/forms/form", data=POST | {"language": language}, headers=HTML)
    text = await answer.text()
    assert (answer.status, answer.content_type) == (200, "text/html")
    assert f'<html lang="{language}"' in text
    await worked_off(gateway)
    stored = await gateway.stores.database.read(lambda connection: connection.execute(select(messages)).mappings().one())
    assert (stored["id"], stored["channel"]) == (json.loads(stored["envelope"])["id"], "web_form")
    assert reference_number(UUID(stored["id"])) in text


async def test_what_must_be_corrected(client: Client) -> None:
    wrong = POST | {"email": "<b>anna</b>", "message": ""}
    data = await refusal(await client.post("/forms/form", json=wrong), 400, "invalid_fields")
    assert set(data["fields"]) == {"email", "message"}
    answer = await client.post("/forms/form", data=wrong | {"submission": "kept-token", "language": "en"}, headers=HTML)
    text = await answer.text()
    assert (answer.status, answer.content_type) == (400, "text/html")
    assert 'value="Anna Bianchi"' in text
    assert "&lt;b&gt;anna&lt;/b&gt;" in text
    assert "<b>anna</b>" not in text
    assert 'value="kept-token"' in text
    assert 'aria-invalid="true"' in text


@pytest.mark.parametrize("headers", [{}, HTML])
async def test_too_large(client: Client, headers: dict[str, str]) -> None:
    async def unannounced() -> Any:
        for _ in range(10):
            yield b"message=" + b"x" * 1000

    for body in (b"x" * 5000, unannounced()):
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = await client.post("/forms/form", data=body, headers=headers | kind)
        assert (answer.status, answer.content_type) == (413, "text/html" if headers else "application/json")


async def test_too_many_posts_from_one_address(client: Client) -> None:
    visitor = {"X-Forwarded-For": "203.0.113.7"}
    for _ in range(3):
        assert (await client.post("/forms/form", json=POST, headers=visitor)).status == 202
    answer = await client.post("/forms/form", json=POST, headers=visitor)
    await refusal(answer, 429, "rate_limited")
    assert answer.headers["Retry-After"] == "60"
    page = await client.post("/forms/form", data=POST, headers=visitor | HTML)
    assert (page.status, page.content_type, page.headers["Retry-After"]) == (429, "text/html", "60")
    spoofed = {"X-Forwarded-For": "198.51.100.1, 203.0.113.7"}
    assert (await client.post("/forms/form", json=POST, headers=spoofed)).status == 429
    assert (await client.post("/forms/form", json=POST, headers={"X-Forwarded-For": "203.0.113.8"})).status == 202


async def test_a_broken_counter_turns_nobody_away(client: Client, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object) -> bool:
        raise CoordinationUnavailable(DRIVER)

    monkeypatch.setattr(gateway.stores.coordination, "hit", away)
    for _ in range(5):
        assert (await client.post("/forms/form", json=POST)).status == 202


async def test_scripts_of_allowed_sites_may_post(client: Client) -> None:
    origin = {"Origin": "https://shop.example"}
    allowed = await client.options("/forms/form", headers=origin | {"Access-Control-Request-Method": "POST"})
    assert (allowed.status, allowed.headers["Access-Control-Allow-Origin"]) == (204, "https://shop.example")
    for body, status in ((POST, 202), (POST | {"email": "no"}, 400), (POST, 202), (POST, 429)):
        answer = await client.post("/forms/form", json=body, headers=origin)
        assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (status, "https://shop.example")
    for method in ("OPTIONS", "POST"):
        answer = await client.request(method, "/forms/form", json=POST, headers={"Origin": "https://evil.example"})
        await refusal(answer, 403, "handshake_refused")
        assert "Access-Control-Allow-Origin" not in answer.headers


# The authenticated JSON channel


async def test_a_repeat_is_told_and_a_conflict_refused(client: Client, gateway: Gateway) -> None:
    headers = DESK | {"Idempotency-Key": "call-4711"}
    first = await client.post("/v1/messages/desk", json=RETURN, headers=headers)
    again = await client.post("/v1/messages/desk", json=RETURN, headers=headers)
    assert (first.status, again.status) == (202, 200)
    data, repeated = await first.json(), await again.json()
    assert (data["repeat"], repeated) == (False, data | {"repeat": True})
    other = await client.post("/v1/messages/desk", json=RETURN | {"text": "Un'altra cosa"}, headers=headers)
    conflict = await refusal(other, 409, "idempotency_conflict")
    assert data["id"] in conflict["detail"]
    await worked_off(gateway)
    assert (await client.get(first.headers["Location"], headers=READER)).status == 200


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        (b"{", "application/json", 400, "malformed"),
        (b"[]", "application/json", 400, "malformed"),
        (b'{"text": "Ciao"}', "application/json", 400, "invalid_fields"),
        (b"text=Ciao", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        (b"x" * 20_001, "application/json", 413, "too_large"),
    ],
)
async def test_a_contact_that_cannot_be_taken(client: Client, body: bytes, kind: str, status: int, code: str) -> None:
    await refusal(await client.post("/v1/messages/desk", data=body, headers=DESK | {"Content-Type": kind}), status, code)


# What operations ask


async def test_ready_when_everything_works(client: Client) -> None:
    answer = await client.get("/health/ready")
    assert (answer.status, await answer.json()) == (200, {"status": "ready", "missing": {}})
    assert (await client.get("/health/live")).status == 200
    figures = await client.get("/metrics")
    assert (figures.status, figures.content_type) == (200, "text/plain")


async def test_not_ready_before_the_start(cold: Client) -> None:
    answer = await cold.get("/health/ready")
    assert (answer.status, set((await answer.json())["missing"])) == (503, {"database", "queues", "outbox"})
    assert (await cold.get("/health/live")).status == 200
    accepted = await cold.post("/forms/form", json=POST)
    assert accepted.status == 202, "what comes in waits in the journal"


async def test_a_part_that_fails_is_named_without_the_drivers_words(
    client: Client, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(work: object) -> Any:
        raise DatabaseUnavailable(DRIVER)

    monkeypatch.setattr(gateway.stores.database, "read", away)
    answer = await client.get("/health/ready")
    text = await answer.text()
    assert (answer.status, set(json.loads(text)["missing"])) == (503, {"database", "queues"})
    assert not any(word in text for word in ("db.internal", "regia_user", "OperationalError"))
    for address in ("/v1/queues", "/v1/messages/any"):
        answer = await client.get(address, headers=ALL)
        data = await refusal(answer, 503, "unavailable")
        assert (answer.headers["Retry-After"], "db.internal" in str(data)) == ("5", False)


async def test_parts_are_asked_at_the_same_time(
    client: Client, gateway: Gateway, monkeypatch: pytest.MonkeyPatch, log: io.StringIO
) -> None:
    async def hanging(*_: object) -> Any:
        await asyncio.sleep(60)

    monkeypatch.setattr(regia.parts, "_CHECK", 0.5)
    for store, method in (("database", "read"), ("queues", "states"), ("blobs", "exists"), ("coordination", "ping")):
        monkeypatch.setattr(getattr(gateway.stores, store), method, hanging)
    started = time.monotonic()
    answer = await client.get("/health/ready")
    assert time.monotonic() - started < 1.2
    parts = {"database", "queues", "blobs", "coordination"}
    assert (answer.status, set((await answer.json())["missing"])) == (503, parts)
    lines = [json.loads(line) for line in log.getvalue().splitlines() if "does not answer" in line]
    assert {(line["part"], line["reason"]) for line in lines} == {(part, "TimeoutError") for part in parts}


async def test_a_stopping_gateway_refuses_contacts(client: Client, gateway: Gateway) -> None:
    assert await gateway.drain(5)
    answer = await client.post("/v1/messages/desk", json=RETURN, headers=DESK)
    await refusal(answer, 503, "unavailable")
    assert answer.headers["Retry-After"] == "5"


async def test_a_full_journal_refuses_before_it_reads(gateway: Gateway, client: Client) -> None:
    """No byte of the body is asked for, and the figures say why."""
    gateway.journal._writer.used = lambda: 1 << 20  # type: ignore[method-assign]
    gateway.journal._room = Room(gateway.journal.path.parent, Limits(most=1 << 20, reserve=0), 1 << 20)
    assert client.server.port is not None
    reader, writer = await asyncio.open_connection(client.server.host, client.server.port)
    writer.write(b"POST /forms/form HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n")
    async with asyncio.timeout(10):
        head = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    assert head.startswith(b"HTTP/1.1 503 ")
    assert b"Retry-After: 30\r\n" in head
    await refusal(await client.post("/forms/form", json=POST), 503, "unavailable")
    ready = await client.get("/health/ready")
    assert (ready.status, (await ready.json())["missing"]) == (503, {"journal": "has no room; the log says why"})
    figures = await (await client.get("/metrics")).text()
    assert "regia_journal_used_bytes 1.048576e+06" in figures
    assert "regia_journal_limit_bytes 1.048576e+06" in figures


async def test_every_address_is_described_and_the_other_way_round(client: Client) -> None:
    document = await (await client.get("/openapi.json")).json()
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert client.app is not None
    routes = [route for route in client.app.router.routes() if route.method != "HEAD" and route.resource]
    served = {(route.method, route.resource.canonical) for route in routes if route.resource}
    served = {(method, path) for method, path in served if not path.startswith("/console")}  # pages for people: docs/console.md
    assert described == served
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            named = {one["name"] for one in operation.get("parameters", []) if one["in"] == "path"}
            assert named == {part[1:-1] for part in path.split("/") if part.startswith("{")}, (method, path)
            asked = await client.request(method, re.sub(r"\{\w+\}", "x", path))
            assert (asked.status == 401) == ("security" in operation) or "connector" in named, (method, path)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the gateway writes as its log."""
    root, stream = logging.getLogger(), io.StringIO()
    names = ("", "aiohttp.access", "aio_pika", "aiormq", "alembic", "asyncio")
    levels, handlers = {name: logging.getLogger(name).level for name in names}, root.handlers
    logs.set_up(stream=stream)
    yield stream
    root.handlers = handlers
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


async def test_a_defect_is_answered_and_logged_without_values(
    client: Client, monkeypatch: pytest.MonkeyPatch, log: io.StringIO
) -> None:
    def defect(*_: object) -> None:
        raise ValueError("anna@example.it could not be read")

    monkeypatch.setattr(lookup, "message", defect)
    answer = await client.get("/v1/messages/mario-rossi-393331234567?from=anna@example.it", headers=READER)
    data = await refusal(answer, 500, "internal")
    (line,) = [json.loads(line) for line in log.getvalue().splitlines() if "defect" in line]
    assert (line["address"], line["error_type"], line["level"]) == ("/v1/messages/{id}", "ValueError", "error")
    assert any(place.endswith(" defect") for place in line["error_at"])
    for said in (str(data), log.getvalue()):
        assert not any(value in said for value in ("anna@example.it", "mario-rossi", "393331234567", "token-reader"))
