"""Somebody deletes a queue in the middle of traffic, with messages in it."""

import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from faults.judge import Window
from faults.messages import QUEUES, envelope_of
from faults.plays import AFTER_SECONDS, BEFORE_SECONDS, Row, Scenario
from faults.stage import Servers, Stage

QUEUE: Final = QUEUES[0]
_LATER_SECONDS: Final = 60.0
_STILL_SECONDS: Final = 8.0
"""Without a delivery, after which what is missing lay in the queue: what the broker had not confirmed when it was deleted is
tried again every 5 s, and comes by itself."""


def play(scenario: Scenario, servers: Servers, folder: Path, seconds: float) -> Row:
    """Nobody consumes the queue for so many seconds; then it is deleted, and consumed from then on. What is accepted later
    must arrive by itself, what lay there must be in `regia replay --list`, and come by `regia replay`. Order is asked of
    what comes by itself: what is restored comes after it."""
    with Stage(servers, folder) as stage:
        stage.start()
        since = datetime.now(UTC)
        stage.listen([queue for queue in QUEUES if queue != QUEUE])
        stage.begin()
        time.sleep(BEFORE_SECONDS + seconds)
        servers.rabbitmq.ctl("delete_queue", "-p", urlsplit(stage.vhost).path.removeprefix("/"), QUEUE)
        begun = time.monotonic()
        until = datetime.now(UTC) + timedelta(seconds=1)
        stage.silence()
        stage.listen()
        time.sleep(AFTER_SECONDS)
        stage.hush()
        wrong, lay = _later(stage, begun)
        disordered = stage.accounts.disordered
        chosen = ("--queue", QUEUE, "--since", since.isoformat(), "--until", until.isoformat())
        listed = stage.gateway.cli("replay", *chosen, "--list", "--json").stdout.splitlines()
        envelopes = {json.loads(line)["envelope_id"] for line in listed}
        if missing := lay - envelopes:
            wrong.append(f"{len(missing)} of {len(lay)} messages that lay in the queue are not listed")
        if not lay:
            wrong.append("no message lay in the queue")
        stage.gateway.cli("replay", *chosen)
        stage.finish()
        figures = replace(stage.accounts.figures(Window(begun, begun)), disordered=disordered)
        note = f"{len(lay)} lay there, listed and restored by regia replay"
        made = Row(name=scenario.name, what=scenario.what, seconds=seconds, figures=figures, peak_mb=stage.peak_mb)
        return replace(made, note=note, wrong=tuple(wrong))


def _later(stage: Stage, deleted: float) -> tuple[list[str], set[str]]:
    """What is wrong with messages that were accepted after the deletion, and the envelopes of those that lay in the queue."""
    until, moved, missing = time.monotonic() + _LATER_SECONDS, time.monotonic(), -1
    while time.monotonic() < until:
        lay = stage.accounts.undelivered(QUEUE, deleted)
        if stage.accounts.missing != missing:
            moved, missing = time.monotonic(), stage.accounts.missing
        if missing == len(lay) and time.monotonic() > moved + _STILL_SECONDS:
            break
        time.sleep(0.2)
        stage.look()
    later = stage.accounts.missing - len(lay)
    wrong = [f"{later} messages that were accepted after the deletion never came by themselves"] if later else []
    return wrong, {envelope_of(n, stage.database) for n in lay}
