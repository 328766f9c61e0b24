"""What becomes of contacts, answers and tickets between a gateway and the described systems."""

from typing import Any

import orjson
import pytest
from sqlalchemy import update

from desk.bridges.base import Entry, File, SystemUnavailable, TicketClosed, TicketGone
from regia.runners import bridging
from storage.schema import outgoing
from tests.bridges.described.conftest import Opened, at_once, system_of

SYSTEMS = pytest.mark.parametrize("name", ["zendesk", "freshdesk", "jira"])
ALL = pytest.mark.parametrize("name", ["zendesk", "freshdesk", "jira", "osticket"])
ENTRY = Entry(mark="0190aaaa-0000-7000-8000-000000000001", title="La padella", text="È <rotta> & sporca.\nEnvelope: x")


@SYSTEMS
async def test_the_whole_way_round(opened: Opened, name: str) -> None:
    async with opened(name) as (crossing, desk):
        first = await crossing.write(text="La padella è arrivata rotta.")
        number = await crossing.bridge.take(first)
        assert await crossing.bridge.take(await crossing.write(text="Avete novità?")) == number
        assert desk.tickets() == [number]
        opening, following = desk.texts(number)
        assert "La padella è arrivata rotta." in opening
        assert "Avete novità?" in following
        desk.fake.agent_notes(desk.id(number), "difetto di serie?")
        desk.fake.assigns(desk.id(number))
        desk.fake.agent_answers(desk.id(number), "Buongiorno, la sostituiamo.")
        await crossing.look()
        await crossing.look()
        (row,) = await crossing.rows(outgoing)
        assert (row.text, row.author, row.handle_value) == ("Buongiorno, la sostituiamo.", desk.agent, "anna@example.it")
        desk.fake.closes(desk.id(number))
        await crossing.look()
        again = await crossing.write(text="È ancora rotta.", reply_to=orjson.loads(first)["data"]["external_id"])
        assert await crossing.bridge.take(again) == number
        assert desk.is_open(number)
        await crossing.look()
        told = [event for event, _ in await crossing.told() if event not in ("paused", "resumed")]
        assert told == ["opened", "assigned", "closed", "reopened"]
        failed = update(outgoing).values(state="failed", error="no such mailbox")
        await crossing.database.write(lambda connection: connection.execute(failed))
        await crossing.look()
        await crossing.look()
        assert sum("could not be delivered to the customer (no such mailbox)" in text for text in desk.texts(number)) == 1
        assert len(await crossing.rows(outgoing)) == 1, "what the bridge wrote is nobody's answer"


@pytest.mark.parametrize(("name", "waits"), [("zendesk", "pending"), ("freshdesk", 3)])
async def test_who_answers_in_a_ticket_that_waits_is_waited_for_no_more(opened: Opened, name: str, waits: Any) -> None:
    async with opened(name) as (crossing, desk):
        number = await crossing.bridge.take(await crossing.write(text="La padella è arrivata rotta."))
        desk.fake.closes(desk.id(number), waits)
        await crossing.look()
        assert await crossing.bridge.take(await crossing.write(text="Ecco la foto.")) == number
        await crossing.look()
        assert [event for event, _ in await crossing.told()] == ["opened", "paused", "resumed"]
        assert len(desk.texts(number)) == 2


@SYSTEMS
async def test_a_connection_that_ends_after_the_work_makes_nothing_twice(opened: Opened, name: str) -> None:
    async with opened(name) as (crossing, desk):
        for text, call in (("La padella è arrivata rotta.", desk.creates), ("Avete novità?", desk.adds)):
            envelope = await crossing.write(text=text)
            desk.fake.drop_after_next(on=call)
            with pytest.raises(SystemUnavailable):
                await crossing.bridge.take(envelope)
            number = await crossing.bridge.take(envelope)
            assert desk.tickets() == [number]
            assert sum(text in one for one in desk.texts(number)) == 1
        assert [event for event, _ in await crossing.told()] == ["opened"]


@ALL
async def test_what_is_refused_is_a_dead_letter_and_what_passes_is_waited_for(opened: Opened, name: str) -> None:
    async with opened(name) as (crossing, desk):
        runner = bridging.Crossing(crossing.gateway.configured, crossing.gateway.stores, "helpdesk", "n1/test")
        at_once(runner._bridge.system)
        desk.fake.refuse_next(429, retry_after=7, on=desk.creates)
        envelope = await crossing.write(text="La padella è arrivata rotta.")
        with pytest.raises(SystemUnavailable) as waits:
            await runner._put(envelope)
        assert waits.value.after == 7
        desk.fake.refuse_next(503, on=desk.creates)
        with pytest.raises(SystemUnavailable, match="503"):
            await runner._put(envelope)
        desk.fake.refuse_next(400, on=desk.creates)
        assert await runner._put(envelope) == "refused"
        assert desk.tickets() == []
        assert await runner._put(envelope) == "done", "driven again"
        assert len(desk.tickets()) == 1


async def test_a_system_that_only_opens_tickets_gets_one_for_each_contact(opened: Opened) -> None:
    async with opened("osticket") as (crossing, desk):
        desk_: Any = desk
        first = await crossing.bridge.take(await crossing.write(text="La padella è arrivata rotta."))
        second = await crossing.bridge.take(await crossing.write(text="Avete novità?"))
        third = await crossing.bridge.take(await crossing.write(text="E adesso?"))
        assert desk.tickets() == [first, second, third]
        assert [desk_.subject(one) for one in desk.tickets()] == [
            "La padella",
            f"[{first}] La padella",
            f"[{second}] La padella",
        ]
        assert f"Follows {first}.\n" in desk.texts(second)[0]
        desk.fake.agent_answers(first, "Buongiorno, la sostituiamo.")
        desk.fake.closes(first)
        await crossing.look()
        assert await crossing.rows(outgoing) == []
        assert {event for event, _ in await crossing.told()} == {"opened"}
        assert crossing.bridge.system.url(first) == f"{desk.fake.url}/scp/tickets.php?number={first}"


