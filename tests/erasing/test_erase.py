"""An erase from end to end: of strings that were planted everywhere none is found afterwards, and a neighbour keeps all."""

import asyncio
import hashlib
import io
import logging
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import Connection, insert, select, update

from dispatcher import relay
from dispatcher.base import Publication
from dispatcher.rabbitmq import RabbitQueues
from dispatcher.topology import DEAD, UNROUTED
from regia.erasing import erase as module
from regia.erasing import rows
from regia.erasing.erase import Erased, erase
from regia.erasing.failures import EraseFailed
from regia.erasing.reach import Reach
from regia.watch import logs
from storage import endings
from storage.blobs import BlobsUnavailable
from storage.journal import Journal
from storage.journal_file import Entry
from storage.schema import events, handles, quarantine, signals
from tests.erasing.conftest import TOPOLOGY
from tests.erasing.planted import NOW, Planted, everything, holding, row
from tests.erasing.searched import in_files, in_queues

OWN_TABLES = {"erased", "audit", "events", "event_ids", "kpi_changes"}


@pytest.fixture
def anna() -> Planted:
    return Planted("ANNA", "+393331234567")


@pytest.fixture
def bruno(anna: Planted) -> Planted:
    """He has sent the same file as Anna."""
    made = Planted("BRUNO", "+393337654321")
    made.file = anna.file = b"the catalogue of the shop" * 99
    return made


@pytest.fixture
def both(anna: Planted, bruno: Planted) -> tuple[Planted, Planted]:
    return anna, bruno


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "FRESH", 0.01)


@pytest.fixture
def silent(anna: Planted) -> Iterator[None]:
    """No line of the gateway's log of the whole test holds a planted string; our own loggers tell everything."""
    root, written = logging.getLogger(), io.StringIO()
    handlers, level = root.handlers, root.level
    ours = [logging.getLogger(name) for name in ("regia", "dispatcher", "identity", "normalizer", "storage")]
    try:
        logs.set_up(stream=written)
        for one in ours:
            one.setLevel(logging.DEBUG)
        logging.getLogger("regia").debug("the log is read")
        yield
    finally:
        root.handlers, root.level = handlers, level
        for one in ours:
            one.setLevel(logging.NOTSET)
    said = written.getvalue().lower()
    assert "the log is read" in said
    assert not [one for one in anna.secrets if one.lower() in said]


async def plant(reach: Reach, *people: Planted, messages_: int = 3) -> None:
    for person in people:
        await reach.blobs.put_many(
            [person.file, person.sent, *(person.large + str(n).encode() for n in range(1, messages_, 2))]
        )
        await reach.database.write(lambda connection, person=person: person.write(connection, messages_))  # type: ignore[misc]


async def files_of(reach: Reach, person: Planted) -> dict[str, bool]:
    contents = {"file": person.file, "sent": person.sent, "large": person.large + b"1"}
    return {name: await reach.blobs.exists(hashlib.sha256(content).hexdigest()) for name, content in contents.items()}


async def through_the_journal(journal: Journal, person: Planted) -> None:
    """A contact of theirs that was accepted and committed."""
    payload = f"{person.tag} {person.phone} {person.email}".encode() * 100
    entry = Entry(id=uuid.uuid4(), kind="message", order_key=f"mail\n{person.email}", payload=payload)
    (receipt,) = await journal.accept([entry])
    journal.done([receipt.seq])


