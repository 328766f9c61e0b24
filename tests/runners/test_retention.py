"""The node that removes what is old, and what every node looks after when somebody was erased."""

import asyncio
import hashlib
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import Connection, func, insert, select, update

from regia.erasing.settings import BrandRetention, Retention
from regia.gateway import Gateway
from regia.runners import retention
from regia.runners.retention import Retainer, Retaining
from storage import endings, erased
from storage.coordination import LocalCoordination
from storage.database import DatabaseUnavailable
from storage.journal_file import Entry
from storage.schema import local_messages, mentions, messages, outgoing, quarantine, signals, targets
from tests.erasing.planted import Planted, row
from tests.erasing.searched import in_files
from tests.http.served import is_up, make_gateway

DAY_MS = 86_400_000
NOW = 1_790_000_000_000 + 100 * DAY_MS
"""A hundred days after what is planted."""

Make = Callable[..., Awaitable[Gateway]]


class Clock:
    """Seconds that only tests move on."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "_REST", 0)


@pytest.fixture
async def make(tmp_path: Path, migrated_sqlite: Path) -> AsyncIterator[Make]:
    """`await make(Retention(…), node="n1")`: a gateway that runs; one database and one coordination for all."""
    shared = LocalCoordination()
    async with AsyncExitStack() as stack:

        async def made(wanted: Retention, node: str = "n1") -> Gateway:
            gateway = make_gateway(tmp_path, migrated_sqlite, node=node)
            settings = gateway.configured.settings.model_copy(update={"retention": wanted})
            gateway.configured = replace(gateway.configured, settings=settings)
            gateway.stores = replace(gateway.stores, coordination=shared)
            stack.push_async_callback(gateway.stop)
            gateway.start()
            await is_up(gateway)
            return gateway

        yield made


def retainer(gateway: Gateway, clock: Clock) -> Retainer:
    return Retainer(gateway, now=lambda: NOW / 1000 + clock.seconds, clock=clock)


async def plant(gateway: Gateway, *people: Planted, connector: str = "mail") -> None:
    def work(connection: Connection) -> None:
        for person in people:
            person.write(connection)
        connection.execute(update(targets).values(state="published"))
        connection.execute(update(outgoing).values(told_ms=NOW, connector=connector))
        connection.execute(update(signals).values(connector=connector))
        connection.execute(update(quarantine).values(connector=connector))

    await gateway.stores.database.write(work)


async def counts(gateway: Gateway, *tables: Any) -> list[int]:
    def work(connection: Connection) -> list[int]:
        return [connection.execute(select(func.count()).select_from(table)).scalar_one() for table in tables]

    return await gateway.stores.database.read(work)


async def erase(gateway: Gateway, kind: erased.Kind = "customer", id_: str = "cus_1", ago_days: int = 0) -> None:
    at_ms = NOW - ago_days * DAY_MS
    await gateway.stores.database.write(lambda connection: erased.add(connection, kind, [id_], at_ms))


async def test_nothing_is_removed_that_the_configuration_keeps(make: Make, clock: Clock) -> None:
    gateway = await make(Retention())
    await plant(gateway, Planted("ANNA", "+393331234567"))
    before = await counts(gateway, messages, quarantine, signals, outgoing)
    await retainer(gateway, clock).look()
    assert await counts(gateway, messages, quarantine, signals, outgoing) == before
    assert await counts(gateway, mentions) == [0], "but for digests of words"


async def test_what_is_old_goes_and_is_counted(make: Make, clock: Clock) -> None:
    gateway = await make(Retention(messages=99, quarantine=99, signals=99))
    await plant(gateway, Planted("ANNA", "+393331234567"))
    label = {"kind": "messages"}
    before = REGISTRY.get_sample_value("regia_removed_total", label) or 0
    await retainer(gateway, clock).look()
    assert await counts(gateway, messages, quarantine, signals, outgoing) == [0, 0, 0, 2]
    assert REGISTRY.get_sample_value("regia_removed_total", label) == before + 3


async def test_brands_and_their_connectors(make: Make, clock: Clock) -> None:
    """The connectors of these gateways are all of the brand demo; of another connector nobody knows whose it is."""
    wanted = Retention(messages=50, signals=50, brands={"demo": BrandRetention(messages=None, signals=101)})
    gateway = await make(wanted)
    await plant(gateway, Planted("ANNA", "+393331234567"), Planted("EVA", "+393330000000", "other"), connector="desk")
    foreign = row(signals, id="s", connector="gone", received_ms=1)
    await gateway.stores.database.write(lambda connection: connection.execute(insert(signals), [foreign]))
    await retainer(gateway, clock).look()
    brands = select(messages.c.brand).distinct()
    assert await gateway.stores.database.read(lambda c: c.execute(brands).scalars().all()) == ["demo"]
    assert await counts(gateway, signals) == [8]
    late = retainer(gateway, clock)
    clock.seconds += 2 * 86_400
    await late.look()
    assert await counts(gateway, signals) == [0]


async def test_one_pass_an_hour_by_one_node(make: Make, clock: Clock) -> None:
    first, second = await make(Retention(messages=99)), await make(Retention(messages=99), node="n2")
    one, other = retainer(first, clock), retainer(second, clock)
    await one.look()
    await plant(first, Planted("ANNA", "+393331234567"))
    clock.seconds += retention.EVERY - 1
    await one.look()
    await other.look()
    assert await counts(first, messages) == [3]
    await one.close()
    await other.look()
    assert await counts(first, messages) == [0]


async def test_a_node_that_loses_its_turn_stops(make: Make, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    gateway = await make(Retention(messages=99, quarantine=99))
    await plant(gateway, Planted("ANNA", "+393331234567"))
    one = retainer(gateway, clock)
    turns = iter([True, True, False])

    async def lead() -> bool:
        return next(turns)

    monkeypatch.setattr(one._turn, "mine", lead)
    await one.look()
    assert await counts(gateway, messages, quarantine) == [0, 3]


async def test_files_that_a_killed_erase_has_left(make: Make, clock: Clock) -> None:
    gateway = await make(Retention())
    blob = await gateway.stores.blobs.put(b"somebody's")
    await gateway.stores.database.write(lambda connection: endings.end(connection, [blob.sha256], NOW))
    assert blob.sha256 == hashlib.sha256(b"somebody's").hexdigest()
    await retainer(gateway, clock).look()
    assert not await gateway.stores.blobs.exists(blob.sha256)


async def test_journals_of_every_node_when_somebody_was_erased(make: Make, clock: Clock, tmp_path: Path) -> None:
    gateway, other = await make(Retention()), await make(Retention(), node="n2")
    gateway.pipeline._feed._behind = False
    await gateway.pipeline.stop()
    entry = Entry(id=uuid.uuid4(), kind="message", order_key="k", payload=b"PLANTED" * 999)
    (receipt,) = await gateway.journal.accept([entry])
    gateway.journal.done([receipt.seq])
    await gateway.journal.count_pending()
    one, two = retainer(other, clock), retainer(gateway, clock)
    await one.look()
    await two.look()
    assert in_files(tmp_path / "journals", ["PLANTED"]), "nobody was erased yet"
    await erase(gateway)
    await two.look()
    assert in_files(tmp_path / "journals", ["PLANTED"]) == [], "also by the node whose turn it is not"


async def test_dead_letters_that_come_after_an_erase(make: Make, clock: Clock) -> None:
    """A consumer had the message, and gave it back when it heard of the erase."""
    gateway = await make(Retention())
    copy = {"queue": "demo.general", "envelope_id": "e1", "body": b"x", "state": "dead", "attempts": 20}
    await erase(gateway, "message", "e1")
    await gateway.stores.database.write(lambda connection: connection.execute(insert(local_messages), [copy]))
    await erase(gateway, id_="cus_long_ago", ago_days=8)
    one = retainer(gateway, clock)
    await one.look()
    assert await counts(gateway, local_messages) == [1], "nobody was erased lately"
    await erase(gateway)
    clock.seconds += retention.EVERY
    await one.look()
    assert await counts(gateway, local_messages) == [0]


async def test_it_goes_on_after_errors_and_ends_at_once(
    make: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(retention, "LOOK", 0.01)
    gateway = await make(Retention(messages=1))
    running = Retaining(gateway)
    errors = [DatabaseUnavailable("away"), LookupError("a defect"), DatabaseUnavailable("away")]
    look = running._retainer.look

    async def failing() -> None:
        if errors:
            raise errors.pop()
        await look()

    monkeypatch.setattr(running._retainer, "look", failing)
    await plant(gateway, Planted("ANNA", "+393331234567"))
    running.start()
    async with asyncio.timeout(20):
        while await counts(gateway, messages) != [0]:
            await asyncio.sleep(0.01)
    async with asyncio.timeout(1):
        await running.stop()
    told = [record for record in caplog.records if "what is old is not removed now" in record.message]
    assert [record.levelname for record in told] == ["WARNING", "ERROR", "WARNING"]
