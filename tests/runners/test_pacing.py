"""Messages leave as fast as each account may send, and not before its provider takes more."""

import asyncio
import time
from contextlib import suppress

import pytest

from connectors.abilities import Limits
from connectors.errors import SendFailed
from regia.runners.pacing import Pace


class Clock:
    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


async def _turns(pace: Pace, account: tuple[str, str | None], count: int) -> int:
    """How many of so many turns were granted."""

    codes: list[str] = []

    async def one() -> bool:
        try:
            await pace.turn(account)
        except SendFailed as failed:
            codes.append(failed.code)
            return False
        return True

    granted = sum(await asyncio.gather(*(one() for _ in range(count))))
    assert set(codes) <= {"rate_limited"}
    return granted


async def test_an_account_has_its_rate_and_costs_no_other_one() -> None:
    pace = Pace({"sms": (3, 60.0)}, Clock())
    assert await _turns(pace, ("sms", "+39021"), 5) == 3
    assert await _turns(pace, ("sms", "+39022"), 2) == 2
    assert await _turns(pace, ("line", "U1"), 50) == 50


async def test_a_rate_that_comes_soon_is_waited_for() -> None:
    pace = Pace({"sms": (1, 0.2)}, Clock())
    before = time.monotonic()
    assert await _turns(pace, ("sms", None), 3) == 3
    assert time.monotonic() - before > 0.3


async def test_a_provider_that_asked_to_wait_is_not_asked_before() -> None:
    clock = Clock()
    pace = Pace({}, clock)
    pace.hold(("whatsapp", "1"), 30)
    pace.hold(("whatsapp", "1"), 5)
    with pytest.raises(SendFailed) as caught:
        await pace.turn(("whatsapp", "1"))
    assert caught.value.retry_after == 30
    await pace.turn(("whatsapp", "2"))
    clock.time += 31
    await pace.turn(("whatsapp", "1"))


async def test_a_message_of_more_parts_than_the_rate_still_leaves() -> None:
    await Pace({"sms": (2, 60.0)}, Clock()).turn(("sms", None), 9)


@pytest.mark.parametrize(
    ("text", "files", "messages"), [("a" * 10, 0, 1), ("a" * 11, 0, 2), ("", 2, 2), ("", 0, 1), ("a" * 30, 1, 4)]
)
def test_parts_are_counted(text: str, files: int, messages: int) -> None:
    assert Limits(text=10).messages(text, files) == messages


async def test_one_that_did_not_say_how_long_is_left_alone_for_a_while() -> None:
    clock = Clock()
    pace = Pace({}, clock)
    pace.hold(("sms", None), None)
    with pytest.raises(SendFailed):
        await pace.turn(("sms", None))
    clock.time += 6
    await pace.turn(("sms", None))


async def test_no_provider_stops_an_account_for_good() -> None:
    clock = Clock()
    pace = Pace({}, clock)
    pace.hold(("sms", None), float("inf"))
    clock.time += 3601
    await pace.turn(("sms", None))


async def test_a_message_of_many_parts_is_not_overtaken_for_ever() -> None:
    pace = Pace({"sms": (20, 1.0)}, time.monotonic)
    stop = time.monotonic() + 4

    async def busy() -> None:
        while time.monotonic() < stop:
            with suppress(SendFailed):
                await pace.turn(("sms", None))

    others = [asyncio.create_task(busy()) for _ in range(30)]
    granted = False
    while not granted and time.monotonic() < stop:
        with suppress(SendFailed):
            await pace.turn(("sms", None), 20)
            granted = True
    for other in others:
        other.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    assert granted
