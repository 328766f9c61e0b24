"""What a reading process gets of the gateway's environment: where to find Python and its language, and no secret.

A mail that takes a reader over could look into `/proc/self/environ`. multiprocessing hands its own environment on and has
no setting for another, and changing ours for a moment would be seen by every thread; so the one function with which it
starts programs is replaced while it starts one of these.
"""

import os
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from multiprocessing import resource_tracker, util
from typing import Final

_NAMES: Final = frozenset(
    ("PATH", "LANG", "TZ", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
)
_one_at_a_time: Final = threading.Lock()


def environment(of: Mapping[str, str]) -> dict[str, str]:
    """What of an environment a process that only reads needs."""
    return {name: value for name, value in of.items() if name in _NAMES or name.startswith("LC_")}


@contextmanager
def scrubbed(*, mute: bool = False) -> Iterator[None]:
    """While it holds, what multiprocessing starts gets `environment`; `mute` takes its stderr from it. One thread at a time."""
    with _one_at_a_time:
        before = util.spawnv_passfds
        util.spawnv_passfds = partial(_spawn, stderr=subprocess.DEVNULL if mute else None)
        try:
            yield
        finally:
            util.spawnv_passfds = before


def start_tracker() -> None:
    """Start multiprocessing's process that removes what is left of us when we are killed, unless it is there.

    It is mute: after every SIGKILL of the gateway it would warn of "leaked semaphores", which it removes itself.
    """
    with scrubbed(mute=True):
        resource_tracker.ensure_running()


def _spawn(path: bytes, args: Sequence[str | bytes], passfds: Sequence[int], *, stderr: int | None) -> int:
    """As `multiprocessing.util.spawnv_passfds`; the process id."""
    process = subprocess.Popen(  # noqa: S603  # what multiprocessing wants started
        args, executable=path, env=environment(os.environ), pass_fds=passfds, stderr=stderr, restore_signals=False
    )
    process.returncode = 0  # multiprocessing waits for it
    return process.pid
