"""RabbitMQ fails, or is made to."""

import random
import time
from collections.abc import Callable
from typing import Final

from faults.judge import Window
from faults.programs import Broken
from faults.stage import Stage
from tests.servers.proxy import Proxy

STALE: Final = 35.0
"""A gateway waits 30 s for confirms before it leaves a connection: nothing accepted later was written to the old one."""
RESETS_A_SECOND: Final = 4.0
ENOUGH_MB: Final = 4096
"""A memory limit that no scenario reaches."""


def killed(stage: Stage, seconds: float) -> Window:
    """SIGKILL; started again after so many seconds. The repair is when the broker answers the protocol's header."""
    stage.servers.rabbitmq.kill()
    begun = time.monotonic()
    time.sleep(seconds)
    stage.servers.rabbitmq.restart()
    return Window(begun, time.monotonic())


def frozen(stage: Stage, seconds: float) -> Window:
    stage.servers.rabbitmq.freeze()
    begun = time.monotonic()
    try:
        time.sleep(seconds)
    finally:
        stage.servers.rabbitmq.thaw()
    return Window(begun, time.monotonic(), STALE)


def _alarm(raised: tuple[str, ...], cleared: tuple[str, ...]) -> Callable[[Stage, float], Window]:
    """Publishers are blocked while one of its alarms is up; consumers are not."""

    def fault(stage: Stage, seconds: float) -> Window:
        rabbitmq = stage.servers.rabbitmq
        rabbitmq.ctl(*raised)
        begun = time.monotonic()
        try:
            time.sleep(seconds)
        finally:
            mended = time.monotonic()
            rabbitmq.ctl(*cleared)
        return Window(begun, mended, STALE)

    return fault


memory_alarm = _alarm(
    ("set_vm_memory_high_watermark", "absolute", "10MB"), ("set_vm_memory_high_watermark", "absolute", f"{ENOUGH_MB}MB")
)
disk_alarm = _alarm(("set_disk_free_limit", "900GB"), ("set_disk_free_limit", "1MB"))


def resets(proxy: Proxy) -> Callable[[Stage, float], Window]:
    """RST to every connection, `RESETS_A_SECOND` times for each second, at intervals by chance. A connection must be there to
    be cut, so it takes longer than that. Raises `Broken` when they are not done in five times the seconds."""

    def fault(stage: Stage, seconds: float) -> Window:
        chance = random.Random(stage.database)  # noqa: S311  # chance, not a secret
        begun = time.monotonic()
        for _ in range(round(seconds * RESETS_A_SECOND)):
            time.sleep(chance.uniform(0, 2 / RESETS_A_SECOND))
            while not proxy.reset():
                if time.monotonic() > begun + 5 * seconds:
                    raise Broken("the gateway does not connect often enough to be reset so often")
                time.sleep(0.01)
        return Window(begun, time.monotonic())

    return fault


def black_hole(proxy: Proxy) -> Callable[[Stage, float], Window]:
    """Bytes of both directions vanish, also those of connections made meanwhile."""

    def fault(_stage: Stage, seconds: float) -> Window:
        proxy.swallow()
        begun = time.monotonic()
        time.sleep(seconds)
        proxy.mend()
        return Window(begun, time.monotonic())

    return fault
