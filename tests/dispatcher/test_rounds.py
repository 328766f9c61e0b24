"""A round without all its answers: the connection is cut only when the broker answered nobody."""

import asyncio
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from dispatcher import rounds
from dispatcher.base import Publication
from dispatcher.rounds import Answer, Rounds

ACK = SimpleNamespace(name="Basic.Ack")


class FakeLink:
    """A channel that confirms everything but what goes to `silent` queues."""

    def __init__(self, silent: set[str], *, has_others: bool = False, blocks: bool = False) -> None:
        self.silent = silent
        self.has_others = has_others
        self.blocks = blocks
        self.dropped = 0

    async def blocked(self) -> bool:
        return self.blocks

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
    over = Rounds(link, 1.0)  # type: ignore[arg-type]
    deadline = asyncio.get_running_loop().time() + 0.1
    slow = asyncio.create_task(over.publish([publication("returns")], "", deadline))
    await asyncio.sleep(0.02)
    other = await over.publish([publication("partners")], "", deadline + (0 if "partners" in silent else 5))
    assert await slow == [Answer.NONE]
    assert other == [Answer.NONE if "partners" in silent else Answer.ACKED]
    assert min(link.dropped, 1) == cut


@pytest.mark.parametrize(("has_others", "blocks", "early"), [(True, False, True), (True, True, False), (False, False, False)])
async def test_one_of_several_nodes_that_confirms_nothing(
    has_others: bool, blocks: bool, early: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is left before the deadline, unless it says itself that it takes nothing now, or there is no other."""
    monkeypatch.setattr(rounds, "SILENT_SECONDS", 0.1)
    monkeypatch.setattr(rounds, "_LOOK", 0.02)
    monkeypatch.setattr(rounds, "AFTER_LOSS_SECONDS", 0.05)
    link = FakeLink({"returns"}, has_others=has_others, blocks=blocks)
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert await Rounds(link, 1.0).publish([publication("returns")], "", began + 1.5) == [Answer.NONE]  # type: ignore[arg-type]
    assert (loop.time() - began < 1.2) is early
    assert link.dropped
