"""What a day leaves behind in a console: tickets, dead letters, quarantine, two customers that became one, a draft of rules.

All of it is done as it is done at work: over HTTP by the program that takes messages, and in the console by its first user.
"""

import dataclasses
import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

from playwright.sync_api import Page

from scripts.console_tour import Tour
from tests.e2e.gateway import Gateway
from tests.e2e.whatsapp import signed

_AGENTS: Final = ("Giulia Ferri", "Marco Neri", "Sara Conti")
_PRODUCTS: Final = ("Padella in ghisa 28", "Set da cinque", "Coperchio in vetro")
_TICKETS, _CLOSED, _LETTERS = 18, 11, 4
_UNREADABLE: Final = (
    b'{"object": "whatsapp_business_account", "entry": [{"id": "102290129340398", "changes": [{"field": "messages"',
    b"Wartungsarbeiten, bitte versuchen Sie es sp\xc3\xa4ter",
)
_RULE: Final = "[reso, resi, rimborso,"
_OTHER_RULE: Final = "[coperchio, couvercle, lid, reso, resi, rimborso,"


def lived(here: Tour) -> Tour:
    """Let the day happen; the same tour, with the ids of what it left."""
    gateway = here.gateway
    _tickets(gateway, _taken(gateway, "demo.delivery", _TICKETS))
    for one in _taken(gateway, "demo.warranty", _LETTERS):
        _post(gateway, f"/v1/queues/receipts/{one['receipt']}/reject?requeue=false", None)
    for body in _UNREADABLE:
        headers = signed(body, gateway.secret("whatsapp-app-secret"))
        gateway.request("POST", "/webhooks/whatsapp", body, headers)
    gateway.settle()
    window = here.window()
    try:
        ids = here.ids | _people(gateway, here.ids["customer"]) | _seen(here, window.new_page())
    finally:
        window.close()
    return dataclasses.replace(here, ids=ids)


def _taken(gateway: Gateway, queue: str, most: int) -> list[dict[str, Any]]:
    found = _post(gateway, f"/v1/queues/{queue}/take?limit={most}&lease=600", None)
    messages: list[dict[str, Any]] = found["messages"]
    return messages


def _tickets(gateway: Gateway, taken: Sequence[dict[str, Any]]) -> None:
    """Agents have them; most are answered, and closed."""
    for number, one in enumerate(taken):
        told = {
            "ticket": f"T-{1040 + number}",
            "message": one["envelope"]["id"],
            "agent": _AGENTS[number % len(_AGENTS)],
            "product": _PRODUCTS[number // 2 % len(_PRODUCTS)],
        }
        _post(gateway, "/v1/tickets", {**told, "event": "opened"})
        if number < _CLOSED + 3:
            _post(gateway, "/v1/tickets", {**told, "event": "updated", "answered": True})
        if number < _CLOSED:
            _post(gateway, "/v1/tickets", {**told, "event": "closed"})
        _post(gateway, f"/v1/queues/receipts/{one['receipt']}/ack", None)


def _people(gateway: Gateway, customer: str) -> dict[str, str]:
    """Whom the customer may be as well, and another who was put below somebody."""
    pairs = gateway.get("/v1/suggestions?limit=100").json()["suggestions"]
    both = [(one["customer"]["id"], one["owner"]["id"]) for one in pairs]
    twin = next(one for pair in both if customer in pair for one in pair if one != customer)
    above, below = next(pair for pair in both if not {customer, twin} & set(pair))
    merged = _post(gateway, f"/v1/customers/{above}/merge", {"with": below})["customer"]
    return {"twin": twin, "together": merged, "merged": below if merged == above else above}


def _seen(here: Tour, page: Page) -> dict[str, str]:
    """What only the console says: ids from its own links. Rules are tried on the way."""
    page.goto(f"{here.base}/rules/playground?brand=*")
    source = page.locator("textarea[name=source]").first
    source.fill(source.input_value().replace(_RULE, _OTHER_RULE))
    page.click("button[formaction$='/rules/playground/compare']")
    page.wait_for_url("**/rules/compare**")
    return {
        "letter": _linked(page, f"{here.base}/queues/dead", "/queues/dead/").rpartition("/")[2],
        "held": _linked(page, f"{here.base}/queues/quarantine", "/queues/quarantine/").rpartition("/")[2],
        "version": _linked(page, f"{here.base}/rules", "/rules/show?").rpartition("to=")[2],
    }


def _linked(page: Page, where: str, to: str) -> str:
    """The first link of a page that leads there."""
    page.goto(where)
    found = page.locator(f"main a[href*='{to}']").first.get_attribute("href")
    if found is None:
        raise RuntimeError(f"{where} has no link to {to}")
    return found


def _post(gateway: Gateway, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
    headers = {**gateway.consumer(), "Content-Type": "application/json"}
    answer = gateway.request("POST", path, None if body is None else json.dumps(body).encode(), headers)
    if answer.status >= HTTPStatus.BAD_REQUEST:
        raise RuntimeError(f"{path} is answered with {answer.status}: {answer.body!r}")
    found: dict[str, Any] = answer.json()
    return found
