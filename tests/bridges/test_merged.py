"""A bridge where agents merge tickets, and where numbers are given again: whose it is, and who is told. A fake Zammad."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import insert, select, update

from desk.bridges.base import SystemUnavailable
from normalizer.inbound import InboundAttachment
from regia import links
from storage.schema import bridge_answers, bridge_posts, bridge_tickets, conversations, messages, outgoing, signals
from tests.bridges.conftest import HEAD, Crossing, across
from tests.bridges.zammad_system import ZammadSystem
from tests.trackers.zammad import FakeZammad


@pytest.fixture
async def desk() -> AsyncIterator[ZammadSystem]:
    async with FakeZammad() as fake:
        yield ZammadSystem(fake)


@pytest.fixture
async def bridged(tmp_path: Path, migrated_sqlite: Path, desk: ZammadSystem) -> AsyncIterator[Crossing]:
    config = f"{HEAD}    queues: [demo.general]{desk.yaml}"
    async with across(tmp_path, migrated_sqlite, desk, config, desk.given) as made:
        yield made


async def lost_answer(bridged: Crossing, monkeypatch: pytest.MonkeyPatch, envelope: bytes) -> str:
    """The contact is put into a ticket, of which the bridge does not hear; its number."""
    system: Any = bridged.bridge.system
    real, numbers = system.open, []

    async def opens(entry: Any) -> str:
        numbers.append(await real(entry))
        raise SystemUnavailable("Zammad gave no answer")

    with monkeypatch.context() as patch:
        patch.setattr(system, "open", opens)
        with pytest.raises(SystemUnavailable):
            await bridged.bridge.take(envelope)
    return str(numbers[0])


def merge(desk: ZammadSystem, source: str, target: str) -> None:
    """As Zammad does: what was said moves, and the ticket that it was in is merged."""
    moved = desk.fake.tickets[int(source)]["article_ids"]
    for id_ in moved:
        desk.fake.articles[id_]["ticket_id"] = int(target)
    desk.fake.tickets[int(target)]["article_ids"] += moved
    desk.fake.tickets[int(source)]["article_ids"] = []
    desk.remove(source)


async def owners(bridged: Crossing) -> dict[str, str]:
    """Whose tickets there are, by number."""
    query = select(bridge_tickets.c.ticket, messages.c.handle_value).join(
        messages, messages.c.conversation_id == bridge_tickets.c.conversation_id
    )
    rows = await bridged.database.read(lambda one: one.execute(query).all())
    return {row.ticket: row.handle_value for row in rows}


async def test_a_ticket_that_agents_merged_another_into_stays_whose_it_was(
    bridged: Crossing, desk: ZammadSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = await bridged.write(text="La padella è arrivata rotta.")
    lost = await lost_answer(bridged, monkeypatch, anna)
    marco = await bridged.bridge.take(await bridged.write("marco@example.it", text="Dov'è il mio ordine?"))
    merge(desk, lost, marco)
    assert await bridged.bridge.take(anna) == marco
    assert await owners(bridged) == {marco: "marco@example.it"}
    assert all(row.ticket == marco for row in await bridged.rows(bridge_posts)), "it is there, and is not put there again"
    desk.answer("giulia", marco, "Caro Marco, ecco il codice.")
    await bridged.look()
    assert [row.handle_value for row in await bridged.rows(outgoing)] == ["marco@example.it"]
    following = await bridged.bridge.take(await bridged.write(text="Avete novità?"))
    assert following != marco
    assert (await owners(bridged))[following] == "anna@example.it"


async def test_what_is_in_several_tickets_is_in_that_of_its_conversation(
    bridged: Crossing, monkeypatch: pytest.MonkeyPatch
) -> None:
    marco = await bridged.bridge.take(await bridged.write("marco@example.it", text="Dov'è il mio ordine?"))
    anna = await bridged.bridge.take(await bridged.write(text="La padella è arrivata rotta."))
    envelope = await bridged.write(text="Avete novità?")
    system: Any = bridged.bridge.system

    async def away(*_: Any, **__: Any) -> Any:
        raise SystemUnavailable("Zammad gave no answer")

    async def both(mark: str, begun_ms: int) -> list[str]:
        return [marco, anna]

    with monkeypatch.context() as patch:
        patch.setattr(system, "add", away)
        with pytest.raises(SystemUnavailable):
            await bridged.bridge.take(envelope)
    monkeypatch.setattr(system, "find", both)
    assert await bridged.bridge.take(envelope) == anna


async def test_a_number_that_is_given_again_tells_nothing_of_whoever_had_it(
    bridged: Crossing, desk: ZammadSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where Zammad was set up anew: only what the bridge's own open gives makes a number somebody else's."""
    number = await bridged.bridge.take(await bridged.write(text="La padella è arrivata rotta."))
    marco = await bridged.write("marco@example.it", text="Dov'è il mio ordine?")
    later = await lost_answer(bridged, monkeypatch, marco)
    swap = update(bridge_tickets).where(bridge_tickets.c.ticket == number).values(ticket=later)
    await bridged.database.write(lambda one: one.execute(swap))
    posts = update(bridge_posts).where(bridge_posts.c.ticket == number).values(ticket=later)
    await bridged.database.write(lambda one: one.execute(posts))
    rename = "UPDATE ticket_events SET ticket = REPLACE(ticket, :old, :new)"
    await bridged.database.write(lambda one: one.exec_driver_sql(rename, {"old": f"/{number}", "new": f"/{later}"}))
    assert await bridged.bridge.take(marco) == later
    assert await owners(bridged) == {later: "marco@example.it"}
    desk.close(later)
    await bridged.look()
    named = orjson.loads(marco)["data"]["conversation"]["id"]
    rows = await bridged.rows(conversations)
    assert {row.id == named: row.open for row in rows} == {True: False, False: True}


