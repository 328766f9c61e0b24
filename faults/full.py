"""Something is full: a queue, the disk of the gateway."""

import time
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from faults.judge import Window
from faults.messages import QUEUES
from faults.plays import BEFORE_SECONDS, Row, Scenario, end
from faults.stage import Servers, Stage

LONGEST: Final = 50
FULL: Final = QUEUES[0]


def full_queue(scenario: Scenario, servers: Servers, folder: Path, seconds: float) -> Row:
    """One queue takes no more than `LONGEST` messages, and nobody consumes it: the broker answers with a nack. The repair is
    when somebody consumes it again."""
    with Stage(servers, folder) as stage:
        stage.start()
        vhost = urlsplit(stage.vhost).path.removeprefix("/")
        pattern = f"^{FULL.replace('.', '[.]')}$"
        limit = f'{{"max-length":{LONGEST}}}'
        servers.rabbitmq.ctl("set_policy", "-p", vhost, "full", pattern, limit, "--apply-to", "queues")
        others = [queue for queue in QUEUES if queue != FULL]
        stage.listen(others)
        stage.begin()
        time.sleep(BEFORE_SECONDS + LONGEST * len(QUEUES) / stage.rate)
        begun = time.monotonic()
        time.sleep(seconds)
        stage.silence()
        stage.listen()
        row = end(scenario, stage, seconds, Window(begun, time.monotonic()))
        held = stage.accounts.held(others)
        note = f"{held} messages of other queues took longer than 2 s"
        return Row(**{**_fields(row), "note": note, "wrong": (note,) if held else ()})


def _fields(row: Row) -> dict[str, object]:
    return {name: getattr(row, name) for name in Row.__dataclass_fields__}
