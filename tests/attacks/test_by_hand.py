"""Attacks by hand, and defects found on the way, that were repaired: see FOUND.md for those that were not."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection, select

from desk.refusals import Refused
from desk.replies import Reply, queue
from identity import links, merges
from identity.holding import Held
from identity.imports import take
from identity.listed import Listed
from identity.people import Identified
from normalizer.inbound import Handle
from storage import outgoing
from storage.database import Database
from storage.schema import customers, handles, suggestions
from tests.attacks.attacks_desk import CHANNELS
from tests.attacks.truth import Contact
from tests.attacks.world import World
from tests.contacts import email, inbound, message, phone, user
from tests.identity.batches import POLICY, identify, ids, rows

NUMBER = phone("+390000000001")
STRANGER = phone("+390000000009")
EVIL = Handle("app_user", "shop:evil", "verified")
NOW = 1_795_284_000_000


async def _merge(database: Database, one: str, other: str, top: str | None = None) -> None:
    await database.write(lambda c: merges.merge(c, one, other, actor="giulia", now_ms=NOW, policy=POLICY, top=top))


async def _unmerge(database: Database, one: str) -> None:
    await database.write(lambda c: merges.unmerge(c, one, actor="giulia", now_ms=NOW, policy=POLICY))


async def test_a_customer_below_keeps_to_who_is_at_the_top(database: Database) -> None:
    """A below B, then B below C by itself in a batch that also writes A (it learns a name by A's handle)."""
    (a,) = await identify(database, message("a", user("IT.a")))
    (b,) = await identify(database, message("b", phone("+390000000002")))
    (c,) = await identify(database, message("c", email("c@posta.test", verified=True), hours=-5))
    await _merge(database, a.customer.id, b.customer.id, top=b.customer.id)
    first = message("x", user("IT.a"), aliases=[email("c@posta.test", verified=True)], sender_name="Anna Bianchi", hours=1)
    (found,) = await identify(database, first)
    assert found.customer.id in (b.customer.id, c.customer.id)
    roots = {row["id"]: (row["root_id"], row["merged_into"]) for row in await rows(database, customers)}
    assert {root for root, _ in roots.values()} == {found.customer.id}, roots
    await database.read(lambda connection: Held(connection, (a.customer.id,)))


async def test_after_that_the_merge_can_be_undone(database: Database) -> None:
    ids_ = []
    for number, handle in enumerate((user("IT.a"), phone("+390000000002"), email("c@posta.test", verified=True))):
        ids_ += ids(await identify(database, message(f"m{number}", handle, hours=-number)))
    await _merge(database, ids_[0], ids_[1], top=ids_[1])
    both = [email("c@posta.test", verified=True)]
    await identify(database, message("x", user("IT.a"), aliases=both, sender_name="Anna Bianchi", hours=1))
    await _unmerge(database, ids_[0])
    owners = await database.read(lambda c: c.execute(select(handles.c.value, handles.c.customer_id)).all())
    assert len({owner for _, owner in owners}) == 2


async def test_an_answer_to_who_had_the_number_goes_to_nobody_else(database: Database) -> None:
    """By SMS, which can be answered at any time."""
    world = World([database], "found")
    world.truth.belongs(NUMBER, "victim")
    (asked,) = await world.commit([_sms("victim", "Qual è il mio codice?")])
    world.now += timedelta(days=400)
    world.truth.handed_on(NUMBER, "stranger", world.now_ms)
    (stranger,) = await world.commit([_sms("stranger", "Ciao")])
    assert asked is not None
    assert stranger is not None
    assert asked.customer != stranger.customer
    reply = Reply(message_id=asked.id, text="È 4711", author="giulia")
    with pytest.raises(Refused):
        await database.write(lambda c: outgoing.find(c, queue(c, reply, CHANNELS, world.now_ms).id))


async def test_what_a_stranger_types_is_not_likelier_than_what_two_proofs_say(database: Database) -> None:
    (victim,) = await identify(database, message("v1", email("anna@posta.test", verified=True), sender_name="Anna Bianchi"))
    typed = message(
        "s1",
        Handle("app_user", "shop:evil", "verified"),
        sender_name="Anna Bianchi",
        claims=[email("anna@posta.test")],
        channel="app",
    )
    (stranger,) = await identify(database, typed)
    (one,) = await identify(database, message("w1", phone(), sender_name="Maria Verdi"))
    (other,) = await identify(database, message("w2", user(), sender_name="Giulio Neri"))
    await identify(database, message("w3", phone(), aliases=[user()], sender_name="Maria Verdi"))
    found = await rows(database, suggestions)

    def score(*pair: Identified) -> int:
        ids = {each.customer.id for each in pair}
        return max(row["score"] for row in found if {row["customer_id"], row["owner_id"]} == ids)

    assert score(victim, stranger) <= score(one, other)


async def test_a_crm_id_that_was_only_said_is_nobodys(database: Database) -> None:
    """A chat's program hands on what the visitor says: the address, and a customer number of the visitor's choice."""
    said = Handle("crm", "C-666", "claimed")
    (anna,) = await identify(database, message("v1", email(verified=True)))
    (chat,) = await identify(database, message("f1", said, channel="chat", claims=[email()]))
    await _merge(database, anna.customer.id, chat.customer.id)
    found = {row["id"]: row["crm_id"] for row in await rows(database, customers)}
    assert found[anna.customer.id] is None


async def test_a_crm_id_that_was_only_said_keeps_nobody_apart(database: Database) -> None:
    said = Handle("crm", "C-666", "claimed")
    (anna,) = await identify(database, message("v1", email(verified=True)))
    (chat,) = await identify(database, message("f1", said, channel="chat", claims=[email()]))
    await _merge(database, anna.customer.id, chat.customer.id)
    (other,) = await identify(database, message("w1", phone()))

    def prove(connection: Connection, handle: Handle) -> links.Proved:
        customer = other.customer.id
        return links.prove(connection, customer, handle, proof="verified", evidence="e", actor="crm", now_ms=NOW, policy=POLICY)

    await database.write(lambda c: prove(c, Handle("crm", "C-1", "agent")))
    proved = await database.write(lambda c: prove(c, email(verified=True)))
    assert proved.guard is None


async def test_strangers_do_not_use_up_an_order_number(database: Database) -> None:
    """Nine forms with the victim's order number, before the victim writes on two channels of her own."""
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


async def _import(database: Database, handle: Handle, claimed: Handle) -> None:
    """A row of a shop's customers, among whom the stranger has registered with an address that nobody confirmed."""
    row = Listed(handles=(handle,), claims=(claimed,), facts={}, place="list/1")
    await database.write(lambda c: take(c, "demo", [row], "import", actor="cli", now_ms=NOW, policy=POLICY))


async def test_a_list_with_what_somebody_typed_joins_nobody(database: Database) -> None:
    (victim,) = await identify(database, message("v1", email(verified=True), text="Il mio segreto"))
    await identify(database, message("s1", STRANGER))
    await _import(database, Handle("phone", STRANGER.value, "agent"), email())
    (stranger,) = await identify(database, message("s2", STRANGER))
    assert all("segreto" not in one.snippet for one in stranger.history)
    (pair,) = await rows(database, suggestions)
    assert ({pair["customer_id"], pair["owner_id"]}, pair["reason"]) == (set(ids([victim, stranger])), "same_claim")


async def test_a_list_with_what_somebody_typed_gives_nobody_an_address(database: Database) -> None:
    await identify(database, message("s1", STRANGER))
    await _import(database, Handle("phone", STRANGER.value, "agent"), email())
    (victim,) = await identify(database, message("v1", email(verified=True), text="Il mio segreto"))
    (stranger,) = await identify(database, message("s2", STRANGER))
    assert all("segreto" not in one.snippet for one in stranger.history)
    assert victim.customer.id != stranger.customer.id


def _sms(by: str, text: str) -> Contact:
    contact = inbound(f"{by}-1", NUMBER, channel="sms", text=text)
    return Contact(by=by, kind="by hand", connector="sms", inbound=contact, answers=NUMBER)
