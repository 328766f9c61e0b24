"""Something is full: a queue, the disk of the gateway."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from faults.judge import BEHIND, Window
from faults.messages import QUEUES
from faults.plays import BEFORE_SECONDS, Row, Scenario, end
from faults.programs import Broken
from faults.stage import Servers, Stage

LONGEST: Final = 50
FULL: Final = QUEUES[0]
DISK_MB: Final = 64
RESERVE_MB: Final = 8
ROOM_MB: Final = 0.5
"""What is left for contacts when PostgreSQL goes: a few seconds of them."""
SLOW: Final = 50.0
"""Messages a second: each that is refused comes again and again, so that more would only try the sender."""
JOURNAL: Final = {"REGIA__JOURNAL__RESERVE_MB": str(RESERVE_MB)}
FULL_SECONDS: Final = 60.0


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
        note = f"{held} messages of other queues took longer than {BEHIND:.0f} s"
        return replace(row, note=note, wrong=(note,) if held else ())


def full_disk(scenario: Scenario, servers: Servers, folder: Path, seconds: float) -> Row:
    """The data folder is a file system of `DISK_MB`, which fills while PostgreSQL is away: contacts are refused before anything
    of them was accepted. The repair is when PostgreSQL is back, and what waits in the journal can leave it."""
    if os.geteuid() != 0:
        return Row(name=scenario.name, what=scenario.what, seconds=seconds, figures=None, note="only root mounts a tmpfs")
    with _tmpfs(folder / "small") as disk, Stage(servers, folder, data=disk / "data", rate=SLOW, overrides=JOURNAL) as stage:
        stage.start()
        stage.listen()
        stage.begin()
        time.sleep(BEFORE_SECONDS)
        _fill(disk, ROOM_MB)
        servers.postgresql.kill()
        begun = time.monotonic()
        try:
            stage.until(lambda: stage.refused(503) > 0, FULL_SECONDS, "the disk is not full")
            time.sleep(seconds)
        finally:
            servers.postgresql.restart()
        row = end(scenario, stage, seconds, Window(begun, time.monotonic()))
        refused = stage.refused(503)
        others = 0 if row.figures is None else row.figures.refused - refused
        wrong = (f"{others} requests were refused otherwise than with 503",) if others else ()
        return replace(row, note=f"{refused} times 503", wrong=wrong)


@contextmanager
def _tmpfs(folder: Path) -> Iterator[Path]:
    folder.mkdir()
    _run("mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "regia-faults", str(folder))
    try:
        yield folder
    finally:
        _run("umount", "--lazy", str(folder))


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)  # noqa: S603  # our own words
    if done.returncode != 0:
        raise Broken(f"{' '.join(command)}: {done.stderr}")


def _fill(disk: Path, left: float) -> None:
    """Leave so many MB to the gateway above its reserve."""
    free = shutil.disk_usage(disk).free - int((left + RESERVE_MB) * (1 << 20))
    (disk / "filling").write_bytes(bytes(max(0, free)))
