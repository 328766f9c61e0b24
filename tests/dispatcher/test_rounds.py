"""A round without all its answers: the connection is cut only when the broker answered nobody."""

import asyncio
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from dispatcher.base import Publication
from dispatcher.rounds import Answer, Rounds

ACK = SimpleNamespace(name="Basic.Ack")


class FakeLink:
    """A channel that confirms everything but what goes to `silent` queues."""

    def __init__(self, silent: set[str]) -> None:
        self.silent = silent
        self.dropped = 0

    async def channel(self, within: float) -> Any:
        return self

    async def get_underlay_channel(self) -> Any:
        return self

    def closed(self) -> "asyncio.Future[None]":
        return asyncio.get_running_loop().create_future()

    async def basic_publish(self, body: bytes, *, routing_key: str, **other: object) -> Any:
        if routing_key.split(".")[1] in self.silent:
            await asyncio.Event().wait()
        return ACK

    def drop(self, channel: object) -> None:
        self.dropped += 1


def publication(target: str) -> Publication:
    return Publication(
        envelope_id="m1",
        brand="demo",
        target=target,
        channel="whatsapp",
        body=b"{}",
        type="t",
        correlation_id="con_1",
        timestamp=datetime(2026, 11, 21, tzinfo=UTC),
        attempt=1,
    )


@pytest.mark.parametrize(("silent", "cut"), [({"returns"}, 0), ({"returns", "partners"}, 1)], ids=["one queue", "all"])
async def test_what_has_no_answer_in_time(silent: set[str], cut: int) -> None:
    link = FakeLink(silent)
    rounds = Rounds(link, 1.0)  # type: ignore[arg-type]
    deadline = asyncio.get_running_loop().time() + 0.1
    slow = asyncio.create_task(rounds.publish([publication("returns")], "", deadline))
    await asyncio.sleep(0.02)
    other = await rounds.publish([publication("partners")], "", deadline + (0 if "partners" in silent else 5))
    assert await slow == [Answer.NONE]
    assert other == [Answer.NONE if "partners" in silent else Answer.ACKED]
    assert min(link.dropped, 1) == cut
