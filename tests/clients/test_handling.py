"""What becomes of a message by what its handler raises: tried again, refused, held, or given back; and what is logged."""

import asyncio
import itertools
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from regia_consumer import AlreadyDone, Counters, Limits, Message, NoDedupe, Poison, Retry, Unavailable
from regia_consumer.handling import Handling, Verdict
from regia_consumer.message import parse
from regia_consumer.pausing import Pause
from regia_consumer.waiting import Closing
from tests.clients.broker import QUEUE, envelope, until

MESSAGE = parse(QUEUE, envelope(1), {})


class Handler:
    """Raises these one after the other, and then succeeds."""

    def __init__(self, *raised: BaseException) -> None:
        self.raised = list(raised)
        self.calls = 0

    async def __call__(self, message: Message, transaction: Any) -> None:
        self.calls += 1
        if self.raised:
            raise self.raised.pop(0)


def handling(handler: Any, **options: Any) -> Handling[Any]:
    return Handling(
        handler,
        options.get("dedupe", NoDedupe()),
        limits=options.get("limits", Limits(retries=2, first=0.01, longest=0.02, seconds=5)),
        concurrency=options.get("concurrency", 4),
        dependency=options.get("dependency", Pause(0.01, 0.02)),
        counters=options.get("counters", Counters()),
        closing=options.get("closing", asyncio.Event()),
    )


@pytest.mark.parametrize(
    ("raised", "verdict", "calls"),
    [
        ([], Verdict.DONE, 1),
        ([ValueError("x")], Verdict.DONE, 2),
        ([ValueError("x"), Retry("y", after=0)], Verdict.DONE, 3),
        ([ValueError("x")] * 3, Verdict.REJECTED, 3),
        ([Poison("no such product")], Verdict.REJECTED, 1),
        ([ValueError("x"), Poison("no such product")], Verdict.REJECTED, 2),
        ([Unavailable("away")] * 9, Verdict.DONE, 10),
        ([Unavailable("away"), ValueError("x"), Unavailable("away"), ValueError("x")], Verdict.DONE, 5),
        ([asyncio.CancelledError()], Verdict.DONE, 2),
        ([AlreadyDone()], Verdict.REPEATED, 1),
    ],
)
async def test_what_becomes_of_a_message(raised: list[BaseException], verdict: Verdict, calls: int) -> None:
    handler = Handler(*raised)
    assert await handling(handler).run(MESSAGE) is verdict
    assert handler.calls == calls


async def test_a_time_that_was_asked_for_is_waited() -> None:
    begun = time.monotonic()
    assert await handling(Handler(Retry(after=0.3))).run(MESSAGE) is Verdict.DONE
    assert time.monotonic() - begun >= 0.3


async def test_a_handler_that_does_not_end_is_a_failure() -> None:
    limits = Limits(retries=1, first=0.01, longest=0.01, seconds=0.05)
    counters = Counters()
    slow = handling(lambda _message, _transaction: asyncio.sleep(60), limits=limits, counters=counters)
    assert await slow.run(MESSAGE) is Verdict.REJECTED
    assert counters.retried == 1


async def test_the_log_tells_our_reasons_and_never_the_text_of_other_exceptions(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await handling(Handler(Poison("no such product"))).run(MESSAGE)
    await handling(Handler(*[ValueError("anna@example.it")] * 3)).run(MESSAGE)
    assert f"message {MESSAGE.id} of {QUEUE} goes to the dead letters: poison: no such product" in caplog.text
    assert "failed 3 times, at last with ValueError in " in caplog.text
    assert "test_handling.py:" in caplog.text
    assert "anna" not in caplog.text
    assert "parola" not in caplog.text


async def test_no_more_than_asked_work_at_the_same_time() -> None:
    busy, most = 0, 0

    async def handler(_message: Message, _transaction: None) -> None:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        await asyncio.sleep(0.01)
        busy -= 1

    several = handling(handler, concurrency=2)
    await asyncio.gather(*(several.run(MESSAGE) for _ in range(6)))
    assert most == 2


async def test_while_something_is_away_one_message_tries_and_the_others_hold() -> None:
    away, calls = True, list[float]()
    dependency, counters = Pause(0.05, 0.05), Counters()

    async def handler(_message: Message, _transaction: None) -> None:
        calls.append(time.monotonic())
        if away:
            raise Unavailable("the ticket system")

    several = handling(handler, dependency=dependency, counters=counters)
    running = [asyncio.create_task(several.run(parse(QUEUE, envelope(number), {}))) for number in range(4)]
    await until(lambda: counters.unavailable >= 8, "it tries again and again")
    assert dependency.since is not None
    assert all(after - before >= 0.02 for before, after in itertools.pairwise(calls[3:])), "one at a time, with a wait"
    away = False
    assert await asyncio.gather(*running) == [Verdict.DONE] * 4
    assert dependency.since is None
    assert counters.retried == 0


@pytest.mark.parametrize("raised", [Retry(after=60), Unavailable("away")])
async def test_what_waits_is_given_back_at_once_when_closing(raised: Exception) -> None:
    closing = asyncio.Event()
    handler = Handler(*[raised] * 99)
    task = asyncio.create_task(handling(handler, dependency=Pause(60, 60), closing=closing).run(MESSAGE))
    await until(lambda: handler.calls == 1, "the first attempt")
    closing.set()
    with pytest.raises(Closing):
        async with asyncio.timeout(5):
            await task


async def test_what_waits_for_a_slot_is_given_back_when_closing() -> None:
    closing, held = asyncio.Event(), asyncio.Event()
    several = handling(lambda _message, _transaction: held.wait(), concurrency=1, closing=closing)
    tasks = [asyncio.create_task(several.run(MESSAGE)) for _ in range(2)]
    await asyncio.sleep(0.01)
    closing.set()
    held.set()
    first, second = await asyncio.gather(*tasks, return_exceptions=True)
    assert first is Verdict.DONE
    assert isinstance(second, Closing)


async def test_work_is_rolled_back_when_it_fails() -> None:
    ended = list[str]()

    class Store:
        @asynccontextmanager
        async def once(self, queue: str, envelope_id: str) -> AsyncIterator[Callable[[], None]]:
            try:
                yield lambda: None
            except BaseException as error:
                ended.append(type(error).__name__)
                raise
            ended.append("commit")

        async def ready(self) -> None:
            return

    assert await handling(Handler(ValueError("x")), dedupe=Store()).run(MESSAGE) is Verdict.DONE
    assert ended == ["ValueError", "commit"]
