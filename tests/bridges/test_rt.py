"""What is particular to Request Tracker: scrips that write to customers, people who are no agents, tickets that are merged."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydantic import SecretStr

from desk.bridges.base import Entry, SystemRefused, SystemUnavailable
from storage.schema import outgoing, outgoing_files
from tests.bridges.conftest import HEAD, Crossing, across
from tests.bridges.rt_system import RtSystem
from tests.servers.request_tracker import CUSTOMER

pytestmark = pytest.mark.request_tracker


@pytest.fixture
async def bridged(tmp_path: Path, migrated_sqlite: Path, request_tracker: RtSystem) -> AsyncIterator[Crossing]:
    config = f"{HEAD}    queues: [demo.general]{request_tracker.yaml}"
    async with across(tmp_path, migrated_sqlite, request_tracker, config, request_tracker.given) as made:
        yield made


async def opened(bridged: Crossing, proof: str = "claimed") -> str:
    envelope = orjson.loads(await bridged.write(text="La padella è arrivata rotta."))
    envelope["data"]["sender"]["handle"]["proof"] = proof
    return await bridged.bridge.take(orjson.dumps(envelope))


async def answers(bridged: Crossing) -> list[str]:
    return [row.text for row in await bridged.rows(outgoing)]


@pytest.mark.parametrize(
    ("told", "proof", "mails"), [("none", "verified", 0), ("verified", "claimed", 0), ("verified", "verified", 1)]
)
async def test_it_writes_to_a_customer_only_who_is_made_the_requestor(
    bridged: Crossing, request_tracker: RtSystem, told: str, proof: str, mails: int
) -> None:
    """By the scrips of a new Request Tracker: a mail for the new ticket, none for what the customer writes."""
    bridged.set(requestors=told)
    number = await opened(bridged, proof)
    await bridged.bridge.take(await bridged.write(text="Avete novità?"))
    found = request_tracker.server.rest("root", "GET", f"ticket/{number}")
    assert [one["id"] for one in found["Requestor"]] == ["anna@example.it"] * mails
    assert len(request_tracker.server.transactions(number, "EmailRecord", "CommentEmailRecord")) == mails


async def test_an_answer_in_html_is_text_without_what_it_quotes(bridged: Crossing, request_tracker: RtSystem) -> None:
    number = await opened(bridged)
    quoted = "<p>On Sat Nov 28 00:03:38 2026, regia wrote:</p><blockquote>Contacts before: 3<br>Envelope: 1</blockquote>"
    request_tracker.server.answer("giulia", number, f"<p>Sì,&nbsp;<b>rotta</b>.</p>{quoted}", ContentType="text/html")
    plain = "On Sat Nov 28 00:03:38 2026, regia wrote:\n> Contacts before: 3\n\nLa sostituiamo.\n\n-- \nGiulia\nAssistenza"
    request_tracker.answer("giulia", number, plain)
    file = {"FileName": "listino.txt", "FileType": "text/plain", "FileContent": "MQ=="}
    request_tracker.server.answer("giulia", number, "Ecco il listino.", Attachments=[file])
    await bridged.look()
    assert await answers(bridged) == ["Sì, rotta.", "La sostituiamo.", "Ecco il listino."]
    assert [one.filename for one in await bridged.rows(outgoing_files)] == ["listino.txt"]
    assert not any("sent to the customer" in text for text in request_tracker.texts(number))


async def test_who_has_no_privileges_is_no_agent(bridged: Crossing, request_tracker: RtSystem) -> None:
    number = await opened(bridged)
    request_tracker.answer(CUSTOMER, number, "Sono io il cliente.")
    await bridged.look()
    assert await answers(bridged) == []
    assert sum("not one of the agents" in text for text in request_tracker.texts(number)) == 1


async def test_a_ticket_that_was_merged_is_replaced(bridged: Crossing, request_tracker: RtSystem) -> None:
    number = await opened(bridged)
    other = request_tracker.server.rest("giulia", "POST", "ticket", {"Queue": "General", "Subject": "Altro", "Content": "x"})[
        "id"
    ]
    request_tracker.server.change("giulia", number, MergeInto=other)
    request_tracker.answer("giulia", other, "Per nessuno.")
    await bridged.look()
    assert await answers(bridged) == []
    taken = await bridged.bridge.take(await bridged.write(text="Avete novità?"))
    assert taken not in (number, other)


async def test_a_user_without_the_right_to_link_is_told_of(bridged: Crossing, request_tracker: RtSystem) -> None:
    bridged.set(user=CUSTOMER)
    number = await opened(bridged)
    envelope = await bridged.write(text="Avete novità?")
    for _ in range(2):
        with pytest.raises(SystemRefused, match="ModifyTicket"):
            await bridged.bridge.take(envelope)
    assert len(request_tracker.texts(number)) == 2


async def test_a_token_does_as_well(bridged: Crossing, request_tracker: RtSystem) -> None:
    bridged.set(token=SecretStr(request_tracker.server.token("regia")), user=None, password=None)
    await bridged.bridge.system.check()
    assert await opened(bridged) in request_tracker.numbers()


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"password": SecretStr("wrong")}, SystemUnavailable, "401"),
        ({"queue": "Sales"}, SystemRefused, "no queue 'Sales'"),
    ],
)
async def test_what_is_wrong_with_the_settings_is_said(
    bridged: Crossing, settings: dict[str, Any], error: type[Exception], words: str
) -> None:
    bridged.set(**settings)
    with pytest.raises(error, match=words):
        await bridged.bridge.system.check()


async def test_a_status_that_it_does_not_have_is_said(bridged: Crossing, request_tracker: RtSystem) -> None:
    """It answers 200 to that."""
    number = await opened(bridged)
    request_tracker.close(number)
    bridged.set(reopened="chatting")
    with pytest.raises(SystemRefused, match="'chatting'"):
        await bridged.bridge.system.add(number, Entry(mark="m1", title="Padella", text="Ancora io"), reopens=True)
