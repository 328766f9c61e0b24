"""Attacks that people's merges, records and numbers given out again once made possible, done by hand. See FOUND.md."""

from sqlalchemy import Connection

from identity import links, merges
from normalizer.inbound import Handle
from storage.database import Database
from tests.contacts import email, message, phone
from tests.identity.batches import POLICY, identify

NOW = 1_795_284_000_000
DAY = 24
APP = Handle("app_user", "shop:1", "verified")
NUMBER = phone("+390000000001")


async def _merge(database: Database, one: str, other: str, top: str | None = None) -> None:
    await database.write(lambda c: merges.merge(c, one, other, actor="giulia", now_ms=NOW, policy=POLICY, top=top))


async def _unmerge(database: Database, one: str) -> None:
    await database.write(lambda c: merges.unmerge(c, one, actor="giulia", now_ms=NOW, policy=POLICY))


async def test_who_types_an_address_that_was_accepted_once_is_shown_nothing(database: Database) -> None:
    (anna,) = await identify(database, message("v1", email(verified=True), sender_name="Anna", text="Il mio segreto"))
    (form,) = await identify(database, message("f1", email(), channel="web_form"))
    await _merge(database, anna.customer.id, form.customer.id)
    typed = message("s1", email(), channel="web_form", sender_name="Mario Rossi")
    (stranger,) = await identify(database, typed)
    assert all("segreto" not in one.snippet for one in stranger.history)


async def test_who_types_an_address_that_was_accepted_once_renames_nobody(database: Database) -> None:
    (anna,) = await identify(database, message("v1", email(verified=True), sender_name="Anna"))
    (form,) = await identify(database, message("f1", email(), channel="web_form"))
    await _merge(database, anna.customer.id, form.customer.id)
    await identify(database, message("s1", email(), channel="web_form", sender_name="Mario Rossi"))
    (later,) = await identify(database, message("v2", email(verified=True)))
    assert later.customer.name == "Anna"


async def test_who_types_an_accepted_address_proves_his_own_for_nobody_else(database: Database) -> None:
    """The site asks the visitor to prove a phone: the code comes to the stranger's, for the customer of the typed address."""
    (anna,) = await identify(database, message("v1", email(verified=True), text="Il mio segreto"))
    (form,) = await identify(database, message("f1", email(), channel="web_form"))
    await _merge(database, anna.customer.id, form.customer.id)
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


async def test_what_a_stranger_proves_while_mistaken_for_the_victim_goes_with_him(database: Database) -> None:
    """Victim and stranger are merged by mistake. Then the stranger's token joins his app to his phone, by themselves: his
    app goes below whoever is at the top, who is the victim. The unmerge leaves it there."""
    (victim,) = await identify(database, message("v1", email(verified=True), text="Il mio segreto"))
    (stranger,) = await identify(database, message("s1", phone()))
    await identify(database, message("s2", APP, channel="app"))
    await _merge(database, victim.customer.id, stranger.customer.id, top=victim.customer.id)
    await identify(database, message("s3", APP, aliases=[phone()], channel="app"))
    await _unmerge(database, stranger.customer.id)
    (later,) = await identify(database, message("s4", APP, channel="app"))
    assert later.customer.id != victim.customer.id
    assert all("segreto" not in one.snippet for one in later.history)


async def test_a_number_that_only_tokens_still_name_is_not_kept_alive(database: Database) -> None:
    """The victim gave the number up; the shop has never asked again, and says in every token that it is confirmed. Nobody
    has written from it for 480 days."""
    (victim,) = await identify(database, message("v1", NUMBER, text="Il mio segreto"))
    for number in range(24):
        named = message(
            f"a{number}", APP, aliases=[NUMBER], recorded=True, channel="app", hours=20 * DAY * number, text="Il mio segreto"
        )
        await identify(database, named)
    (stranger,) = await identify(database, message("s1", NUMBER, hours=480 * DAY))
    assert stranger.customer.id != victim.customer.id


async def test_a_token_that_names_a_number_of_before_joins_nobody(database: Database) -> None:
    """The number has gone to the stranger (`recycled`). The victim's next token joins the two, by themselves."""
    await identify(database, message("v1", NUMBER, text="Il mio segreto"))
    (victim,) = await identify(database, message("a1", APP, aliases=[NUMBER], recorded=True, channel="app"))
    (stranger,) = await identify(database, message("s1", NUMBER, hours=400 * DAY))
    assert stranger.customer.id != victim.customer.id
    await identify(database, message("a2", APP, aliases=[NUMBER], recorded=True, channel="app", hours=401 * DAY))
    (again,) = await identify(database, message("s2", NUMBER, hours=402 * DAY))
    assert all("segreto" not in one.snippet for one in again.history)