@ALL
async def test_files_come_along(name: str) -> None:
    files = (
        File(filename="foto uno.jpg", content_type="image/jpeg", content=b"\xff\xd8\xff\x00\r\n--x"),
        File(filename="nota.txt", content_type="text/plain", content="è".encode()),
    )
    async with system_of(name) as (system, desk):
        ticket = await system.open(Entry(mark=ENTRY.mark, title="Foto", text="Ecco", files=files))
        assert desk.files(ticket) == {one.filename: one.content for one in files}


@SYSTEMS
async def test_files_come_along_into_a_ticket_that_is_there(name: str) -> None:
    file = File(filename="foto.jpg", content_type="image/jpeg", content=b"\xff\xd8\xff")
    async with system_of(name) as (system, desk):
        ticket = await system.open(ENTRY)
        await system.add(ticket, Entry(mark="m2", title="Foto", text="Ecco", files=(file,)), reopens=True)
        assert desk.files(ticket) == {"foto.jpg": file.content}


@SYSTEMS
async def test_a_ticket_that_is_closed_or_gone_says_so(name: str) -> None:
    async with system_of(name) as (system, desk):
        ticket = await system.open(ENTRY)
        later = Entry(mark="m2", title="Ancora", text="Avete novità?")
        desk.fake.closes(desk.id(ticket))
        with pytest.raises(TicketClosed):
            await system.add(ticket, later, reopens=False)
        if desk.final:
            desk.seals(ticket)
            with pytest.raises(TicketClosed):
                await system.add(ticket, later, reopens=True)
        assert len(desk.texts(ticket)) == 1
        gone = f"{ticket}999"
        with pytest.raises(TicketGone):
            await system.add(gone, later, reopens=True)
        with pytest.raises(TicketGone):
            await system.note(gone, "m3", "Non inviata.")
        with pytest.raises(TicketGone):
            await system.written(gone, '{"at_ms":0}', ())


@SYSTEMS
async def test_notes_and_contacts_are_there_once(name: str) -> None:
    async with system_of(name) as (system, desk):
        at_once(system)
        ticket = await system.open(ENTRY)
        assert await system.find(ENTRY.mark, 0) == [ticket]
        assert await system.find("0190aaaa-0000-7000-8000-000000000002", 0) == []
        for _ in range(2):
            await system.note(ticket, "17/refused", "Non inviata.")
            await system.add(ticket, Entry(mark="m2", title="", text="Avete novità?", again=True), reopens=True)
        await system.note(ticket, "7/refused", "Un'altra.")
        assert len(desk.texts(ticket)) == 4
        assert await system.has(ticket, ENTRY.mark)
        assert not await system.has(ticket, "refused")
        desk.fake.closes(desk.id(ticket))
        assert not await system.add(ticket, Entry(mark="m2", title="", text="Avete novità?", again=True), reopens=False)
        assert len(desk.texts(ticket)) == 4
        assert not desk.is_open(ticket)


@SYSTEMS
async def test_many_messages_are_read_page_after_page(name: str) -> None:
    async with system_of(name) as (system, desk):
        since = (await system.changed(None)).cursor
        ticket = await system.open(ENTRY)
        for number in range(130):
            desk.fake.agent_answers(desk.id(ticket), f"Risposta {number}")
        texts = [one.text for one in await system.written(ticket, since, ())]
        assert texts == [f"Risposta {number}" for number in range(130)]
        changed = await system.changed(since)
        assert {state.ticket for state in changed.states} == {ticket}
        assert await system.has(ticket, ENTRY.mark)


@SYSTEMS
async def test_many_tickets_are_told_page_after_page(name: str) -> None:
    async with system_of(name) as (system, _):
        at_once(system)
        before = await system.changed(None)
        tickets = [await system.open(Entry(mark=f"mark-{number}", title=f"T{number}", text="x")) for number in range(105)]
        after = await system.changed(before.cursor)
        assert {state.ticket for state in after.states} == set(tickets)
        assert await system.find("mark-1", 0) == [tickets[1]]


@pytest.mark.parametrize(("name", "told"), [("zendesk", "401"), ("freshdesk", "401"), ("jira", "401"), ("osticket", None)])
async def test_a_wrong_key_is_told(name: str, told: str | None) -> None:
    async with system_of(name) as (system, desk):
        desk.fake.token = desk.fake.key = "another"
        if told is not None:
            with pytest.raises(SystemUnavailable, match=told):
                await system.check()
        with pytest.raises(SystemUnavailable, match="401"):
            await system.open(ENTRY)


async def test_what_was_just_sent_is_not_looked_for_too_early() -> None:
    """Jira's search is behind its tickets."""
    async with system_of("jira") as (system, desk):
        desk.fake.drop_after_next(on=desk.creates)
        with pytest.raises(SystemUnavailable):
            await system.open(ENTRY)
        with pytest.raises(SystemUnavailable) as early:
            await system.find(ENTRY.mark, 0)
        assert early.value.after is not None
        assert 50 < early.value.after <= 60


async def test_a_cursor_that_the_system_forgot_is_begun_anew_by_time() -> None:
    async with system_of("zendesk") as (system, desk):
        before = await system.changed((await system.changed(None)).cursor)
        ticket = await system.open(ENTRY)
        desk.fake.refuse_next(422, on="incremental")
        after = await system.changed(before.cursor)
        assert [state.ticket for state in after.states] == [ticket]
