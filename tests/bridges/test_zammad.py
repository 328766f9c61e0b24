"""What is particular to Zammad: its index that lags behind, its customers, and what it sends by itself."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from desk.bridges.base import SystemRefused, SystemUnavailable
from normalizer.inbound import InboundAttachment
from storage.schema import outgoing
from tests.bridges.conftest import HEAD, Crossing, across
from tests.bridges.zammad_system import ZammadSystem
from tests.trackers.zammad import FakeZammad


@pytest.fixture
async def zammad() -> AsyncIterator[ZammadSystem]:
    async with FakeZammad() as fake:
        yield ZammadSystem(fake)
    assert fake.violations == []


@pytest.fixture
async def bridged(tmp_path: Path, migrated_sqlite: Path, zammad: ZammadSystem) -> AsyncIterator[Crossing]:
    config = f"{HEAD}    queues: [demo.general]{zammad.yaml}"
    async with across(tmp_path, migrated_sqlite, zammad, config, zammad.given) as made:
        yield made


async def opened(bridged: Crossing, sender: str = "anna@example.it", **more: Any) -> str:
    return await bridged.bridge.take(await bridged.write(sender, text="La padella è arrivata rotta.", **more))


@pytest.mark.parametrize("others", [0, 1, 99, 100, 101, 350])
async def test_a_lost_answer_is_found_though_the_index_knows_nothing(
    bridged: Crossing, zammad: ZammadSystem, others: int
) -> None:
    """The list of tickets is asked page by page from its end, which has to be found."""
    zammad.fake.indexing_s = 1e6
    zammad.fake.api_user, me = zammad.people["marco"]["id"], zammad.fake.api_user
    for _ in range(others):
        zammad.fake.new_ticket({"title": "Stampante", "group": "Users", "customer_id": 1})
    zammad.fake.api_user = me
    envelope = await bridged.write(text="La padella è arrivata rotta.")
    zammad.fake.drop_after_next(on="POST /api/v1/tickets")
    with pytest.raises(SystemUnavailable):
        await bridged.bridge.take(envelope)
    assert await bridged.bridge.take(envelope) == str(others + 1)
    assert len(zammad.numbers()) == others + 1


async def test_a_ticket_of_long_ago_is_not_looked_for(bridged: Crossing, zammad: ZammadSystem) -> None:
    envelope = await bridged.write(text="La padella è arrivata rotta.")
    zammad.fake.refuse_next(503, on="POST /api/v1/tickets")
    with pytest.raises(SystemUnavailable):
        await bridged.bridge.take(envelope)
    for _ in range(250):
        old = zammad.fake.new_ticket({"title": "Vecchio", "group": "Users", "customer_id": 1})
        old["created_at"] = "2020-01-01T00:00:00.000Z"
    before = len(zammad.fake.calls)
    await bridged.bridge.take(envelope)
    assert len(zammad.fake.calls) - before < 12
    assert not any("ticket_articles" in call for call in zammad.fake.calls[before:])


@pytest.mark.parametrize("lists", [False, True])
async def test_what_agents_did_is_seen_when_the_index_knows_it(bridged: Crossing, zammad: ZammadSystem, *, lists: bool) -> None:
    zammad.fake.search_lists = lists
    number = await opened(bridged)
    zammad.fake.indexing_s = 30
    zammad.answer("giulia", number, "Buongiorno.")
    await opened(bridged, "marco@example.it")
    await bridged.look()
    assert await bridged.rows(outgoing) == []
    zammad.fake.indexing_s = 0
    await bridged.look()
    (row,) = await bridged.rows(outgoing)
    assert row.text == "Buongiorno."


@pytest.mark.parametrize(
    ("told", "proof", "customer"),
    [
        ("verified", "verified", "anna@example.it"),
        ("verified", "claimed", "unknown@support.example"),
        ("all", "claimed", "anna@example.it"),
        ("none", "verified", "unknown@support.example"),
    ],
)
async def test_who_is_the_customer(bridged: Crossing, zammad: ZammadSystem, told: str, proof: str, customer: str) -> None:
    bridged.set(customers=told)
    envelope = orjson.loads(await bridged.write(text="La padella è arrivata rotta."))
    envelope["data"]["sender"]["handle"]["proof"] = proof
    number = await bridged.bridge.take(orjson.dumps(envelope))
    id_ = zammad.fake.tickets[int(number)]["customer_id"]
    assert zammad.fake.users[id_]["email"] == customer
    assert zammad.fake.mails == [], "Zammad itself sends nothing for what the bridge writes"


async def test_a_customer_who_reads_in_zammad_sees_answers_alone(bridged: Crossing, zammad: ZammadSystem) -> None:
    bridged.set(customers="all")
    number = await opened(bridged)
    await opened(bridged)
    await bridged.bridge.system.note(number, "txn1/refused", "Non è partita.")
    zammad.answer("giulia", number, "Buongiorno.")
    assert [one["body"] for one in zammad.articles(number) if not one["internal"]] == ["<div>Buongiorno.</div>"]


async def test_nobody_becomes_a_customer_unless_it_is_set(bridged: Crossing, zammad: ZammadSystem) -> None:
    envelope = orjson.loads(await bridged.write(text="La padella è arrivata rotta."))
    envelope["data"]["sender"]["handle"]["proof"] = "verified"
    number = await bridged.bridge.take(orjson.dumps(envelope))
    id_ = zammad.fake.tickets[int(number)]["customer_id"]
    assert zammad.fake.users[id_]["email"] == "unknown@support.example"


async def test_files_that_it_does_not_take_are_named(bridged: Crossing, zammad: ZammadSystem) -> None:
    file = InboundAttachment(filename="foto.jpg", content_type="image/jpeg", content=b"p" * 100)
    empty = InboundAttachment(filename="vuoto.txt", content_type="text/plain", content=b"")
    zammad.fake.refuse_next(413, on="POST /api/v1/tickets")
    number = await opened(bridged, attachments=(file, empty))
    zammad.fake.refuse_next(413, on="PUT /api/v1/tickets")
    await opened(bridged, attachments=(file,))
    assert zammad.files(number) == []
    assert all("foto.jpg is not here: the ticket system did not take it." in text for text in zammad.texts(number))
    await opened(bridged, attachments=(file, empty))
    assert [one.filename for one in zammad.files(number)] == ["foto.jpg"]


async def test_an_address_that_it_does_not_take_is_no_customer(bridged: Crossing, zammad: ZammadSystem) -> None:
    bridged.set(customers="all")
    number = await opened(bridged, "anna@localhost")
    assert zammad.fake.users[zammad.fake.tickets[int(number)]["customer_id"]]["email"] == "unknown@support.example"


async def test_a_mail_that_zammad_sends_is_not_sent_again(bridged: Crossing, zammad: ZammadSystem) -> None:
    number = await opened(bridged)
    zammad.fake.agent_answers(int(number), "<p>Buongiorno.</p>")
    zammad.fake.new_article(zammad.fake.tickets[int(number)], {"body": "Io", "type": "note", "sender": "Customer"}, 3)
    await bridged.look()
    assert await bridged.rows(outgoing) == []


async def test_what_an_agent_quotes_of_the_ticket_stays_there(bridged: Crossing, zammad: ZammadSystem) -> None:
    number = await opened(bridged)
    quoted = "<div>Buongiorno.</div><blockquote type='cite'>Contacts before: 3<br>Envelope: 1</blockquote>"
    given = {"body": quoted, "content_type": "text/html", "type": "note", "sender": "Agent", "internal": False}
    zammad.fake.new_article(zammad.fake.tickets[int(number)], given, zammad.people["giulia"]["id"])
    await bridged.look()
    (row,) = await bridged.rows(outgoing)
    assert row.text == "Buongiorno."


@pytest.mark.parametrize(
    ("settings", "missing"),
    [
        ({"group": "Sales"}, "no 'Sales' among its groups"),
        ({"closed": ("shut",)}, "no 'shut' among its ticket_states"),
        ({"priorities": {0: "hottest"}}, "no 'hottest' among its ticket_priorities"),
    ],
)
async def test_a_name_that_it_does_not_have_is_said(bridged: Crossing, settings: dict[str, Any], missing: str) -> None:
    bridged.set(**settings)
    with pytest.raises(SystemRefused, match=missing):
        await bridged.bridge.system.check()


async def test_a_wrong_token_waits_for_a_person(bridged: Crossing, zammad: ZammadSystem) -> None:
    zammad.fake.token = "another"
    with pytest.raises(SystemUnavailable, match="401"):
        await bridged.bridge.system.check()
    with pytest.raises(SystemUnavailable, match="401"):
        await opened(bridged)
