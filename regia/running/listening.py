"""The sockets that listen, bound once for all workers, and what must be free before a gateway may begin."""

import errno
import fcntl
import os
import socket
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

BACKLOG: Final = 1024
"""Connections that may wait to be taken, also while no worker runs."""
PATIENCE: Final = 15.0
"""Seconds for what an earlier gateway still has: its workers end within ten when their parent is killed."""
_LOOK: Final = 0.1


def listen(host: str, port: int) -> list[socket.socket]:
    """Listen at every address of `host` (empty: all of this machine), as asyncio's servers do. Waits for a port that is in use.
    Raises `OSError`."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return _bound(host, port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                raise
        time.sleep(_LOOK)


def _bound(host: str, port: int) -> list[socket.socket]:
    found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    made: list[socket.socket] = []
    try:
        for family, kind, protocol, _, address in dict.fromkeys(found):
            one = socket.socket(family, kind, protocol)
            made.append(one)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            one.bind(address)
            one.listen(BACKLOG)
            one.setblocking(False)
    except OSError:
        for one in made:
            one.close()
        raise
    return made


def held(journals: Iterable[Path]) -> list[Path]:
    """Those of the journals that somebody has, after waiting for them."""
    deadline = time.monotonic() + PATIENCE
    left = list(journals)
    while (left := [one for one in left if is_held(one)]) and time.monotonic() < deadline:
        time.sleep(_LOOK)
    return left


def is_held(journal: Path) -> bool:
    """Whether a process has the journal open, by its lock (`storage.journal`)."""
    try:
        lock = os.open(f"{journal}.lock", os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False
