"""A stop that hangs ends all the same, and says where it hung."""

import json
import subprocess
import sys

import pytest

from regia.running.ending import HUNG

_HANGS = """
import asyncio, time
from regia.running.ending import end_within
from regia.watch import logs

async def swallowing():
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            pass

async def main():
    logs.set_up(worker=1)
    task = asyncio.create_task(swallowing(), name="orders")
    await asyncio.sleep(0)
    end_within(0.5)
    task.cancel()
    {}

asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("waits", "told"), [("await task", "orders: swallowing ("), ("time.sleep(60)", "main (")], ids=["a task", "the loop itself"]
)
def test_it_ends_and_says_where_it_hung(waits: str, told: str) -> None:
    command = [sys.executable, "-c", _HANGS.format(waits)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == HUNG
    said = json.loads(done.stderr)
    assert (said["event"], said["level"], said["worker"]) == ("the stop hangs, and is cut short", "error", 1)
    assert any(told in place for place in said["waiting"]), said


def test_a_stop_that_does_not_hang_hears_nothing_of_it() -> None:
    program = _HANGS.format("return").replace("            pass", "            return")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
