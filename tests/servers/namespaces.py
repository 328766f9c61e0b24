"""Network namespaces joined by a bridge in one of their own, so that a server can be alone in its network.

Addresses exist only inside of the namespaces; nothing is changed in the network of the machine. ip-netns(8), ip-link(8).
"""

import ctypes
import os
import secrets
import socket
import subprocess
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

_CLONE_NEWNET = 0x40000000


class NotPermitted(Exception):
    """This machine lets us make no network namespaces. The text says what was missing."""


class Namespaces:
    """So many namespaces, each with the address `address(number)` on a common bridge; `cut` and `join` take one off it."""

    def __init__(self, count: int) -> None:
        self._stem = f"rg{secrets.token_hex(3)}"
        self._count = count
        self._made: list[str] = []
        try:
            self._build()
        except BaseException:
            self.stop()
            raise

    @staticmethod
    def address(number: int) -> str:
        return f"10.213.77.{number + 1}"

    def name(self, number: int) -> str:
        return f"{self._stem}n{number}"

    def prefix(self, number: int) -> list[str]:
        """What runs a command in that namespace; the command keeps the process id."""
        return ["ip", "netns", "exec", self.name(number)]

    def cut(self, number: int) -> None:
        _ip("-n", self._hub, "link", "set", f"v{number}", "down")

    def join(self, number: int) -> None:
        _ip("-n", self._hub, "link", "set", f"v{number}", "up")

    def socket(self, number: int) -> socket.socket:
        """A TCP socket that lives in that namespace; whoever holds it is in their own. setns(2) is of one thread."""
        made: list[socket.socket] = []

        def make() -> None:
            libc = ctypes.CDLL(None, use_errno=True)
            with Path(f"/run/netns/{self.name(number)}").open("rb") as namespace:
                if libc.setns(namespace.fileno(), _CLONE_NEWNET) == 0:
                    made.append(socket.socket(socket.AF_INET, socket.SOCK_STREAM))

        thread = threading.Thread(target=make)
        thread.start()
        thread.join()
        if not made:
            raise NotPermitted("setns(2) was refused")
        return made[0]

    @property
    def _hub(self) -> str:
        return f"{self._stem}hub"

    def _build(self) -> None:
        if os.geteuid() != 0:
            raise NotPermitted("only root makes network namespaces")
        self._add(self._hub)
        _ip("-n", self._hub, "link", "add", "bridge", "type", "bridge")
        _ip("-n", self._hub, "link", "set", "bridge", "up")
        for number in range(self._count):
            name, wire = self.name(number), f"v{number}"
            self._add(name)
            _ip("-n", self._hub, "link", "add", wire, "type", "veth", "peer", "name", "eth0", "netns", name)
            _ip("-n", self._hub, "link", "set", wire, "master", "bridge", "up")
            _ip("-n", name, "address", "add", f"{self.address(number)}/24", "dev", "eth0")
            _ip("-n", name, "link", "set", "eth0", "up")
            _ip("-n", name, "link", "set", "lo", "up")

    def _add(self, name: str) -> None:
        _ip("netns", "add", name)
        self._made.append(name)

    def stop(self) -> None:
        for name in reversed(self._made):
            _ip("netns", "delete", name)
        self._made.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()


def _ip(*arguments: str) -> None:
    """Raises `NotPermitted` with what ip(8) says."""
    try:
        done = subprocess.run(["ip", *arguments], capture_output=True, text=True, timeout=20, check=False)
    except FileNotFoundError:
        raise NotPermitted("the program ip (Debian package iproute2) is missing") from None
    if done.returncode != 0:
        raise NotPermitted(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
