"""What is particular to HubSpot: its unique property, its contacts, its limits, and an index that lags behind."""

from collections.abc import AsyncIterator
from html import escape, unescape
from pathlib import Path
from typing import Any

import orjson
import pytest

from desk.bridges.base import Person, SystemRefused, SystemUnavailable
from desk.bridges.hubspot_people import People
from normalizer.inbound import InboundAttachment
from storage.schema import outgoing
from tests.bridges.conftest import HEAD, Crossing, across
from tests.bridges.hubspot_system import HubSpotSystem
from tests.trackers.hubspot import FakeHubSpot


@pytest.fixture
async def hubspot() -> AsyncIterator[HubSpotSystem]:
    async with FakeHubSpot() as fake:
        yield HubSpotSystem(fake)
    assert fake.violations == []


@pytest.fixture
async def bridged(tmp_path: Path, migrated_sqlite: Path, hubspot: HubSpotSystem) -> AsyncIterator[Crossing]:
    config = f"{HEAD}    queues: [demo.general]{hubspot.yaml}"
    async with across(tmp_path, migrated_sqlite, hubspot, config, hubspot.given) as made:
        yield made


async def opened(bridged: Crossing, sender: str = "anna@example.it") -> str:
    return await bridged.bridge.take(await bridged.write(sender, text="La padella è arrivata rotta."))


async def test_the_property_is_made_and_has_unique_values(bridged: Crossing, hubspot: HubSpotSystem) -> None:
    await bridged.bridge.system.check()
    await bridged.bridge.system.check()
    assert hubspot.fake.properties["tickets"]["regia_contact"].unique


async def test_a_property_that_is_not_unique_is_not_used(bridged: Crossing, hubspot: HubSpotSystem) -> None:
    hubspot.fake.add_property("tickets", "ours")
    bridged.set(property="ours")
    with pytest.raises(SystemRefused, match="not one of unique values"):
        await bridged.bridge.system.check()


async def test_a_lost_answer_is_found_though_the_index_knows_nothing(bridged: Crossing, hubspot: HubSpotSystem) -> None:
    hubspot.fake.indexing_s = 1e6
    envelope = await bridged.write(text="La padella è arrivata rotta.")
    hubspot.fake.drop_after_next(on="POST /crm/v3/objects/tickets$")
    with pytest.raises(SystemUnavailable):
        await bridged.bridge.take(envelope)
    assert [await bridged.bridge.take(envelope)] == hubspot.numbers()


async def test_a_ticket_that_another_request_opened_meanwhile_is_taken(bridged: Crossing, hubspot: HubSpotSystem) -> None:
    """Ours, which HubSpot worked on for longer than we waited."""
    envelope = await bridged.write(text="La padella è arrivata rotta.")
    system: Any = bridged.bridge.system
    await system.check()
    values = {"subject": "x", "content": "y", "hs_pipeline_stage": "1", "regia_contact": orjson.loads(envelope)["id"]}
    other = hubspot.fake.create("tickets", values)
    assert await bridged.bridge.take(envelope) == other.id


async def test_a_limit_is_waited_for_as_long_as_it_says(bridged: Crossing, hubspot: HubSpotSystem) -> None:
    hubspot.fake.refuse_next(429, retry_after=7)
    with pytest.raises(SystemUnavailable, match="429") as limited:
        await bridged.bridge.system.check()
    assert limited.value.after == 7


@pytest.mark.parametrize(
    ("told", "proof", "known"), [("verified", "verified", 1), ("verified", "claimed", 0), ("all", "claimed", 1)]
)
async def test_who_becomes_a_contact(bridged: Crossing, hubspot: HubSpotSystem, told: str, proof: str, known: int) -> None:
    bridged.set(customers=told)
    for text in ("La padella è arrivata rotta.", "E il coperchio."):
        envelope = orjson.loads(await bridged.write(text=text))
        envelope["data"]["sender"]["handle"]["proof"] = proof
        number = await bridged.bridge.take(orjson.dumps(envelope))
    assert [one.properties["email"] for one in hubspot.fake.contacts.values()] == ["anna@example.it"] * known
    assert len(hubspot.fake.linked(hubspot.fake.tickets[number], "contacts")) == known


async def test_a_contact_is_found_by_address_or_number(bridged: Crossing, hubspot: HubSpotSystem) -> None:
    system: Any = bridged.bridge.system
    people = People(system._rest)
    anna = hubspot.fake.create("contacts", {"email": "anna@example.it"})
    marco = hubspot.fake.create("contacts", {"mobilephone": "+393331234567"})
    assert await people.contact(Person(email="Anna@example.it", phone="+391", proven=True)) == anna.id
    assert await people.contact(Person(phone="+393331234567", proven=True)) == marco.id
    new = await people.contact(Person(name="Ugo", phone="+39021234567", proven=True))
    assert hubspot.fake.contacts[new].properties["firstname"] == "Ugo"
    assert await people.contact(Person(phone="+39021234567", proven=True)) == new


async def test_files_that_it_does_not_take_are_named(bridged: Crossing, hubspot: HubSpotSystem) -> None:
    file = InboundAttachment(filename="foto.jpg", content_type="image/jpeg", content=b"p" * 100)
    hubspot.fake.refuse_next(413, on="/files/")
    number = await bridged.bridge.take(await bridged.write(text="Ecco", attachments=(file,)))
    assert hubspot.files(number) == []
    assert "foto.jpg is not here: the ticket system did not take it." in hubspot.texts(number)[0]


