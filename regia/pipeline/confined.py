"""What holds for a process of ours that does one kind of work: it ends with the gateway, its memory is bounded, it is mute."""

import fcntl
import os
import resource
import select
import signal
import sys
from multiprocessing import parent_process
from pathlib import Path


def end_with_the_gateway() -> None:
    """Have the kernel end this process when the gateway's end of the pipe between them closes, whatever is being read:
    the default of SIGIO is to end the process, and needs neither a thread nor the interpreter (fcntl(2), F_SETOWN)."""
    gateway = parent_process()
    if gateway is None or sys.platform != "linux":
        return
    pipe = int(gateway.sentinel)
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(pipe, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(pipe, fcntl.F_SETFL, fcntl.fcntl(pipe, fcntl.F_GETFL) | os.O_ASYNC)
    hung_up = select.poll()
    hung_up.register(pipe, select.POLLHUP)
    if hung_up.poll(0):
        os._exit(0)


def bound(memory: int) -> None:
    """Bound what this process may take from here on, and leave no dump of a mail behind when it crashes."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":  # elsewhere nothing tells what is taken now, and only time is bounded
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        most = pages * resource.getpagesize() + memory
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def be_mute() -> None:
    """Whatever a library or the interpreter prints when it dies may quote a mail."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    os.close(nothing)