@pytest.mark.usefixtures("silent")
async def test_nothing_is_left_of_one_and_everything_of_the_other(
    reach: Reach, journal: Journal, both: tuple[Planted, Planted], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, bruno = both
    monkeypatch.setattr(rows, "SLICE", 2)
    await plant(reach, anna, bruno, messages_=5)
    await through_the_journal(journal, anna)
    before = await everything(reach.database)
    assert len(in_files(tmp_path, [anna.tag])) >= 2
    done = await erase(reach, anna.id, actor="token", now_ms=NOW + 9)
    assert done == Erased(
        customers=2, links=4, messages=5, attachments=5, outgoing=2, signals=4, quarantined=3, queued=5, files=3
    )
    assert in_files(tmp_path, anna.secrets) == []
    after = await everything(reach.database)
    assert holding(after, *anna.secrets) == {}
    his = [{name: each for name, each in found.items() if name not in OWN_TABLES} for found in (before, after)]
    first, second = (holding(found, *bruno.secrets, bruno.id) for found in his)
    assert first == second
    assert [one for one in his[0]["messages"] if bruno.id in one] == his[1]["messages"]
    assert await files_of(reach, anna) == {"file": True, "sent": False, "large": False}
    assert await files_of(reach, bruno) == {"file": True, "sent": True, "large": True}


@pytest.fixture
def landed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is on its way to a broker that hangs."""
    monkeypatch.setattr(module, "_LAND", 0.5)


@pytest.mark.usefixtures("silent", "landed")
async def test_queues_of_a_broker(reach: Reach, anna: Planted, bruno: Planted, amqp_url: str) -> None:
    queues = RabbitQueues(amqp_url)
    await queues.open(TOPOLOGY)
    reach = replace(reach, queues=queues)
    await plant(reach, anna, bruno)
    lost = [publication(person, number, "nobody") for person in (anna, bruno) for number in range(3)]
    await queues.publish(lost)
    assert len(in_queues(amqp_url, [UNROUTED], [anna.tag])) == 3
    done = await erase(reach, anna.id, actor="token", now_ms=NOW + 9)
    assert done.queued == 3 + 3, "those of embedded queues too, which it had before"
    assert in_queues(amqp_url, [DEAD, UNROUTED], anna.secrets) == []
    assert len(in_queues(amqp_url, [DEAD, UNROUTED], [bruno.tag])) == 3
    await queues.close()


def publication(person: Planted, number: int, target: str) -> Publication:
    return Publication(
        envelope_id=person.messages[number],
        brand="demo",
        target=target,
        channel="mail",
        body=f"body {person.tag}".encode(),
        type="t",
        correlation_id=person.conversation,
        timestamp=datetime.now(UTC),
        attempt=1,
    )


@pytest.mark.parametrize("slice_", [2, 100])
async def test_others_are_told(
    reach: Reach, anna: Planted, bruno: Planted, monkeypatch: pytest.MonkeyPatch, slice_: int
) -> None:
    monkeypatch.setattr(rows, "SLICE", slice_)
    await plant(reach, anna, bruno, messages_=5)
    await erase(reach, anna.id, actor="token", now_ms=NOW + 9)
    query = select(events).where(events.c.type == "regia.customer.erased.v1").order_by(events.c.position)
    told = await reach.database.read(lambda connection: connection.execute(query).mappings().all())
    bodies = [orjson.loads(bytes(one["body"])) for one in told]
    assert sorted(id_ for body in bodies for id_ in body["data"]["envelopes"]) == sorted(anna.messages)
    assert [body["data"]["complete"] for body in bodies] == [*([False] * (len(bodies) - 1)), True]
    assert len(bodies) == (3 if slice_ == 2 else 1)
    for one, body in zip(told, bodies, strict=True):
        assert (one["id"], one["subject"], one["at_ms"]) == (body["id"], anna.id, NOW + 9)
        assert (body["source"], body["subject"], body["data"]["customer"]) == ("/demo", anna.id, anna.id)
        assert body["data"]["customers"] == [anna.id, anna.below]
        assert body["data"]["actor"] == "token"


class TestBeginAgain:
    """Killed at any point, the same erase finishes what is left."""

    @pytest.mark.parametrize("point", range(8))
    async def test_after_any_transaction(
        self, reach: Reach, both: tuple[Planted, Planted], monkeypatch: pytest.MonkeyPatch, point: int
    ) -> None:
        anna, bruno = both
        monkeypatch.setattr(rows, "SLICE", 2)
        await plant(reach, anna, bruno, messages_=5)
        done = 0

        class Killed(BaseException):
            """As a process that ends: nothing catches it."""

        def after(method: Any) -> Any:
            async def write(work: Any) -> Any:
                nonlocal done
                result = await method(work)
                done += 1
                if done == point + 1:
                    raise Killed
                return result

            return write

        with monkeypatch.context() as patched:
            patched.setattr(reach.database, "write", after(reach.database.write))
            patched.setattr(reach.database, "write_apart", after(reach.database.write_apart))
            with pytest.raises(Killed):
                await erase(reach, anna.id, actor="token", now_ms=NOW + 9)
        again = await erase(reach, anna.id, actor="token", now_ms=NOW + 10)
        assert again.again == (point >= 4), "after the last transaction of rows only ids are left"
        assert holding(await everything(reach.database), *anna.secrets) == {}
        assert in_files(reach.journals.parent, anna.secrets) == []
        assert await files_of(reach, anna) == {"file": True, "sent": False, "large": False}
        assert await reach.database.read(lambda connection: endings.waiting(connection, 9)) == []
        told = [orjson.loads(bytes(one[5])) for one in (await everything(reach.database))["events"] if b"envelopes" in one[5]]
        assert {id_ for body in told for id_ in body["data"]["envelopes"]} == set(anna.messages)
        assert sum(body["data"]["complete"] for body in told) == 1

    async def test_what_is_away_is_said_and_done_the_next_time(
        self, reach: Reach, anna: Planted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await plant(reach, anna)

        def away(_: Any) -> None:
            raise BlobsUnavailable("the bucket is away")

        with monkeypatch.context() as patched:
            patched.setattr(reach.blobs, "delete_now", away)
            with pytest.raises(EraseFailed) as failed:
                await erase(reach, anna.id, actor="token", now_ms=NOW + 9)
        assert (failed.value.reason, failed.value.retryable) == ("files_away", True)
        done = await erase(reach, anna.id, actor="token", now_ms=NOW + 10)
        assert done == Erased(files=3, again=True)
        assert in_files(tmp_path, anna.secrets) == []

    @pytest.mark.usefixtures("landed")
    async def test_a_broker_that_is_away(self, reach: Reach, anna: Planted, tmp_path: Path) -> None:
        await plant(reach, anna)
        away = replace(reach, queues=RabbitQueues("amqp://guest:guest@127.0.0.1:1/", connect_timeout=0.2))
        with pytest.raises(EraseFailed) as failed:
            await erase(away, anna.id, actor="token", now_ms=NOW + 9)
        assert failed.value.reason == "queues_away"
        assert in_files(tmp_path, anna.secrets) == [], "everything else is done all the same"


class TestRefused:
    async def test_unknown_and_merged(self, reach: Reach, anna: Planted) -> None:
        await plant(reach, anna)
        for customer_id, reason, root in (("cus_nobody", "unknown_customer", None), (anna.below, "merged", anna.id)):
            with pytest.raises(EraseFailed) as failed:
                await erase(reach, customer_id, actor="token", now_ms=NOW)
            assert (failed.value.reason, failed.value.retryable, failed.value.root_id) == (reason, False, root)

    async def test_contacts_that_are_not_committed_yet(self, reach: Reach, journal: Journal, anna: Planted) -> None:
        await plant(reach, anna)
        before = await everything(reach.database)
        (receipt,) = await journal.accept([Entry(id=uuid.uuid4(), kind="message", order_key="k", payload=b"p")])
        with pytest.raises(EraseFailed) as failed:
            await erase(reach, anna.id, actor="token", now_ms=NOW, seconds=0.2)
        assert (failed.value.reason, failed.value.retryable) == ("not_worked_off", True)
        assert await everything(reach.database) == before
        erasing = asyncio.create_task(erase(reach, anna.id, actor="token", now_ms=NOW, seconds=20))
        await asyncio.sleep(0.3)
        assert not erasing.done()
        await journal.accept([Entry(id=uuid.uuid4(), kind="message", order_key="k", payload=b"came later")])
        journal.done([receipt.seq])
        assert (await erasing).customers == 2


class TestFoundByAddress:
    async def hold(self, reach: Reach, *rows_: tuple[str, str, bytes, int]) -> None:
        """(id, connector, raw, when)."""
        fields = [
            {"id": id_, "connector": connector, "raw": raw, "received_ms": at_ms, "state": "held"}
            for id_, connector, raw, at_ms in rows_
        ]
        await reach.database.write(
            lambda connection: connection.execute(insert(quarantine), [row(quarantine, **one) for one in fields])
        )

    async def left(self, reach: Reach) -> list[str]:
        query = select(quarantine.c.id).order_by(quarantine.c.id)
        return list(await reach.database.read(lambda connection: connection.execute(query).scalars().all()))

    async def test_only_of_connectors_that_may_be_the_customers(self, reach: Reach, anna: Planted) -> None:
        await plant(reach, anna)
        raw = anna.email.encode()
        await self.hold(reach, ("a", "mail", raw, 1), ("b", "theirs", raw, 1), ("c", "unknown", raw, 1), ("d", "mail", b"x", 1))
        await erase(reach, anna.id, actor="token", now_ms=NOW)
        assert await self.left(reach) == ["b", "d"]

    async def test_a_number_that_was_given_to_somebody_else(self, reach: Reach, anna: Planted) -> None:
        await plant(reach, anna)
        ended = handles.c.kind == "phone"
        await reach.database.write(lambda c: c.execute(update(handles).where(ended).values(key=None, ended_ms=NOW)))
        raw = anna.phone.encode()
        await self.hold(reach, ("a", "mail", raw, NOW), ("b", "mail", raw, NOW + 1))
        await erase(reach, anna.id, actor="token", now_ms=NOW + 9)
        assert await self.left(reach) == ["b"]

    async def test_who_only_claimed_an_address_takes_nothing_of_its_owner(
        self, reach: Reach, anna: Planted, bruno: Planted
    ) -> None:
        await plant(reach, anna, bruno)

        def claim(connection: Connection) -> None:
            his = {"key": "demo\x1fclaimed\x1femail\x1f" + anna.email, "value": anna.email, "standing": "claimed"}
            connection.execute(update(handles).where(handles.c.id == bruno.links[0]).values(**his))

        await reach.database.write(claim)
        await self.hold(reach, ("a", "mail", anna.email.encode(), 1))
        done = await erase(reach, bruno.id, actor="token", now_ms=NOW)
        assert done.quarantined == 2
        assert "a" in await self.left(reach)

    async def test_receipts_for_what_other_systems_sent(self, reach: Reach, anna: Planted) -> None:
        """No message out of ours has that id."""
        await plant(reach, anna)
        told = row(signals, id="s", connector="mail", external_id="x", raw=anna.phone.encode())
        await reach.database.write(lambda connection: connection.execute(insert(signals), [told]))
        done = await erase(reach, anna.id, actor="token", now_ms=NOW)
        assert done.signals == 5


async def test_a_customer_with_thousands_of_messages(reach: Reach, anna: Planted, tmp_path: Path) -> None:
    """In slices of the size there is, with random ids that make pages split: remains of rows lie where no row is."""
    await plant(reach, anna, messages_=1_200)
    done = await erase(reach, anna.id, actor="token", now_ms=NOW + 9)
    assert (done.messages, done.attachments, done.queued) == (1_200, 1_200, 1_200)
    assert in_files(tmp_path, anna.secrets) == []
    assert holding(await everything(reach.database), *anna.secrets) == {}
    assert module.WORK_OFF == 30
