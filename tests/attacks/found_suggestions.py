"""Finds that are not repaired: run by path, `pytest tests/attacks/found_suggestions.py`. See FOUND.md."""

from normalizer.inbound import Handle
from storage.database import Database
from storage.schema import suggestions
from tests.contacts import email, message, phone
from tests.identity.batches import identify, rows

EVIL = Handle("app_user", "shop:evil", "verified")


async def test_strangers_do_not_use_up_an_order_number(database: Database) -> None:
    """Nine forms with the victim's order number: the victim's own two channels are not suggested any more."""
    fields = {"order": "IT-2231"}
    for number in range(9):
        await identify(database, message(f"s{number}", email(f"e{number}@evil.test"), channel="web_form", fields=fields))
    (mail,) = await identify(database, message("v1", email("anna@posta.test", verified=True), fields=fields))
    (call,) = await identify(database, message("v2", phone(), fields=fields))
    pairs = [{row["customer_id"], row["owner_id"]} for row in await rows(database, suggestions)]
    assert {mail.customer.id, call.customer.id} in pairs


async def test_one_stranger_does_not_fill_the_queue(database: Database) -> None:
    for number in range(40):
        await identify(database, message(f"v{number}", email(f"v{number}@posta.test", verified=True)))
    for at in (0, 20):
        claims = [email(f"v{number}@posta.test") for number in range(at, at + 20)]
        await identify(database, message(f"s{at}", EVIL, claims=claims, channel="app"))
    found = [row for row in await rows(database, suggestions) if row["state"] == "open"]
    assert len(found) <= 20
