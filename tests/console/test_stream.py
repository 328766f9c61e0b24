"""The stream that keeps Live up to date, and the one reader behind it."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from regia.http.console import feed, streaming
from regia.http.console.feed import MOST, Watcher
from regia.http.console.parts import CONSOLE
from tests.console.scene import Scene, Somebody
from tests.console.test_live import somebody, wrote
from web.console.live import LiveFilter, MessageRow


class Stream:
    """What a browser reads of the stream."""

    def __init__(self, answer: Any) -> None:
        self._content = answer.content
        self.id = ""

    async def until(self, word: str, seconds: float = 8) -> str:
        """The event that has this word in it."""
        async with asyncio.timeout(seconds):
            while True:
                event = (await self._content.readuntil(b"\n\n")).decode()
                for line in event.splitlines():
                    if line.startswith("id: "):
                        self.id = line[4:]
                if word in event:
                    return event


@asynccontextmanager
async def watching(scene: Scene, who: Somebody, query: str = "", **headers: str) -> AsyncIterator[Stream]:
    answer = await scene.get(f"/live?{query}", who, **headers)
    assert (answer.status, answer.content_type) == (200, "text/event-stream")
    assert answer.headers["Cache-Control"] == "no-store"
    try:
        yield Stream(answer)
    finally:
        answer.close()


async def test_a_message_comes_to_all_who_watch_as_they_may_see_it(scene: Scene) -> None:
    viewer, agent = await somebody(scene, "viewer"), await somebody(scene)
    async with (
        watching(scene, viewer) as one,
        watching(scene, agent) as two,
        watching(scene, agent, "category=general") as three,
    ):
        await one.until("id: ")
        await two.until("id: ")
        begun = time.monotonic()
        id_ = await wrote(scene, "Vorrei un rimborso")
        told = await two.until(f"m-{id_}")
        assert time.monotonic() - begun < 5
        assert "Vorrei un rimborso" in told
        masked_ = await one.until(f"m-{id_}")
        assert "rimborso<" not in masked_
        assert "A. B." in masked_
        assert "Bianchi" not in masked_
        other = await wrote(scene, "Ciao", phone="+393331234568")
        assert id_ not in await three.until(f"m-{other}")


async def test_a_stream_goes_on_where_it_broke(scene: Scene) -> None:
    who = await somebody(scene)
    before = await wrote(scene, "prima")
    async with watching(scene, who, "after=0") as stream:
        await stream.until(f"m-{before}")
        seen = await wrote(scene, "durante")
        await stream.until(f"m-{seen}")
    missed = await wrote(scene, "dopo")
    async with watching(scene, who, "after=0", **{"Last-Event-ID": stream.id}) as again:
        assert 'class="fresh"' not in await again.until(f"m-{missed}")


async def test_nobody_looks_while_nobody_watches(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "EVERY", 0.01)
    ours = scene.client.app[CONSOLE].feed  # type: ignore[union-attr]
    assert ours._task is None
    async with watching(scene, await somebody(scene)) as stream:
        await stream.until("id: ")
        assert ours._task is not None
    async with asyncio.timeout(5):
        while ours._watchers or ours._task is not None:
            await wrote(scene, "x", off=False)  # only what is written shows that nobody reads any more
            await asyncio.sleep(0.05)


async def test_a_stream_ends_when_the_login_does(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "_LOOK", 0.0)
    monkeypatch.setattr(streaming, "PING", 0.05)
    who = await somebody(scene)
    async with watching(scene, who) as stream:
        await stream.until("id: ")
        await scene.post("/logout", who)
        assert "event: over" in await stream.until("event: over")


async def test_no_more_watch_than_is_good(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "WATCHERS", 1)
    who = await somebody(scene)
    async with watching(scene, who):
        answer = await scene.get("/live", who)
        assert (answer.status, answer.headers["Retry-After"]) == (503, "60")


async def test_who_reads_nothing_keeps_no_place(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "_WRITE", 0.3)
    monkeypatch.setattr(streaming, "PING", 0.01)
    monkeypatch.setattr(streaming, "SILENT", b":" + b" " * 2**20 + b"\n\n")
    ours = scene.client.app[CONSOLE].feed  # type: ignore[union-attr]
    headers = scene.headers(await somebody(scene), Host="regia.example")
    asked = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    reader, writer = await asyncio.open_connection(scene.client.host, scene.client.port)
    writer.write(f"GET /console/live HTTP/1.1\r\n{asked}\r\n".encode())
    assert (await reader.readline()).split()[1] == b"200"
    assert ours._watchers
    async with asyncio.timeout(10):
        while ours._watchers:
            await asyncio.sleep(0.05)
        with suppress(ConnectionResetError):  # and the connection ends
            while await reader.read(2**20):
                pass
    writer.close()


async def test_a_stream_does_not_keep_a_process_from_stopping(scene: Scene) -> None:
    async with watching(scene, await somebody(scene)) as stream:
        await stream.until("id: ")
        await scene.client.app[CONSOLE].feed.end()  # type: ignore[union-attr]
        async with asyncio.timeout(2):
            await stream._content.read()


def a_message(number: int, state: str = "pending") -> MessageRow:
    words = dict.fromkeys(("brand", "channel", "connector", "kind", "customer_id", "customer", "handle_kind", "handle"), "x")
    more = dict.fromkeys(("subject", "text", "emoji", "category", "rule"), "")
    return MessageRow(id=str(number), received_ms=number, priority=0, state=state, queued_ms=None, **words, **more)


async def test_the_box_of_a_slow_watcher_holds_the_last_states_only() -> None:
    watcher = Watcher(LiveFilter())
    watcher.see([a_message(number) for number in range(3 * MOST)], None)
    watcher.see([a_message(3 * MOST - 1, "published"), a_message(5)], None)
    rows, glance = await watcher.news(0)
    assert (len(rows), glance) == (MOST, None)
    assert [row.id for row in rows[-2:]] == [str(3 * MOST - 1), "5"]
    assert rows[-2].state == "published"
    assert (await watcher.news(0))[0] == []
