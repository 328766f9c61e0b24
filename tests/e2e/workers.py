"""A gateway of several workers as its operators see it: their processes, their shares, their figures."""

import os
import re
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.gateway import Gateway, Mode

_PATIENCE: Final = 60.0


def processes(gateway: Gateway) -> dict[int, int]:
    """Worker to the id of its process, of those there are now."""
    found: dict[int, int] = {}
    parent = gateway.process.pid
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().decode(errors="replace")
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        told = re.search(r'"worker": (\d+)', line)
        if told and "regia.starting" in line and int(fields[1]) == parent and fields[0] != "Z":
            found[int(told[1])] = int(folder.name)
    return found


def kill(gateway: Gateway, worker: int) -> int:
    """SIGKILL for one worker; the process id it had."""
    pid = processes(gateway)[worker]
    os.kill(pid, signal.SIGKILL)
    return pid


def states(gateway: Gateway) -> Mapping[str, str]:
    """By worker, as the readiness page of any of them tells."""
    try:
        found: Mapping[str, str] = gateway.request("GET", "/health/ready").json().get("workers", {})
    except (OSError, ValueError):
        return {}
    return found


def all_ready(gateway: Gateway, workers: int, seconds: float = _PATIENCE) -> None:
    """Until so many workers are there, and all of them are ready."""
    deadline = time.monotonic() + seconds
    while (found := states(gateway)) != {str(one): "ready" for one in range(workers)}:
        assert gateway.running, f"the gateway ended\n{gateway.tail()}"
        assert time.monotonic() < deadline, f"{found} after {seconds} s\n{gateway.tail()}"
        time.sleep(0.05)


def figure(gateway: Gateway, name: str) -> dict[str, float]:
    """By worker, the sum over all other labels."""
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(gateway.request("GET", "/metrics").body.decode()):
        for sample in family.samples:
            if sample.name == name:
                worker = sample.labels.get("worker", "")
                found[worker] = found.get(worker, 0.0) + sample.value
    return found


def logged(gateway: Gateway, event: str) -> int:
    """How often the log has this event."""
    return gateway.log.read_text(errors="replace").count(f'"event": "{event}"')


def until_logged(gateway: Gateway, event: str, times: int = 1) -> None:
    until_in_the_log(gateway, f'"event": "{event}"', times)


def until_in_the_log(gateway: Gateway, text: str, times: int = 1) -> None:
    deadline = time.monotonic() + _PATIENCE
    while gateway.log.read_text(errors="replace").count(text) < times:
        assert gateway.running, f"the gateway ended\n{gateway.tail()}"
        assert time.monotonic() < deadline, f"{text!r} is not logged {times} times\n{gateway.tail()}"
        time.sleep(0.05)


@pytest.fixture
def shared(amqp_url: str, database_url: str, redis_url: str) -> Mode:
    """The servers that several workers, or nodes, need."""
    urls = {"QUEUES": amqp_url, "DATABASE": database_url.replace("+psycopg", ""), "COORDINATION": redis_url}
    return Mode("shared", {f"REGIA__{section}__URL": url for section, url in urls.items()})
