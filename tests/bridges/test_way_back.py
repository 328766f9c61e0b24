"""What of agents' work reaches customers, and what does not: a real Roundup."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import update

from desk.bridges import answer_files, rest
from desk.bridges.base import SystemRefused, SystemUnavailable
from desk.files import FileRules
from storage.schema import bridge_tickets, outgoing, outgoing_files
from tests.bridges.conftest import Crossing
from tests.servers.roundup import RoundupServer

TIMES = "%Y-%m-%d.%H:%M:%S"


async def left(crossing: Crossing) -> list[tuple[str, str]]:
    """Who is to get which words."""
    return [(row.handle_value, row.text) for row in await crossing.rows(outgoing)]


async def opened(crossing: Crossing, sender: str = "anna@example.it") -> str:
    return await crossing.bridge.take(await crossing.write(sender, text=f"La padella di {sender} è arrivata rotta."))


async def test_a_number_that_is_given_again_is_another_ticket(crossing: Crossing) -> None:
    """As after a restore of the tracker, or behind another address."""
    lost, number = await opened(crossing), await opened(crossing, "marco@example.it")
    # The tracker forgot Anna's issue, and gave its number to Marco's.
    gone = bridge_tickets.c.ticket == lost
    await crossing.database.write(lambda one: one.execute(bridge_tickets.delete().where(bridge_tickets.c.ticket == number)))
    await crossing.database.write(lambda one: one.execute(update(bridge_tickets).where(gone).values(ticket=number)))
    crossing.tracker.answer("giulia", number, "Caro Marco, ecco il codice.")
    await crossing.look()
    assert await left(crossing) == []
    assert await crossing.bridge.take(await crossing.write(text="Avete novità?")) not in (number, lost)


async def test_one_message_in_two_issues_is_one_answer(crossing: Crossing) -> None:
    anna, marco = await opened(crossing), await opened(crossing, "marco@example.it")
    message = crossing.tracker.answer("giulia", anna, "Cara Anna, la sostituiamo.").removeprefix("msg")
    await crossing.look()
    messages = [one["id"] for one in crossing.tracker.issue(marco)["messages"]]
    crossing.tracker.change("giulia", marco, messages=[*messages, message])
    await crossing.look()
    assert await left(crossing) == [("anna@example.it", "Cara Anna, la sostituiamo.")]


async def test_only_agents_answer_where_they_are_named(crossing: Crossing) -> None:
    crossing.set(agents=("giulia",))
    number = await opened(crossing)
    crossing.tracker.answer("marco", number, "Ciao, sono io.")
    crossing.tracker.answer("giulia", number, "Buongiorno.")
    await crossing.look()
    assert await left(crossing) == [("anna@example.it", "Buongiorno.")]
    assert any("not one of the agents" in text for text in crossing.texts(number))


async def test_what_an_issue_refuses_holds_up_no_other(crossing: Crossing, monkeypatch: pytest.MonkeyPatch) -> None:
    bad, good = await opened(crossing), await opened(crossing, "marco@example.it")
    crossing.tracker.answer("giulia", bad, "Cara Anna.")
    crossing.tracker.answer("giulia", good, "Caro Marco.")
    system: Any = crossing.bridge.system
    real = system.written

    async def refuses(ticket: str, since: str, known: Any) -> Any:
        if ticket == bad:
            raise SystemRefused("this issue is frozen")
        return await real(ticket, since, known)

    monkeypatch.setattr(system, "written", refuses)
    await crossing.look()
    assert await left(crossing) == [("marco@example.it", "Caro Marco.")]
    monkeypatch.undo()
    for _ in range(10):
        await crossing.look()
    assert sorted(await left(crossing)) == [("anna@example.it", "Cara Anna."), ("marco@example.it", "Caro Marco.")]


async def test_one_issue_without_an_answer_is_not_the_whole_tracker(
    crossing: Crossing, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = await opened(crossing)
    crossing.tracker.answer("giulia", number, "Cara Anna.")
    system: Any = crossing.bridge.system

    async def hidden(*_: Any) -> Any:
        raise SystemUnavailable("Roundup answers 403")

    monkeypatch.setattr(system, "written", hidden)
    await crossing.look()  # the tracker itself answers
    monkeypatch.setattr(system, "check", hidden)
    for _ in range(8):  # it is tried again at the tenth look
        await crossing.look()
    with pytest.raises(SystemUnavailable):
        await crossing.look()


async def test_what_was_written_a_moment_before_the_cursor_is_seen(crossing: Crossing) -> None:
    number = await opened(crossing)
    crossing.tracker.answer("giulia", number, "Cara Anna.")
    (newest,) = crossing.tracker.rest("admin", "GET", "issue?@fields=activity&@sort=-activity&@page_size=1")["collection"]
    later = datetime.strptime(newest["activity"], TIMES).replace(tzinfo=UTC) + timedelta(minutes=1)
    crossing.cursor = f'{{"at":"{later.strftime(TIMES)}"}}'
    await crossing.look()
    assert await left(crossing) == [("anna@example.it", "Cara Anna.")]


async def test_files_of_agents_leave_with_their_answers(crossing: Crossing) -> None:
    number = await opened(crossing)
    attach(crossing.tracker, number, "Ecco il listino in allegato.", "1")
    attach(crossing.tracker, number, "  ", "2")
    crossing.tracker.answer("giulia", number, "  ")
    await crossing.look()
    await crossing.look()
    assert await left(crossing) == [("anna@example.it", "Ecco il listino in allegato."), ("anna@example.it", "")]
    files = await crossing.rows(outgoing_files)
    assert [(one.filename, one.content_type, one.size) for one in files] == [("listino.txt", "text/plain", 1)] * 2
    assert [await crossing.gateway.stores.blobs.get(one.sha256) for one in files] == [b"1", b"2"]
    (note,) = [text for text in crossing.texts(number) if "not sent" in text]
    assert "it has no words" in note


@pytest.mark.parametrize(
    ("text", "rules", "noted"),
    [
        ("Ecco il listino.", FileRules(each=3), "The files of msg"),
        ("Ecco il listino.", FileRules(most=0), "The files of msg"),
        ("  ", FileRules(each=3), "This answer was not sent to the customer: msg"),
    ],
)
async def test_files_that_the_channel_does_not_take_are_told_of(
    crossing: Crossing, text: str, rules: FileRules, noted: str
) -> None:
    desk = crossing.bridge.desk
    crossing.bridge.desk = replace(desk, channels=replace(desk.channels, files=rules))
    number = await opened(crossing)
    attach(crossing.tracker, number, text, "1234")
    await crossing.look()
    await crossing.look()
    assert await left(crossing) == [("anna@example.it", text)] * bool(text.strip())
    (note,) = [one for one in crossing.texts(number) if "sent to the customer" in one]
    assert note.startswith(noted)


@contextmanager
def unreadable(tracker: RoundupServer, name: str) -> Iterator[None]:
    """What the tracker keeps in a file of this name."""
    (path,) = (tracker.folder / "tracker" / "db" / "files").rglob(name)
    moved = path.rename(path.with_name("elsewhere"))
    yield
    moved.rename(path)


async def test_an_answer_waits_for_a_file_that_cannot_be_read_now(crossing: Crossing) -> None:
    number = await opened(crossing)
    file = attach(crossing.tracker, number, "Ecco il listino.", "1234")
    with unreadable(crossing.tracker, f"file{file}"):
        await crossing.look()
        assert await left(crossing) == []
    for _ in range(10):
        await crossing.look()
    assert await left(crossing) == [("anna@example.it", "Ecco il listino.")]
    assert [one.size for one in await crossing.rows(outgoing_files)] == [4]


async def test_an_answer_does_not_wait_for_ever_for_a_file(crossing: Crossing, monkeypatch: pytest.MonkeyPatch) -> None:
    number = await opened(crossing)
    file = attach(crossing.tracker, number, "Ecco il listino.", "1234")
    with unreadable(crossing.tracker, f"file{file}"):
        await crossing.look()
        now_ms = crossing.bridge.now_ms
        monkeypatch.setattr(crossing.bridge, "now_ms", lambda: now_ms() + 3_600_000)
        for _ in range(10):
            await crossing.look()
    assert await left(crossing) == [("anna@example.it", "Ecco il listino.")]
    assert await crossing.rows(outgoing_files) == []
    (note,) = [one for one in crossing.texts(number) if "sent to the customer" in one]
    assert note.endswith("the ticket system could not give them for an hour.")


@pytest.mark.parametrize(
    ("bound", "why"),
    [(rest, "the ticket system does not give them."), (answer_files, "they are larger than any channel takes.")],
)
async def test_a_file_that_is_too_large_stays_behind(
    crossing: Crossing, monkeypatch: pytest.MonkeyPatch, bound: ModuleType, why: str
) -> None:
    monkeypatch.setattr(bound, "MAX_FILE", 3)
    number = await opened(crossing)
    attach(crossing.tracker, number, "Ecco il listino.", "1234")
    await crossing.look()
    assert await left(crossing) == [("anna@example.it", "Ecco il listino.")]
    (note,) = [one for one in crossing.texts(number) if "sent to the customer" in one]
    assert note.endswith(why)


def attach(tracker: RoundupServer, number: str, text: str, content: str) -> str:
    """A message of giulia's with a file, which has this number."""
    given = {"name": "listino.txt", "type": "text/plain", "content": content}
    file: str = tracker.rest("giulia", "POST", "file", given)["id"]
    message = tracker.answer("giulia", number, text).removeprefix("msg")
    etag = tracker.rest("giulia", "GET", f"msg/{message}")["@etag"]
    tracker.rest("admin", "PUT", f"msg/{message}", {"files": [file]}, **{"If-Match": etag})
    return file


async def test_a_message_that_cannot_be_read_is_no_answer(crossing: Crossing) -> None:
    number = await opened(crossing)
    message = crossing.tracker.answer("giulia", number, "Cara Anna.")
    with unreadable(crossing.tracker, message):
        await crossing.look()
        assert await left(crossing) == []
    for _ in range(10):
        await crossing.look()
    assert await left(crossing) == [("anna@example.it", "Cara Anna.")]