async def test_a_contact_that_somebody_made_meanwhile_is_taken(
    bridged: Crossing, hubspot: HubSpotSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    system: Any = bridged.bridge.system
    people = People(system._rest)
    real, asked = people._of, []

    async def is_late(email: str) -> str | None:
        found = await real(email)
        if not asked:
            hubspot.fake.create("contacts", {"email": email})
        asked.append(email)
        return found

    monkeypatch.setattr(people, "_of", is_late)
    assert await people.contact(Person(email="anna@example.it", proven=True)) in hubspot.fake.contacts
    assert len(hubspot.fake.contacts) == 1


async def test_a_note_is_seen_when_the_index_knows_it(bridged: Crossing, hubspot: HubSpotSystem) -> None:
    number = await opened(bridged)
    hubspot.fake.indexing_s = 30
    hubspot.answer("giulia", number, "Buongiorno.")
    await bridged.look()
    assert await bridged.rows(outgoing) == []
    hubspot.fake.indexing_s = 0
    await bridged.look()
    assert [(row.text, row.author) for row in await bridged.rows(outgoing)] == [("Buongiorno.", "giulia@support.example")]


async def test_a_mail_that_hubspot_sends_is_not_sent_again(bridged: Crossing, hubspot: HubSpotSystem) -> None:
    number = await opened(bridged)
    hubspot.fake.agent_answers(number, "Buongiorno.")
    await bridged.look()
    assert await bridged.rows(outgoing) == []


async def test_what_others_write_in_tickets_of_their_own_is_no_answer(bridged: Crossing, hubspot: HubSpotSystem) -> None:
    await opened(bridged)
    other = hubspot.fake.create("tickets", {"subject": "Stampante", "content": "rotta", "hs_pipeline_stage": "1"})
    hubspot.answer("giulia", other.id, "La guardo io.")
    await bridged.look()
    assert await bridged.rows(outgoing) == []


@pytest.mark.parametrize(
    ("settings", "missing"),
    [
        ({"pipeline": "Sales"}, "no pipeline 'Sales'"),
        ({"closed": ("Shut",)}, "no stage 'Shut'"),
        ({"priorities": {0: "HOTTEST"}}, "no priority 'HOTTEST'"),
    ],
)
async def test_a_name_that_it_does_not_have_is_said(bridged: Crossing, settings: dict[str, Any], missing: str) -> None:
    bridged.set(**settings)
    with pytest.raises(SystemRefused, match=missing):
        await bridged.bridge.system.check()


async def test_a_missing_scope_waits_for_a_person(bridged: Crossing, hubspot: HubSpotSystem) -> None:
    hubspot.fake.scopes.discard("tickets")
    with pytest.raises(SystemUnavailable, match="403"):
        await opened(bridged)


async def test_what_the_bridge_wrote_is_no_answer_where_all_notes_are(bridged: Crossing, hubspot: HubSpotSystem) -> None:
    """Also where it ends below the dashes of a signature, as it does."""
    bridged.set(answers="all", mark="#internal")
    number = await opened(bridged)
    await bridged.bridge.take(await bridged.write(text="Avete novità?"))
    own = hubspot.notes(number)[0].properties["hs_note_body"]
    await bridged.bridge.system.note(number, "txn1/refused", "Non è partita.\n\n-- \nRegia")
    await bridged.look()
    assert await bridged.rows(outgoing) == []
    assert len(hubspot.notes(number)) == 2, "nothing is noted of it either"
    values = {"hs_timestamp": str(hubspot.fake.now_ms()), "hubspot_owner_id": "78"}
    quoting = {**values, "hs_note_body": f"<p>Buongiorno.</p><blockquote>{own}</blockquote>"}
    hubspot.fake.link(hubspot.fake.create("notes", quoting), hubspot.fake.tickets[number])
    await bridged.look()
    assert [row.text for row in await bridged.rows(outgoing)] == ["Buongiorno."]


async def test_a_note_of_nobody_is_no_agents(bridged: Crossing, hubspot: HubSpotSystem) -> None:
    bridged.set(answers="all", mark="#internal")
    number = await opened(bridged)
    values = {"hs_timestamp": str(hubspot.fake.now_ms()), "hs_note_body": "<p>Da un programma.</p>"}
    hubspot.fake.link(hubspot.fake.create("notes", values), hubspot.fake.tickets[number])
    await bridged.look()
    assert await bridged.rows(outgoing) == []
    assert sum("not one of the agents" in text for text in hubspot.texts(number)) == 1


async def test_an_address_that_it_does_not_take_is_no_contact(bridged: Crossing, hubspot: HubSpotSystem) -> None:
    bridged.set(customers="all")
    hubspot.fake.refuse_next(400, on="POST /crm/v3/objects/contacts$")
    number = await opened(bridged)
    assert hubspot.numbers() == [number]
    assert hubspot.fake.contacts == {}


@pytest.mark.parametrize("line", ["è\n", "&", "a" * 61 + "&\n", "<x>\n"])
async def test_a_note_that_is_too_long_is_cut_and_its_mark_stays(bridged: Crossing, hubspot: HubSpotSystem, line: str) -> None:
    """Line breaks and signs are longer as markup."""
    number = await opened(bridged)
    for _ in range(2):
        await bridged.bridge.system.note(number, "txn1/refused", line * 60_000)
    (note,) = hubspot.notes(number)
    body = note.properties["hs_note_body"]
    assert 59_900 < len(body) < 65_536
    assert body.endswith("<br><br>[regia txn1/refused]")
    cut = body.removesuffix("<br><br>[regia txn1/refused]")
    whole = escape(line, quote=False).replace("\n", "<br>") * 60_000
    assert whole.startswith(cut)
    assert unescape(cut) == unescape(whole)[: len(unescape(cut))]
