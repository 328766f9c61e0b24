"""The writer that puts publishes together, and telling a lost connection from a cancelled task."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from dispatcher.link import lost_is_no_cancellation
from dispatcher.sockets import CoalescingWriter


class RecordingTransport(asyncio.Transport):
    """Keeps what reaches the system, one entry a call."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[bytes] = []
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.calls.append(bytes(data))

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = True


@pytest.fixture
async def transport() -> AsyncIterator[RecordingTransport]:
    made = RecordingTransport()
    yield made
    made.close()


@pytest.fixture
async def writer(transport: RecordingTransport) -> CoalescingWriter:
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    protocol.connection_made(transport)
    return CoalescingWriter(transport, protocol, reader, asyncio.get_running_loop())


async def turns(number: int) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


async def test_writes_of_neighbouring_turns_go_out_together(writer: CoalescingWriter, transport: RecordingTransport) -> None:
    for number in range(50):
        writer.write(b"%d," % number)
        await turns(3)
    assert transport.calls == []
    await turns(CoalescingWriter.QUIET_TURNS + 1)
    assert transport.calls == [b"".join(b"%d," % number for number in range(50))]


async def test_a_single_write_goes_out_by_itself(writer: CoalescingWriter, transport: RecordingTransport) -> None:
    for content in (b"one", b"two"):
        writer.write(content)
        await writer.drain()
        await turns(CoalescingWriter.QUIET_TURNS + 1)
    assert transport.calls == [b"one", b"two"]


async def test_much_goes_out_at_once(writer: CoalescingWriter, transport: RecordingTransport) -> None:
    writer.write(b"x" * 1000)
    writer.write(b"y" * CoalescingWriter.LARGEST)
    assert [len(call) for call in transport.calls] == [1000 + CoalescingWriter.LARGEST]
    await turns(CoalescingWriter.QUIET_TURNS + 1)
    assert len(transport.calls) == 1


async def test_closing_sends_the_rest(writer: CoalescingWriter, transport: RecordingTransport) -> None:
    writer.write(b"goodbye")
    writer.close()
    assert transport.calls == [b"goodbye"]
    assert transport.closed


async def test_nothing_is_written_to_a_cut_connection(writer: CoalescingWriter, transport: RecordingTransport) -> None:
    writer.write(b"late")
    transport.abort()
    await turns(CoalescingWriter.QUIET_TURNS + 1)
    assert transport.calls == []


async def test_a_cancellation_out_of_nowhere_is_a_lost_connection() -> None:
    dead: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    dead.set_exception(asyncio.CancelledError())
    with pytest.raises(ConnectionError, match="lost"), lost_is_no_cancellation():
        await dead


async def test_a_cancelled_task_stays_cancelled() -> None:
    async def wait() -> None:
        with lost_is_no_cancellation():
            await asyncio.sleep(60)

    task = asyncio.create_task(wait())
    await turns(2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
