"""Tests talk to this machine only: looking up or connecting to any other host raises.

Held at Python's `socket` module, which asyncio, aiohttp, redis and aio-pika use. Libraries that call the system by
themselves (libpq, obstore, uvloop) are not seen here: tests give them loopback addresses.
"""

import socket
from ipaddress import ip_address
from typing import Any


class OutsideHost(RuntimeError):
    """Not an `OSError`, so that code which retries on network errors does not swallow it."""


def is_loopback(host: str | bytes | None) -> bool:
    """Whether `host` is this machine: None, `localhost` or a literal of 127.0.0.0/8 or ::1."""
    if host is None:
        return True
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    if name in ("", "localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def _check_host(host: Any) -> None:
    if not is_loopback(host):
        raise OutsideHost(f"a test reached for the outside host {host!r}: give it a fake or a private server")


def refuse_outside_hosts() -> None:
    """From now on, in this process. Doing it twice changes nothing."""
    if getattr(socket, "_regia_loopback_only", False):
        return
    connect, connect_ex, getaddrinfo = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            _check_host(address[0])
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            _check_host(address[0])
        return connect_ex(self, address)

    def guarded_getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        _check_host(host)
        return getaddrinfo(host, *args, **kwargs)

    socket.socket.connect = guarded_connect  # type: ignore[method-assign,assignment]
    socket.socket.connect_ex = guarded_connect_ex  # type: ignore[method-assign,assignment]
    socket.getaddrinfo = guarded_getaddrinfo
    socket._regia_loopback_only = True  # type: ignore[attr-defined]
