"""`GET /v1/templates`, and replies by them over HTTP: on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from regia.gateway import Gateway
from regia.http.openapi import openapi
from regia.rules.live import Rules
from regia.settings import Token
from router.load import load
from storage.schema import outgoing
from tests.databases import filled_url, migrated_postgresql, migrated_sqlite, postgresql_url
from tests.http import served
from tests.http.served import HELPDESK, READER, Client, is_up, make_gateway, serving
from tests.http.test_endpoints import refusal
from tests.http.test_replies import ask, refused, wrote

__all__ = ["filled_url", "migrated_postgresql", "migrated_sqlite", "postgresql_url"]

RULES = """
fields: {order: text, total: number}
categories: {general: {label: Informazioni}}
default: general
templates:
  update:
    subject: {it: "Ordine {{ fields.order }}", en: "Order {{ fields.order }}"}
    text: {it: "Ciao {{ name }}: {{ fields.order }} {{ fields.total }}", en: "Hello {{ name }}: {{ fields.order }}"}
    whatsapp: {name: order_update, parameters: ["{{ fields.order }}"]}
  empty: {text: {it: "{{ fields.order }}"}}
"""
AGENTS = {"Authorization": "Bearer token-agents"}
OTHERS = RULES.replace("  update:", "  other:")


@pytest.fixture
async def gateway(tmp_path: Path, migrated_sqlite: Path, filled_url: str, monkeypatch: pytest.MonkeyPatch) -> Gateway:
    sources = {"*": load([("rules.yaml", RULES)]), "shop": load([("rules.yaml", OTHERS)])}
    before = served.configured()
    agents = Token(name="agents", token=SecretStr("token-agents"), scopes=("replies", "messages"))
    settings = before.settings.model_copy(update={"tokens": (*before.settings.tokens, agents)})
    found = replace(before, settings=settings, rules=Rules(live=sources))
    monkeypatch.setattr(served, "configured", lambda: found)
    return make_gateway(tmp_path / "node", migrated_sqlite, database=filled_url)


@pytest.fixture
async def client(gateway: Gateway) -> AsyncIterator[Client]:
    async with serving(gateway) as client:
        gateway.start()
        await is_up(gateway)
        yield client


async def listed(client: Client, **query: str) -> list[dict[str, Any]]:
    answer = await client.get("/v1/templates", params=query, headers=AGENTS)
    assert answer.status == 200, await answer.text()
    found: list[dict[str, Any]] = (await answer.json())["templates"]
    return found


async def test_what_there_is(client: Client) -> None:
    update = {
        "brand": None,
        "name": "update",
        "languages": ["it", "en"],
        "fields": {"order": "text", "total": "number"},
        "whatsapp": "order_update",
    }
    empty = {"brand": None, "name": "empty", "languages": ["it"], "fields": {"order": "text"}, "whatsapp": None}
    of_shop = [empty | {"brand": "shop"}, update | {"brand": "shop", "name": "other"}]
    assert await listed(client) == [empty, update, *of_shop]
    assert await listed(client, brand="demo") == [empty, update]
    assert await listed(client, brand="shop") == of_shop


async def test_what_each_says_to_a_message(client: Client, gateway: Gateway) -> None:
    message = (await wrote(gateway, sender_name="Anna", fields={"order": "IT-1"}))["message"]
    empty, update = await listed(client, message=message)
    assert update["preview"] == {"subject": "Ordine IT-1", "text": "Ciao Anna: IT-1", "refused": None}
    assert empty["preview"]["text"] == "IT-1"
    schema = openapi()["paths"]["/v1/templates"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    one = schema["properties"]["templates"]["items"]
    assert set(update) == set(one["properties"])
    assert set(update) - {"preview"} == set(one["required"])


async def test_who_may_look(client: Client) -> None:
    await refusal(await client.get("/v1/templates"), 401, "token_missing")
    await refusal(await client.get("/v1/templates", headers=READER), 403, "scope_missing")
    assert (await client.get("/v1/templates", headers=HELPDESK)).status == 200
    await refusal(await client.get("/v1/templates?message=x", headers=HELPDESK), 403, "scope_missing")
    await refusal(await client.get("/v1/templates?message=x", headers=AGENTS), 404, "not_found")


async def test_a_reply_by_one(client: Client, gateway: Gateway) -> None:
    message = (await wrote(gateway, sender_name="Anna", fields={"order": "IT-1"}))["message"]
    chosen = {"name": "update", "fields": {"total": 89.9, "order": "IT-2"}}
    await ask(client, message=message, template=chosen, author="giulia")
    await ask(client, message=message, template=chosen | {"language": "en"}, subject="Tuo ordine", author="giulia")
    query = select(outgoing.c.subject, outgoing.c.text, outgoing.c.author).order_by(outgoing.c.position)
    rows = await gateway.stores.database.read(lambda one: one.execute(query).all())
    assert [tuple(row) for row in rows] == [
        ("Ordine IT-2", "Ciao Anna: IT-2 89.9", "giulia"),
        ("Tuo ordine", "Hello Anna: IT-2", "giulia"),
    ]


async def test_what_is_no_reply(client: Client, gateway: Gateway) -> None:
    message = (await wrote(gateway))["message"]
    template = {"name": "update"}
    for body in (
        {"template": template},  # and the text
        {"template": template | {"to": "x"}, "text": None},
        {"template": template | {"language": "italiano"}, "text": None},
        {"template": template, "text": None, "html": "<p>x"},
    ):
        await refused(client, 400, "invalid_fields", message=message, **body)
    unknown = {"template": {"name": "updte"}, "text": None}
    await refused(client, 409, "reply_refused", "unknown_template", message=message, **unknown)
