"""The timeline of a customer: what came in and what went out, in pages. Every test on SQLite and on PostgreSQL."""

from typing import Any

import pytest

from identity import merges
from identity.people import Identified
from identity.refusals import NotPossible
from identity.views.paging import BadCursor, Page
from identity.views.timeline import Moment, Only, timeline
from normalizer.inbound import Handle
from storage import outgoing
from storage.database import Database
from storage.outgoing import NewOutgoing
from tests.contacts import START, message, phone, user
from tests.identity.batches import POLICY, identify

NOW = int(START.timestamp() * 1000)
HOUR = 3_600_000


async def one(database: Database, name: str, handle: Handle, **more: Any) -> Identified:
    (found,) = await identify(database, message(name, handle, **more))
    return found


async def answered(database: Database, contact: Identified, name: str, id_: str, *, hours: float, **more: Any) -> None:
    """An answer of ours to contact `name`."""
    fields: dict[str, Any] = {
        "id": id_,
        "connector": "whatsapp",
        "message_id": str(message(name, phone()).id),
        "conversation_id": contact.conversation.id,
        "handle_kind": "phone",
        "handle_value": phone().value,
        "handle_proof": "verified",
        "author": "Giulia",
        "automatic": False,
        "subject": None,
        "text": f"Risposta {id_}",
        "html": None,
        "created_ms": NOW + int(hours * HOUR),
    }
    new = NewOutgoing(**(fields | more))
    await database.write(lambda connection: outgoing.add(connection, new))


async def page(database: Database, contact: Identified, only: Only | None = None, **more: Any) -> Page[Moment]:
    return await database.read(lambda connection: timeline(connection, contact.customer.id, only or Only(), **more))


async def whole(database: Database, contact: Identified, only: Only | None = None) -> list[str]:
    return [moment.snippet for moment in (await page(database, contact, only)).items]


async def test_in_and_out_are_one_order(database: Database) -> None:
    first = await one(database, "m1", phone(), text="Buongiorno")
    await answered(database, first, "m1", "o1", hours=1, automatic=True)
    await one(database, "m2", phone(), text="Ancora io", hours=2, channel="email")
    out, *_ = [moment for moment in (await page(database, first)).items if moment.direction == "outbound"]
    assert await whole(database, first) == ["Ancora io", "Risposta o1", "Buongiorno"]
    assert (out.state, out.answers, out.author, out.automatic) == ("queued", str(message("m1", phone()).id), "Giulia", True)
    assert (out.channel, out.conversation, out.handle) == ("whatsapp", first.conversation.id, first.handle_id)
    newest = (await page(database, first)).items[0]
    assert (newest.channel, newest.category, newest.written_under) == ("email", "general", first.customer.id)
    assert newest.state is None


async def test_a_repeat_says_of_what(database: Database) -> None:
    words = "Il mio ordine non arriva mai"
    await one(database, "m1", phone(), text=words)
    second = await one(database, "m2", phone(), text=words, channel="email", hours=1)
    assert [moment.repeat_of for moment in (await page(database, second)).items] == [str(message("m1", phone()).id), None]


@pytest.mark.parametrize(
    ("only", "shown"),
    [
        (Only(channel="email"), ["Quarto", "Terzo"]),
        (Only(since_ms=NOW + HOUR), ["Quarto", "Terzo", "Risposta o1"]),
        (Only(until_ms=NOW + HOUR), ["Primo"]),
        (Only(since_ms=NOW + 1, until_ms=NOW + 3 * HOUR, channel="whatsapp"), ["Risposta o1"]),
        (Only(channel="sms"), []),
    ],
)
async def test_only_some(database: Database, only: Only, shown: list[str]) -> None:
    first = await one(database, "m1", phone(), text="Primo")
    await answered(database, first, "m1", "o1", hours=1)
    await one(database, "m3", phone(), text="Terzo", channel="email", hours=2)
    await one(database, "m4", phone(), text="Quarto", channel="email", hours=3)
    assert await whole(database, first, only) == shown


async def test_views_follow_the_links(database: Database) -> None:
    """Merged, it is of both, with the answers to both; unmerged, each has its own, also what was written meanwhile."""
    a, b = await one(database, "ma", phone(), text="Da A"), await one(database, "mb", user(), text="Da B", hours=1)
    await answered(database, b, "mb", "ob", hours=2)
    pair = (a.customer.id, b.customer.id)
    await database.write(lambda connection: merges.merge(connection, *pair, actor="desk", now_ms=NOW, policy=POLICY))
    joined = await one(database, "mc", user(), text="Insieme", hours=3)
    await answered(database, joined, "mc", "oc", hours=4)
    everything = ["Risposta oc", "Insieme", "Risposta ob", "Da B", "Da A"]
    assert await whole(database, a) == everything
    assert await whole(database, b) == everything
    assert {moment.written_under for moment in (await page(database, a)).items} == {*pair, None}
    await database.write(lambda connection: merges.unmerge(connection, pair[1], actor="desk", now_ms=NOW, policy=POLICY))
    assert await whole(database, a) == ["Da A"]
    assert await whole(database, b) == everything[:4]


async def test_pages_stay_whole_while_messages_come_in(database: Database) -> None:
    """Several of one moment, in and out, are cut between pages by their ids."""
    contact = await one(database, "m0", phone())
    for number in range(1, 6):
        await one(database, f"m{number}", phone(), hours=number // 3)
        await answered(database, contact, f"m{number}", f"{number:x}", hours=number // 3)
    expected = [moment.id for moment in (await page(database, contact)).items]
    assert len(expected) == 11
    seen: list[str] = []
    cursor: str | None = None
    for number in range(99):
        found = await page(database, contact, cursor=cursor, limit=2)
        seen += [moment.id for moment in found.items]
        if (cursor := found.cursor) is None:
            break
        await one(database, f"n{number}", phone(), hours=10 + number)
    assert seen == expected


async def test_what_is_not_there(database: Database) -> None:
    contact = await one(database, "m1", phone())
    with pytest.raises(BadCursor):
        await page(database, contact, cursor="x")
    with pytest.raises(NotPossible):
        await database.read(lambda connection: timeline(connection, "cus_0"))
