"""Five hundred chats at once on one node."""

import asyncio
import time

import pytest

from bench.chatting import Load, Spoken, percentile
from tests.e2e.fixtures import MakeGateway
from tests.e2e.gateway import CONFIG
from tests.proof.figures import peak_mb, record

CHATS, MESSAGES, ANSWERS = 500, 10, 3
PAUSE = 2.0
"""Seconds between the messages of one chat: nobody types faster."""


def _milliseconds(times: list[float], share: float) -> str:
    return f"{percentile(times, share) * 1e3:.0f} ms"


@pytest.mark.alone
@pytest.mark.proof
@pytest.mark.timeout(300)
def test_five_hundred_chats_at_once(make_gateway: MakeGateway) -> None:
    """Every message once and in order, in the window and in the queue."""
    gateway = make_gateway(config=CONFIG.with_name("chat.yaml"))
    gateway.start()
    load = Load(
        base=f"http://127.0.0.1:{gateway.port}",
        connector="site",
        origin="https://shop.example",
        token=gateway.secret("consumer-token"),
        chats=CHATS,
        messages=MESSAGES,
        answers=ANSWERS,
        pause=PAUSE,
    )
    began = time.monotonic()
    spoken = asyncio.run(load.run())
    seconds = time.monotonic() - began
    for one in spoken:
        check(one)
    accepted = [time_ for one in spoken for time_ in one.accepted]
    shown = [time_ for one in spoken for time_ in one.shown]
    record(
        "chats",
        at_once=CHATS,
        messages=len(accepted),
        answers=len(shown),
        seconds=f"{seconds:.1f}",
        accepted_p50=_milliseconds(accepted, 0.5),
        accepted_p99=_milliseconds(accepted, 0.99),
        reply_to_window_p50=_milliseconds(shown, 0.5),
        reply_to_window_p99=_milliseconds(shown, 0.99),
        memory_mb=f"{peak_mb(gateway.process.pid):.0f}",
    )
    books = gateway.settle()
    assert books["balance"]
    assert gateway.defects() == []
    gateway.stop()


def check(one: Spoken) -> None:
    """What a window was shown is what was said, once each and in order."""
    texts = list(one.items.values())
    assert sorted(texts) == sorted(one.sent + one.answered)
    assert [text for text in texts if "messaggio" in text] == one.sent
    assert [text for text in texts if "risposta" in text] == one.answered
    assert one.twice == []
