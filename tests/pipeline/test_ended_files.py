"""Files that were deleted since they were stored for a contact: no commit names one that is not there."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select, text

from connectors.base import Parsed, Status
from normalizer.inbound import InboundAttachment, InboundMessage
from regia.erasing.files import end_files
from regia.pipeline.intake import Intake
from regia.pipeline.prepare import RAW_INLINE
from regia.pipeline.prepared import Prepared
from storage import removal
from storage.endings import ENDED, ENDING
from storage.erased import add, sent_id
from storage.journal import Journal
from storage.journal_file import Row
from storage.schema import attachments, erased, messages, signals
from tests.contacts import inbound, phone
from tests.pipeline.conftest import Line
from tests.pipeline.test_adoption import leave

FILE = b"a file of somebody"
LARGE = b"r" * (RAW_INLINE + 1)
SHA, LARGE_SHA = (hashlib.sha256(content).hexdigest() for content in (FILE, LARGE))


def with_file(name: str, number: int = 0, **more: Any) -> InboundMessage:
    return inbound(name, phone(f"+39333{number:07}"), attachments=(InboundAttachment(content=FILE),), **more)


async def ends(line: Line) -> dict[str, str]:
    query = select(erased.c.id, erased.c.kind).where(erased.c.kind.in_([ENDING, ENDED]))
    return await line.database.read(lambda connection: {one.id: one.kind for one in connection.execute(query)})


async def remove(line: Line) -> None:
    """Every message there is."""

    def work(connection: Connection) -> None:
        removal.remove_messages(connection, list(connection.execute(select(messages.c.id)).scalars()), 1)

    await line.database.write(work)


async def test_the_same_file_again_after_it_was_deleted(line: Line) -> None:
    line.start()
    await line.accept(with_file("m1", raw=LARGE))
    await line.idle()
    await remove(line)
    assert await end_files(line.database, line.blobs) == 2
    assert not await line.blobs.exists(SHA)
    await line.accept(with_file("m2", raw=LARGE))
    await line.idle()
    assert (await line.blobs.get(SHA), await line.blobs.get(LARGE_SHA)) == (FILE, LARGE)
    assert await ends(line) == {}
    assert (await line.books()).balance


async def test_a_file_deleted_between_its_storing_and_the_commit(line: Line) -> None:
    await line.accept(with_file("m1"))
    line.start()
    await line.idle()
    prepare, deleted = line.preparer.prepare, 0

    async def slowly(rows: Sequence[Row], kept: Mapping[int, Prepared]) -> list[Prepared]:
        nonlocal deleted
        prepared = await prepare(rows, kept)
        if not deleted:
            await remove(line)
            deleted = await end_files(line.database, line.blobs)
        return prepared

    line.preparer.prepare = slowly  # type: ignore[method-assign]
    await line.accept(with_file("m2", 2), inbound("m3", phone("+393")))
    await line.idle()
    assert deleted == 1
    assert await line.blobs.get(SHA) == FILE
    assert sorted(await line.envelopes()) == ["m2", "m3"]
    assert await line.held() == []


async def test_while_a_file_is_ending_only_who_names_it_waits(line: Line) -> None:
    line.start()
    await line.accept(with_file("m1"))
    await line.idle()
    await remove(line)
    await line.accept(with_file("m2", 2), inbound("m3", phone("+393")), with_file("m4", 4))
    await line.until(lambda: len(line.queues.seen) == 2)
    await asyncio.sleep(0.2)
    assert list(await line.envelopes()) == ["m3"]
    await end_files(line.database, line.blobs)
    await line.idle()
    assert sorted(await line.envelopes()) == ["m2", "m3", "m4"]
    assert await line.blobs.get(SHA) == FILE
    assert await line.held() == []


async def test_a_file_that_somebody_else_names_stays(line: Line) -> None:
    line.start()
    await line.accept(with_file("m1"), with_file("m2", 2))
    await line.idle()
    first = select(messages.c.id).where(messages.c.external_id == "m1")
    await line.database.write(
        lambda connection: removal.remove_messages(connection, list(connection.execute(first).scalars()), 1)
    )
    assert await end_files(line.database, line.blobs) == 0
    assert (await line.blobs.get(SHA), await ends(line)) == (FILE, {})


async def test_a_retry_of_what_was_erased_leaves_nothing(line: Line) -> None:
    """It comes to another node, whose journal does not know it: its file is stored before anybody can tell."""
    line.start()
    await line.accept(with_file("m1"))
    await line.idle()
    await remove(line)
    await end_files(line.database, line.blobs)
    path = await leave(line, "other.sqlite", with_file("m1"))
    journal = Journal.open(path)
    other = line.pipeline_of(journal)
    other.start()
    await line.until(lambda: other.idle)
    assert await line.blobs.exists(SHA)
    assert await end_files(line.database, line.blobs) == 1
    assert not await line.blobs.exists(SHA)
    assert (await line.envelopes(), (await line.books()).balance) == ({}, True)
    await other.stop()
    await journal.close()


async def test_a_repeat_lets_a_file_that_is_named_alone(line: Line) -> None:
    line.start()
    await line.accept(with_file("m1"))
    await line.idle()
    journal = Journal.open(await leave(line, "other.sqlite", with_file("m1")))
    other = line.pipeline_of(journal)
    other.start()
    await line.until(lambda: other.idle)
    assert await ends(line) == {}
    await other.stop()
    await journal.close()


async def test_what_goes_to_quarantine_instead_leaves_no_file(line: Line) -> None:
    fields: dict[str, Any] = {"external_id": "wamid.bad"}
    if line.database.is_sqlite:
        trigger = (
            "CREATE TRIGGER refuse BEFORE INSERT ON messages WHEN NEW.external_id = 'wamid.bad'"
            " BEGIN SELECT RAISE(ABORT, 'refused'); END"
        )
        await line.database.write(lambda connection: connection.execute(text(trigger)))
    else:
        fields = {"external_id": "".join(chr(0x4E00 + (number * 7919) % 20_000) for number in range(5_000))}
    line.start()
    await line.accept(with_file("m1", raw=LARGE, **fields))
    await line.idle()
    assert [reason for reason, _ in await line.held()] == ["commit_failed"]
    assert await end_files(line.database, line.blobs) == 2
    assert not await line.blobs.exists(SHA)
    assert await line.rows(attachments) == []


async def test_what_is_told_of_an_erased_message_later_is_not_kept(line: Line) -> None:
    """A receipt holds the address it is about; so may the provider's id."""

    gone = [sent_id("whatsapp", name) for name in ("wamid.gone", "out_gone")]
    await line.database.write(lambda connection: add(connection, "sent", gone, 1))
    line.start()
    common: dict[str, Any] = {"brand": "demo", "channel": "whatsapp", "account": None, "raw": b"+393331234567", "error": "why"}
    told = (
        Status(event_key="1", external_id="wamid.gone", state="read", **common),
        Status(event_key="2", external_id="wamid.new", state="sent", token="out_gone", **common),
        Status(event_key="3", external_id="wamid.kept", state="read", **common),
    )
    await Intake(line.journal).accept("whatsapp", Parsed(statuses=told))
    await line.idle()
    found = {(row["external_id"], row["state"], bytes(row["raw"]), row["error"]) for row in await line.rows(signals)}
    assert found == {
        (None, "read", b"", None),
        (None, "sent", b"", None),
        ("wamid.kept", "read", b"+393331234567", "why"),
    }
    assert (await line.books()).balance