async def test_an_id_that_was_given_again_is_told_and_another_answer(bridged: Crossing, desk: ZammadSystem) -> None:
    """As where Zammad was set up anew: Marco's answer has the id that Anna's had."""
    anna = await bridged.bridge.take(await bridged.write(text="La padella è arrivata rotta."))
    marco = await bridged.bridge.take(await bridged.write("marco@example.it", text="Dov'è il mio ordine?"))
    desk.answer("giulia", anna, "Cara Anna, la sostituiamo.")
    await bridged.look()
    (row,) = await bridged.rows(outgoing)
    desk.answer("giulia", marco, "Caro Marco, ecco il codice.")
    (old, new) = (desk.articles(one)[-1]["id"] for one in (anna, marco))
    key = update(outgoing).values(reply_key=row.reply_key.replace(str(old), str(new)))
    await bridged.database.write(lambda one: one.execute(key))
    await bridged.look()
    await bridged.look()
    assert [one.handle_value for one in await bridged.rows(outgoing)] == ["anna@example.it"]
    assert sum("not sent to the customer" in text and "write it anew" in text for text in desk.texts(marco)) == 1
    assert not any("write it anew" in text for text in desk.texts(anna))


async def test_a_contact_that_an_agent_deletes_does_not_silence_its_ticket(bridged: Crossing, desk: ZammadSystem) -> None:
    number = await bridged.bridge.take(await bridged.write(text="La padella è arrivata rotta."))
    for text in ("Avete novità?", "Ecco il numero della mia carta."):
        await bridged.bridge.take(await bridged.write(text=text))
    desk.fake.tickets[int(number)]["article_ids"].pop()
    desk.answer("giulia", number, "Buongiorno.")
    await bridged.look()
    assert [row.text for row in await bridged.rows(outgoing)] == ["Buongiorno."]
    assert await bridged.bridge.take(await bridged.write(text="Grazie!")) == number


async def test_what_bounces_after_it_has_left_is_told_in_its_ticket_once(bridged: Crossing, desk: ZammadSystem) -> None:
    number = await bridged.bridge.take(await bridged.write(text="La padella è arrivata rotta."))
    desk.answer("giulia", number, "Buongiorno.")
    await bridged.look()
    (reply,) = await bridged.rows(outgoing)
    left = update(outgoing).values(state="sent", external_id="<answer@demo.example>", ended_ms=bridged.bridge.now_ms())
    await bridged.database.write(lambda one: one.execute(left))
    await bridged.look()
    assert not any("could not be delivered" in text for text in desk.texts(number))
    told = {"id": "s1", "connector": reply.connector, "type": "status", "external_id": "<answer@demo.example>"}
    told |= {"state": "failed", "received_ms": bridged.bridge.now_ms(), "error": "5.1.1 no mailbox anna@example.it", "raw": b""}
    await bridged.database.write(lambda one: one.execute(insert(signals), [told]))
    await bridged.look()
    await bridged.look()
    (note,) = [text for text in desk.texts(number) if "could not be delivered" in text]
    assert "(5.1.1)" in note
    assert await bridged.rows(bridge_answers) == []


async def test_what_has_left_is_forgotten_after_three_days(bridged: Crossing, desk: ZammadSystem) -> None:
    number = await bridged.bridge.take(await bridged.write(text="La padella è arrivata rotta."))
    desk.answer("giulia", number, "Buongiorno.")
    await bridged.look()
    for days, kept in ((2, 1), (4, 0)):
        ended = update(outgoing).values(state="sent", ended_ms=bridged.bridge.now_ms() - days * 24 * 3_600_000)
        await bridged.database.write(lambda one, ended=ended: one.execute(ended))  # type: ignore[misc]
        await bridged.look()
        assert len(await bridged.rows(bridge_answers)) == kept


async def test_a_link_that_has_ended_while_the_contact_waited_is_signed_anew(
    bridged: Crossing, desk: ZammadSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = InboundAttachment(filename="film.mp4", content_type="video/mp4", content=b"f" * (11 << 20))
    monkeypatch.setattr(links, "LIFETIME", -1)
    envelope = await bridged.write(text="Ecco il film", attachments=(film,))
    monkeypatch.undo()
    number = await bridged.bridge.take(envelope)
    (found,) = re.findall(r"expires=(\d+)", desk.texts(number)[0])
    assert int(found) * 1000 > bridged.bridge.now_ms()
