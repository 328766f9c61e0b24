"""What every bridge promises, of each ticket system beside Roundup: the same tests with each."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import update

from connectors.errors import HttpFailed
from desk.bridges.base import SystemUnavailable
from normalizer.inbound import InboundAttachment
from storage.schema import bridge_answers, outgoing, outgoing_files
from tests.bridges.conftest import HEAD, Crossing, across
from tests.bridges.hubspot_system import HubSpotSystem
from tests.bridges.systems import Kept, System
from tests.bridges.zammad_system import ZammadSystem
from tests.trackers.hubspot import FakeHubSpot
from tests.trackers.zammad import FakeZammad

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20
FAKES = {"zammad": (FakeZammad, ZammadSystem), "hubspot": (FakeHubSpot, HubSpotSystem)}


@pytest.fixture(params=[pytest.param("rt", marks=pytest.mark.request_tracker), *FAKES])
async def system(request: pytest.FixtureRequest) -> AsyncIterator[System]:
    """A real Request Tracker, and strict fakes of those that cannot be run."""
    if request.param == "rt":
        yield request.getfixturevalue("request_tracker")
        return
    fake_of, system_of = FAKES[request.param]
    async with fake_of() as fake:
        yield system_of(fake)
    assert fake.violations == []


@pytest.fixture
async def bridged(tmp_path: Path, migrated_sqlite: Path, system: System) -> AsyncIterator[Crossing]:
    config = f"{HEAD}    queues: [demo.general]{system.yaml}"
    async with across(tmp_path, migrated_sqlite, system, config, system.given) as made:
        yield made


async def left(bridged: Crossing) -> list[tuple[str, str]]:
    """Who is to get which words."""
    return [(row.handle_value, row.text) for row in await bridged.rows(outgoing)]


async def opened(bridged: Crossing, sender: str = "anna@example.it") -> str:
    return await bridged.bridge.take(await bridged.write(sender, text=f"La padella di {sender} è arrivata rotta."))


async def test_it_knows_every_name_of_the_settings(bridged: Crossing) -> None:
    await bridged.bridge.system.check()


async def test_a_contact_is_a_ticket_and_the_next_a_message_of_it(bridged: Crossing, system: System) -> None:
    envelope = await bridged.write(text="La padella è arrivata rotta.", sender_name="Anna Bianchi")
    number = await bridged.bridge.take(envelope)
    assert await bridged.bridge.take(await bridged.write(text="Avete novità? <b>€</b>")) == number
    assert await bridged.bridge.take(envelope) == number, "again"
    assert system.title(number) == "La padella"
    first, second = system.texts(number)
    assert first.startswith('From: email anna@example.it (claimed), by email, called "Anna Bianchi"')
    assert "La padella è arrivata rotta.\n" in first
    assert "https://gw.example" in first
    assert "\n\nAvete novità? <b>€</b>\n" in second
    assert await bridged.told() == [("opened", f"helpdesk/{number}")]
    assert await opened(bridged, "marco@example.it") != number


async def test_a_priority_has_a_name_there(bridged: Crossing, system: Any) -> None:
    number = await bridged.bridge.take(await bridged.write(text="La padella ha preso fuoco"))
    assert system.priority(number) == system.hot


async def test_an_answer_leaves_once_and_what_agents_say_among_themselves_does_not(bridged: Crossing, system: System) -> None:
    number = await opened(bridged)
    system.answer("giulia", number, "Buongiorno, è <rotta>?\n\nLa sostituiamo.")
    system.inner("giulia", number, "difetto di serie?")
    for _ in range(3):
        await bridged.look()
    assert await left(bridged) == [("anna@example.it", "Buongiorno, è <rotta>?\n\nLa sostituiamo.")]
    (row,) = await bridged.rows(outgoing)
    assert row.author.startswith("giulia")
    await bridged.bridge.take(await bridged.write(text="Grazie!"))
    await bridged.look()
    assert len(await left(bridged)) == 1, "what the customer wrote is no answer"


async def test_an_answer_is_seen_once_also_after_a_restart(bridged: Crossing, system: System) -> None:
    number = await opened(bridged)
    system.answer("giulia", number, "Buongiorno.")
    await bridged.look()
    bridged.set()
    await bridged.look()
    assert len(await left(bridged)) == 1


async def test_only_agents_answer_where_they_are_named(bridged: Crossing, system: System) -> None:
    number = await opened(bridged)
    bridged.set(agents=("somebody else",))
    system.answer("giulia", number, "Ciao, sono io.")
    await bridged.look()
    assert await left(bridged) == []
    assert sum("not one of the agents" in text for text in system.texts(number)) == 1


async def test_an_answer_that_does_not_arrive_is_told_in_the_ticket_once(bridged: Crossing, system: System) -> None:
    number = await opened(bridged)
    system.answer("giulia", number, "Buongiorno.")
    await bridged.look()
    failed = update(outgoing).values(state="failed", error="no such mailbox")
    await bridged.database.write(lambda connection: connection.execute(failed))
    await bridged.look()
    await bridged.look()
    notes = [text for text in system.texts(number) if "could not be delivered" in text]
    assert len(notes) == 1
    assert "(no such mailbox)" in notes[0]
    assert await bridged.rows(bridge_answers) == []
    await bridged.look()
    assert len(await left(bridged)) == 1, "a note is no answer"


async def test_a_note_is_written_once(bridged: Crossing, system: System) -> None:
    number = await opened(bridged)
    for _ in range(2):
        await bridged.bridge.system.note(number, "txn1/refused", "Non è partita.")
    assert sum("Non è partita." in text for text in system.texts(number)) == 1


async def test_what_agents_do_to_a_ticket_is_told(bridged: Crossing, system: System) -> None:
    number = await opened(bridged)
    system.assign(number, "giulia")
    await bridged.look()
    system.close(number)
    await bridged.look()
    await bridged.look()
    assert [event for event, _ in await bridged.told()] == ["opened", "assigned", "closed"]


@pytest.mark.parametrize("when_closed", ["reopen", "follow_up"])
async def test_who_answers_in_a_closed_ticket_is_heard(bridged: Crossing, system: System, when_closed: str) -> None:
    bridged.set(when_closed=when_closed)
    first = await bridged.write(text="La padella è arrivata rotta.")
    number = await bridged.bridge.take(first)
    system.close(number)
    await bridged.look()
    again = await bridged.write(text="È ancora rotta.", reply_to=orjson.loads(first)["data"]["external_id"])
    taken = await bridged.bridge.take(again)
    await bridged.look()
    if when_closed == "reopen":
        assert taken == number
        assert not system.is_closed(number)
        assert [event for event, _ in await bridged.told()] == ["opened", "closed", "reopened"]
    else:
        assert taken != number
        assert f"Follows {number}, which is closed." in system.texts(taken)[0]
        assert system.is_closed(number)


@pytest.mark.parametrize("when_closed", ["reopen", "follow_up"])
async def test_who_answers_in_a_ticket_that_waits_is_waited_for_no_more(
    bridged: Crossing, system: System, when_closed: str
) -> None:
    bridged.set(when_closed=when_closed, paused=(system.waits,))
    number = await opened(bridged)
    system.pause(number)
    await bridged.look()
    assert await bridged.bridge.take(await bridged.write(text="Ecco la foto.")) == number
    await bridged.look()
    assert [event for event, _ in await bridged.told()] == ["opened", "paused", "resumed"]


async def test_a_ticket_that_was_removed_is_replaced(bridged: Crossing, system: System) -> None:
    number = await opened(bridged)
    system.remove(number)
    taken = await bridged.bridge.take(await bridged.write(text="Avete novità?"))
    assert taken != number
    assert "Avete novità?" in system.texts(taken)[0]
    await bridged.look()


async def test_files_come_along_up_to_their_size(bridged: Crossing, system: System) -> None:
    photo, film = b"\xff\xd8\xff" + b"p" * 2000, b"f" * (11 << 20)
    files = tuple(
        InboundAttachment(filename=name, content_type=kind, content=content)
        for name, kind, content in (("foto più €.jpg", "image/jpeg", photo), ("film.mp4", "video/mp4", film))
    )
    number = await bridged.bridge.take(await bridged.write(text="Ecco le foto", attachments=files))
    (file,) = system.files(number)
    assert (file.filename, file.content_type, file.content) == (system.filename("foto più €.jpg"), "image/jpeg", photo)
    assert "- film.mp4, 11,534,336 bytes: https://gw.example/" in system.texts(number)[0]
    await bridged.bridge.take(await bridged.write(text="Ancora una", attachments=files[:1]))
    assert len(system.files(number)) == 2


async def test_files_of_an_agent_leave_with_the_answer(bridged: Crossing, system: System) -> None:
    number = await opened(bridged)
    photo = Kept("come fare.png", "image/png", PNG)
    system.answer_with("giulia", number, "Ecco come si fa.", photo)
    await bridged.look()
    await bridged.look()
    (row,) = await bridged.rows(outgoing)
    (file,) = await bridged.rows(outgoing_files)
    assert (row.text, file.outgoing_id) == ("Ecco come si fa.", row.id)
    assert (file.filename, file.content_type, file.sha256) == (photo.filename, "image/png", sha256(PNG).hexdigest())
    assert await bridged.gateway.stores.blobs.get(file.sha256) == PNG
    assert not any("sent to the customer" in text for text in system.texts(number))


class Breaking:
    """An HTTP client whose request of this number fails, before or after it was made."""

    def __init__(self, http: Any, number: int, broken: str) -> None:
        self.http = http
        self.number = number
        self.broken = broken
        self.made = 0

    async def request(self, *given: Any, **more: Any) -> Any:
        self.made += 1
        if self.made != self.number:
            return await self.http.request(*given, **more)
        if self.broken == "after":
            await self.http.request(*given, **more)
        raise HttpFailed("provider_error", sent=self.broken == "after")


def http_of(bridged: Crossing) -> tuple[Any, Callable[[Any], None]]:
    """The client that the bridge asks with, and how to give it another."""
    rest = bridged.bridge.system._rest._rest  # type: ignore[attr-defined]
    return rest.http, lambda http: object.__setattr__(rest, "http", http)


@pytest.mark.timeout(600)  # a real one is asked some hundred times
@pytest.mark.parametrize("broken", ["before", "after"])
@pytest.mark.parametrize("what", ["first", "next", "reopens", "closed-meanwhile"])
async def test_a_bridge_that_dies_at_any_request_goes_on_where_it_was(
    bridged: Crossing, system: System, what: str, broken: str
) -> None:
    file = InboundAttachment(filename="foto.jpg", content_type="image/jpeg", content=b"p" * 100)
    for request in range(1, 20):
        sender = f"{what}{broken}{request}@example.it"
        first = await bridged.write(sender, text="La padella è arrivata rotta.")
        known = None if what == "first" else await bridged.bridge.take(first)
        if what == "reopens" and known:
            system.close(known)
        reply = orjson.loads(first)["data"]["external_id"]
        envelope = first if known is None else await bridged.write(sender, text="E poi?", reply_to=reply, attachments=(file,))
        before = set(system.numbers())
        http, use = http_of(bridged)
        breaking = Breaking(http, request, broken)
        use(breaking)
        failed = False
        try:
            await bridged.bridge.take(envelope)
        except SystemUnavailable:
            failed = True
        use(http)
        if what == "closed-meanwhile" and known and failed:
            bridged.bridge._limits = replace(bridged.bridge._limits, when_closed="follow_up")
            system.close(known)
        number = await bridged.bridge.take(envelope)
        new = set(system.numbers()) - before
        assert len(new) == (known is None) or (what == "closed-meanwhile" and len(new) == 1), (request, new)
        mark = f"Envelope: {orjson.loads(envelope)['id']}"
        assert sum(mark in text for one in {known or number, number, *new} for text in system.texts(one)) == 1, request
        assert what == "closed-meanwhile" or not system.is_closed(number)
        if not failed and breaking.made < request:
            break
    else:
        pytest.fail("it never got through")
    assert request > 1


async def test_a_system_that_is_away_is_waited_for(bridged: Crossing) -> None:
    _, use = http_of(bridged)
    use(Breaking(None, 1, "before"))
    with pytest.raises(SystemUnavailable, match="gave no answer"):
        await bridged.bridge.system.check()
