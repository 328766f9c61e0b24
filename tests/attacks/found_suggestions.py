"""Finds that are not repaired: run by path, `pytest tests/attacks/found_suggestions.py`. See FOUND.md."""

from identity.people import Identified
from normalizer.inbound import Handle
from storage.database import Database
from storage.schema import suggestions
from tests.contacts import email, message, phone, user
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


async def test_what_a_stranger_types_is_not_likelier_than_what_two_proofs_say(database: Database) -> None:
    """Two proven handles that a guard kept apart score 70. A stranger who types the victim's address and name scores 80."""
    (victim,) = await identify(database, message("v1", email("anna@posta.test", verified=True), sender_name="Anna Bianchi"))
    typed = message("s1", EVIL, sender_name="Anna Bianchi", claims=[email("anna@posta.test")], channel="app")
    (stranger,) = await identify(database, typed)
    (one,) = await identify(database, message("w1", phone(), sender_name="Maria Verdi"))
    (other,) = await identify(database, message("w2", user(), sender_name="Giulio Neri"))
    await identify(database, message("w3", phone(), aliases=[user()], sender_name="Maria Verdi"))
    found = await rows(database, suggestions)

    def score(*pair: Identified) -> int:
        ids = {each.customer.id for each in pair}
        return max(row["score"] for row in found if {row["customer_id"], row["owner_id"]} == ids)

    assert score(victim, stranger) <= score(one, other)


async def test_one_stranger_does_not_fill_the_queue(database: Database) -> None:
    for number in range(40):
        await identify(database, message(f"v{number}", email(f"v{number}@posta.test", verified=True)))
    for at in (0, 20):
        claims = [email(f"v{number}@posta.test") for number in range(at, at + 20)]
        await identify(database, message(f"s{at}", EVIL, claims=claims, channel="app"))
    found = [row for row in await rows(database, suggestions) if row["state"] == "open"]
    assert len(found) <= 20
