"""Finds that are not repaired: run by path, `pytest tests/attacks/found_accepts.py`. See FOUND.md."""

from sqlalchemy import Connection

from identity import links, merges
from normalizer.inbound import Handle
from storage.database import Database
from storage.schema import customers
from tests.contacts import email, message, phone
from tests.identity.batches import POLICY, identify, rows

NOW = 1_795_284_000_000


async def _accept(database: Database, one: str, other: str) -> None:
    await database.write(lambda c: merges.merge(c, one, other, actor="giulia", now_ms=NOW, policy=POLICY))


async def test_who_types_an_address_that_was_accepted_once_is_shown_nothing(database: Database) -> None:
    (anna,) = await identify(database, message("v1", email(verified=True), sender_name="Anna", text="Il mio segreto"))
    (form,) = await identify(database, message("f1", email(), channel="web_form"))
    await _accept(database, anna.customer.id, form.customer.id)
    typed = message("s1", email(), channel="web_form", sender_name="Mario Rossi")
    (stranger,) = await identify(database, typed)
    assert all("segreto" not in one.snippet for one in stranger.history)


async def test_who_types_an_address_that_was_accepted_once_renames_nobody(database: Database) -> None:
    (anna,) = await identify(database, message("v1", email(verified=True), sender_name="Anna"))
    (form,) = await identify(database, message("f1", email(), channel="web_form"))
    await _accept(database, anna.customer.id, form.customer.id)
    await identify(database, message("s1", email(), channel="web_form", sender_name="Mario Rossi"))
    (later,) = await identify(database, message("v2", email(verified=True)))
    assert later.customer.name == "Anna"


async def test_a_crm_id_that_was_only_said_is_nobodys(database: Database) -> None:
    """A chat's program hands on what the visitor says: the address, and a customer number of the visitor's choice."""
    said = Handle("crm", "C-666", "claimed")
    (anna,) = await identify(database, message("v1", email(verified=True)))
    (chat,) = await identify(database, message("f1", said, channel="chat", claims=[email()]))
    await _accept(database, anna.customer.id, chat.customer.id)
    found = {row["id"]: row["crm_id"] for row in await rows(database, customers)}
    assert found[anna.customer.id] is None


async def test_a_crm_id_that_was_only_said_keeps_nobody_apart(database: Database) -> None:
    said = Handle("crm", "C-666", "claimed")
    (anna,) = await identify(database, message("v1", email(verified=True)))
    (chat,) = await identify(database, message("f1", said, channel="chat", claims=[email()]))
    await _accept(database, anna.customer.id, chat.customer.id)
    (other,) = await identify(database, message("w1", phone()))

    def prove(connection: Connection, handle: Handle) -> links.Proved:
        customer = other.customer.id
        return links.prove(connection, customer, handle, proof="verified", evidence="e", actor="crm", now_ms=NOW, policy=POLICY)

    await database.write(lambda c: prove(c, Handle("crm", "C-1", "agent")))
    proved = await database.write(lambda c: prove(c, email(verified=True)))
    assert proved.guard is None


async def test_who_types_an_accepted_address_proves_his_own_for_nobody_else(database: Database) -> None:
    """The site asks the visitor to prove a phone: the code comes to the stranger's, for the customer of the typed address."""
    (anna,) = await identify(database, message("v1", email(verified=True), text="Il mio segreto"))
    (form,) = await identify(database, message("f1", email(), channel="web_form"))
    await _accept(database, anna.customer.id, form.customer.id)
    (typed,) = await identify(database, message("s1", email(), channel="web_form"))

    def prove(connection: Connection) -> links.Proved:
        return links.prove(
            connection,
            typed.customer.id,
            phone("+390000000009"),
            proof="verified",
            evidence="challenge",
            actor="token/site",
            now_ms=NOW,
            policy=POLICY,
        )

    await database.write(prove)
    (stranger,) = await identify(database, message("s2", phone("+390000000009")))
    assert all("segreto" not in one.snippet for one in stranger.history)
