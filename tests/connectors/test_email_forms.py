"""Forms of our own site, which write from our own address; and which of the addresses in Reply-To gets the answer."""

from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.base import Request
from connectors.email import EmailConnector, EmailSettings, plus
from connectors.email.contact import MARKED
from normalizer.inbound import Handle, InboundMessage

KEY = "a key of the shop"
CONVERSATION = "con_01J0ZQ3V5Y8A7B6C5D4E3F2G1H"
MARK = plus.mark(CONVERSATION, KEY.encode())
SETTINGS: dict[str, Any] = {
    "type": "email",
    "brand": "demo",
    "address": "help@shop.example",
    "aliases": ("info@shop.example", "noreply@shop.example"),
    "trusted_servers": ("mx.shop.example",),
    "thread_key": KEY,
}
FORMS = ("text", "image", "video", "audio", "document")
PASS = "Authentication-Results: mx.shop.example; dmarc=pass header.from=shop.example"


def read(*headers: str) -> InboundMessage:
    raw = "\r\n".join((*headers, "To: help@shop.example", "Subject: Nuovo messaggio dal sito", "", "Vorrei un rimborso"))
    request = Request(
        method="POST", url="mail:", headers={}, query={}, body=raw.encode(), received_at=datetime(2024, 6, 3, tzinfo=UTC)
    )
    (found,) = EmailConnector("mail", EmailSettings.model_validate(SETTINGS)).parse(request).messages
    return found


FROM = "From: Shop <info@shop.example>"
ANNA = "Reply-To: Anna <anna@example.it>"
ID = "Message-ID: <w1@web.shop.example>"


@pytest.mark.parametrize(
    ("headers", "sender", "name", "automated", "claims"),
    [
        ((FROM, ANNA, ID), "anna@example.it", "Anna", None, []),
        ((PASS, FROM, ANNA, ID), "anna@example.it", "Anna", None, []),
        (("From: noreply@shop.example", ANNA, ID), "anna@example.it", "Anna", None, []),
        (("From: info+web@shop.example", ANNA, ID), "anna@example.it", "Anna", None, []),
        ((FROM, "Reply-To: info@shop.example, anna@example.it, eva@x.it", ID), "anna@example.it", None, None, ["eva@x.it"]),
        ((FROM, ANNA, ID, "Auto-Submitted: auto-generated"), "anna@example.it", "Anna", "auto_generated", []),
        ((FROM, ID), "info@shop.example", "Shop", "own", []),
        ((FROM, "Reply-To: help@shop.example", ID), "info@shop.example", "Shop", "own", []),
        ((FROM, f"Reply-To: help+{MARK}@shop.example", ID), "info@shop.example", "Shop", "own", []),
        ((FROM, ANNA, ID, "X-Regia-Id: 1"), "info@shop.example", "Shop", "own", ["anna@example.it"]),
        ((FROM, ANNA, "Message-ID: <regia.0f@shop.example>"), "info@shop.example", "Shop", "own", ["anna@example.it"]),
        (("From: Eva <eva@x.it>", ANNA, ID), "eva@x.it", "Eva", None, ["anna@example.it"]),
    ],
)
def test_a_form_s_customer_stands_in_reply_to(
    headers: tuple[str, ...], sender: str, name: str | None, automated: str | None, claims: list[str]
) -> None:
    found = read(*headers)
    assert found.sender.handle == Handle("email", sender, "claimed")
    assert (found.sender.name, found.order_key, found.automated) == (name, sender, automated)
    assert [claim.value for claim in found.sender.claims] == claims


def test_two_customers_of_a_form_are_two() -> None:
    keys = [read(FROM, f"Reply-To: {name}@example.it", ID).order_key for name in ("anna", "bruno")]
    assert keys == ["anna@example.it", "bruno@example.it"]
    assert read(FROM, ANNA, ID).reply.via is None, "the answer goes to the sender"


@pytest.mark.parametrize(
    ("headers", "via", "allowed"),
    [
        (("From: anna@x.it", 'Reply-To: "anna b"@x.it'), None, FORMS),
        (("From: anna@x.it", 'Reply-To: "anna b"@x.it, eva@x.it'), "eva@x.it", FORMS),
        (("From: anna@x.it", "Reply-To: eva@x.it, marco@x.it"), "eva@x.it", FORMS),
        (("From: anna@x.it", "Reply-To: anna@x.it, marco@x.it"), None, FORMS),
        (('From: "anna b"@x.it', "Reply-To: eva@x.it"), "eva@x.it", FORMS),
        (('From: "anna b"@x.it',), None, ()),
        ((FROM, 'Reply-To: "anna b"@x.it, eva@x.it'), None, FORMS),
    ],
)
def test_the_answer_goes_where_a_mail_can_go(headers: tuple[str, ...], via: str | None, allowed: tuple[str, ...]) -> None:
    found = read(*headers, ID).reply
    assert (None if found.via is None else found.via.value, found.allowed) == (via, allowed)


@pytest.mark.parametrize(
    ("header", "marked"),
    [(f"Cc: help+{MARK}@shop.example", CONVERSATION), ("Cc: help+sale@shop.example", None)],
)
def test_a_mark_that_came_back_is_a_field(header: str, marked: str | None) -> None:
    assert read("From: anna@example.it", header, ID).fields.get(MARKED) == marked
