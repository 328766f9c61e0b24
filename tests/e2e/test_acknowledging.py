"""Rules answer: `regia run`, WhatsApp's API on the loopback, a form and a program; twice, on embedded and on shared stores."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest

from normalizer.inbound import reference_number
from tests.e2e.fixtures import MakeGateway, graph, make_gateway, mode
from tests.e2e.gateway import Gateway, Mode
from tests.e2e.ledger import envelope_id
from tests.e2e.whatsapp import signed
from tests.providers.base import wait_until
from tests.providers.graph import WhatsAppGraph

__all__ = ["graph", "make_gateway", "mode"]

NUMBER_ID: Final = "106540352242922"
TOKEN: Final = "EAAG-a-token-of-the-tests"
APP_SECRET: Final = "a-secret-of-the-tests"
CONFIG = """
data: {make_secrets: true}
links_key: file:links-key
languages: [it, en]
rules: [rules.yaml]
media_private_hosts: [127.0.0.1]
tokens: [{name: consumer, token: "file:consumer-token", scopes: [messages, queues, events]}]
connectors:
  whatsapp:
    type: whatsapp
    graph_url: ${WHATSAPP_URL}
    app_secret: ${WHATSAPP_APP_SECRET}
    verify_token: file:verify-token
    access_token: ${WHATSAPP_TOKEN}
    accounts: {"106540352242922": {brand: demo, number: "+390212345678"}}
  site-form:
    type: web_form
    brand: demo
    fields: {name: {type: text}, email: {type: email}, message: {type: text}}
"""
RULES = """
categories: {returns: {label: Resi}, general: {label: Informazioni}}
default: general
templates:
  received:
    text:
      it: "Grazie{% if name %} {{ name }}{% endif %}, {{ category }}. {{ reference }}"
      en: "Thank you{% if name %} {{ name }}{% endif %}, {{ category }}. {{ reference }}"
rules:
  - {name: returns, when: {text: {words: [refund, rimborso]}}, then: {category: returns, notify: anna@demo.example}}
  - {name: acknowledge, then: {reply: received}}
"""


class Shop:
    """A running gateway, and what customers do."""

    def __init__(self, gateway: Gateway, provider: WhatsAppGraph) -> None:
        self.gateway = gateway
        self.provider = provider
        self._written = 0

    def whatsapp(self, text: str, sender: str, name: str) -> str:
        """The id of the envelope."""
        self._written += 1
        item = {"from": sender, "id": f"wamid.T{self._written}", "timestamp": str(int(time.time())), "type": "text"}
        value = {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "390212345678", "phone_number_id": NUMBER_ID},
            "contacts": [{"profile": {"name": name}, "wa_id": sender}],
            "messages": [{**item, "text": {"body": text}}],
        }
        entry = {"id": "WABA", "changes": [{"field": "messages", "value": value}]}
        body = json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()
        for _ in range(2):  # Meta delivers again what it is not sure about
            answer = self.gateway.request("POST", "/webhooks/whatsapp", body, signed(body, APP_SECRET))
            assert answer.status == 200, answer.body
        return self.committed(envelope_id("whatsapp", item["id"]))

    def form(self, text: str, address: str) -> str:
        body = json.dumps({"name": "Anna", "email": address, "message": text}).encode()
        headers = {"Content-Type": "application/json"}
        answer = self.gateway.request("POST", "/forms/site-form", body, headers)
        assert answer.status == 202, answer.body
        return self.committed(str(answer.json()["id"]))

    def committed(self, id_: str) -> str:
        deadline = time.monotonic() + 20
        while self.gateway.get(f"/v1/messages/{id_}").status != 200:
            assert time.monotonic() < deadline, self.gateway.tail()
            time.sleep(0.05)
        return id_

    def stored(self, id_: str) -> dict[str, Any]:
        found: dict[str, Any] = self.gateway.get(f"/v1/messages/{id_}").json()
        return found

    async def sent(self, number: int) -> None:
        await wait_until(lambda: len(self.provider.accepted) >= number, 20)


@pytest.fixture
async def shop(make_gateway: MakeGateway, mode: Mode, tmp_path: Path) -> AsyncIterator[Shop]:
    (tmp_path / "regia.yaml").write_text(CONFIG)
    (tmp_path / "rules.yaml").write_text(RULES)
    async with WhatsAppGraph(TOKEN, NUMBER_ID) as provider:
        secrets = {"WHATSAPP_URL": provider.url, "WHATSAPP_TOKEN": TOKEN, "WHATSAPP_APP_SECRET": APP_SECRET}
        gateway = make_gateway(mode, config=tmp_path / "regia.yaml", **secrets)
        await asyncio.to_thread(gateway.start)
        yield Shop(gateway, provider)
        assert provider.refused == []
        assert gateway.defects() == []


async def test_who_writes_is_answered_once_in_their_language(shop: Shop) -> None:
    italian = await asyncio.to_thread(shop.whatsapp, "Buongiorno, vorrei un rimborso per la padella", "393331234567", "Anna")
    english = await asyncio.to_thread(shop.whatsapp, "Hello, I have a question about your shop", "447700900123", "John")
    await shop.sent(2)
    texts = {one.to: one.text for one in shop.provider.accepted}
    number = reference_number(UUID(italian)), reference_number(UUID(english))
    assert texts == {"393331234567": f"Grazie Anna, Resi. {number[0]}",
                     "447700900123": f"Thank you John, Informazioni. {number[1]}"}  # fmt: skip

    program = await asyncio.to_thread(shop.whatsapp, "Sono assente, risponderò al mio rientro", "393331234567", "Anna")
    again = await asyncio.to_thread(shop.stored, program)
    assert (again["answers"], again["reply_refused"]) == ([], "once_an_hour")

    stranger = await asyncio.to_thread(shop.form, "Vorrei sapere gli orari del negozio", "someone@example.it")
    refused = await asyncio.to_thread(shop.stored, stranger)
    assert (refused["answers"], refused["reply_refused"]) == ([], "claimed")
    assert refused["envelope"]["data"]["routing"]["reply"] == "received"

    told = (await asyncio.to_thread(shop.gateway.get, "/v1/events?type=regia.message.notify.v1&wait=20")).json()["events"]
    assert [(one["subject"], one["data"]["notify"]) for one in told] == [(italian, ["anna@demo.example"])]

    found = await asyncio.to_thread(shop.stored, italian)
    [answer] = found["answers"]
    assert (answer["author"], answer["automatic"], found["reply_refused"]) == ("rule/acknowledge", True, None)
    explained = await asyncio.to_thread(shop.gateway.cli, "rules", "explain", italian)
    assert f"answered by rule/acknowledge: {answer['id']} " in explained.stdout
    explained = await asyncio.to_thread(shop.gateway.cli, "rules", "explain", stranger)
    assert explained.stdout.splitlines()[-1].startswith("not answered, claimed: nobody vouches for the address")
    shown = await asyncio.to_thread(shop.gateway.cli, "rules", "preview", "received", "--message", italian)
    assert shown.stdout == f"--- it\n{texts['393331234567']}\n\n"
    figures = (await asyncio.to_thread(shop.gateway.get, "/metrics")).body.decode()
    assert 'regia_answers_by_rule_total{connector="whatsapp",outcome="queued"} 2.0' in figures
    assert 'regia_answers_by_rule_total{connector="site-form",outcome="claimed"} 1.0' in figures
    assert len(shop.provider.accepted) == 2
