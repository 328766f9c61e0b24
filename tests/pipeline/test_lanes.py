"""Room for files: a bound in bytes, in which small files wait for no large one and large ones for none that came later."""

import asyncio
from uuid import UUID

import pytest

from connectors.base import Fetched
from connectors.errors import MediaReason, MediaUnavailable
from normalizer.inbound import InboundAttachment
from regia.pipeline import media
from regia.pipeline.accepted import AcceptedMessage
from regia.pipeline.lanes import AT_ONCE, Lanes
from regia.pipeline.media import MediaStage
from storage.blobs import BlobRef, Blobs
from tests.contacts import START, inbound
from tests.pipeline.conftest import FakeChannel, FakeFiles

MB = 1 << 20
MEMORY = 256 * MB
MESSAGE = UUID(int=1)


class Files(FakeFiles):
    """Files by their size in their address, and how many bytes are somewhere between here and the blobs."""

    def __init__(self, room: int = 100 * MB, whole: "Files | None" = None) -> None:
        super().__init__()
        self.room = room
        self.whole = whole or self
        self.held = self.most = 0
        self.goes_on = asyncio.Event()

    def limited(self, room: int) -> "Files":
        return Files(room, self.whole)

    async def get(self, size: int, announced: bool = True) -> Fetched:
        if size > self.room:
            self.needs = (size if announced else 100 * MB) if self.room < 100 * MB and size <= 100 * MB else None
            raise MediaUnavailable("too_large")
        self.whole.held += size
        self.whole.most = max(self.whole.most, self.whole.held)
        if size > MB:
            await self.whole.goes_on.wait()
        return Fetched(content=size.to_bytes(8))


class Channel(FakeChannel):
    reason: MediaReason = "too_large"

    async def fetch(self, reference: str, account: str | None, http: object) -> Fetched:
        assert isinstance(http, Files)
        self.asked.append(reference)
        size, _, how = reference.partition(" ")
        try:
            return await http.get(int(size), how != "chunked")
        except MediaUnavailable as error:
            raise MediaUnavailable(self.reason) from error  # as a connector may


class Store(Blobs):
    """Lets go of a file when it has it."""

    files: Files

    async def put(self, content: bytes) -> BlobRef:
        await asyncio.sleep(0)
        self.files.held -= int.from_bytes(content)
        return BlobRef("0" * 64, len(content))


class Stage:
    def __init__(self) -> None:
        self.files, self.channel, self.store = Files(), Channel(), Store.memory()
        self.store.files = self.files
        self.stage = MediaStage({"whatsapp": self.channel}, self.store, self.files, MEMORY)

    async def reasons(self, *references: str) -> list[str | None]:
        message = inbound("m1", attachments=tuple(InboundAttachment(reference=one) for one in references))
        accepted = AcceptedMessage(connector="whatsapp", received_at=START, message=message)
        return [one.reason for one in await self.stage.store(accepted, MESSAGE)]


async def test_large_files_together_are_no_more_than_the_memory() -> None:
    stage = Stage()
    stage.files.goes_on.set()
    for references in (["100000000"] * 30, ["3000000"] * 90, ["50000000 chunked", "1000"] * 20):
        assert await stage.reasons(*references) == [None] * len(references)
        assert 0 < stage.files.most <= MEMORY // 2 + AT_ONCE * stage.stage._lanes.small
    assert stage.files.held == 0
    assert stage.stage._lanes._free == stage.stage._lanes._all


async def test_small_files_do_not_wait_for_large_ones() -> None:
    stage = Stage()
    large = [asyncio.create_task(stage.reasons(*["90000000"] * 40)) for _ in range(3)]
    await asyncio.sleep(0.05)
    assert stage.files.held == 90_000_000, "the others wait, and have nothing"
    async with asyncio.timeout(5):
        assert await stage.reasons(*["100000"] * 100) == [None] * 100
    stage.files.goes_on.set()
    assert await asyncio.gather(*large) == [[None] * 40] * 3


async def test_who_waits_too_long_and_what_is_too_large_for_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "SECONDS", 0.2)
    stage = Stage()
    assert await stage.reasons("90000000", "90000000", "200000000", "5") == ["timeout", "timeout", "too_large", None]
    stage.files.held = 0
    stage.files.goes_on.set()
    assert await stage.reasons("90000000") == [None], "those that were given up have left their room"
    assert stage.channel.asked.count("200000000") == 1


async def test_a_reason_of_the_connectors_own() -> None:
    stage = Stage()
    stage.channel.reason = "gone"
    stage.files.goes_on.set()
    assert await stage.reasons("90000000") == [None]


async def test_nobody_passes_who_waits_for_much() -> None:
    lanes, order = Lanes(256), list[str]()
    assert lanes.small == 2

    async def take(name: str, size: int) -> None:
        async with lanes.for_large(size):
            order.append(name)
            await asyncio.sleep(0.01)

    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        for name, size in (("a", 100), ("b", 120), ("c", 20), ("d", 999), ("e", 5)):
            tasks.create_task(take(name, size))
    assert order == ["a", "b", "c", "d", "e"]
    assert lanes._free == 128


async def test_who_is_cancelled_takes_nothing() -> None:
    lanes = Lanes(256)
    async with lanes.for_large(100):
        waits = [asyncio.create_task(lanes.for_large(100).__aenter__()) for _ in range(2)]
        await asyncio.sleep(0)
        for one in waits:
            one.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
        async with asyncio.timeout(1), lanes.for_large(28):
            assert lanes._free == 0
    assert lanes._free == 128
