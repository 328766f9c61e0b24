"""Which network addresses a file may be loaded from, judged on the address that is then connected to.

The resolver below is the one aiohttp connects with: what it returns was checked and is used as it is, so a name that
answers differently the second time changes nothing.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp.abc import AbstractResolver, ResolveResult

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Lookup = Callable[[str, int, socket.AddressFamily], Awaitable[list[tuple[socket.AddressFamily, str]]]]

_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_INTERNAL: Final = tuple(
    map(
        ipaddress.ip_network,
        (
            "168.63.129.16/32",  # Azure's wire server answers virtual machines under a public address
            "192.0.0.0/24",  # IETF protocol assignments; Oracle's metadata answers there
            "64:ff9b:1::/48",  # translation inside a network (RFC 8215)
            "::ffff:0:0:0/96",  # translated addresses (RFC 2765)
            "::/96",  # IPv4-compatible addresses, long given up
            "fec0::/10",  # site-local addresses, given up too
            "3fff::/20",  # documentation (RFC 9637)
            "5f00::/16",  # segment routing (RFC 9602)
        ),
    )
)
"""What older Pythons take for public, or what is and leads inside all the same."""
_ISATAP: Final = frozenset({0x00005EFE, 0x02005EFE})


class ForbiddenAddress(Exception):
    """A name stands for an address that is not on the public internet."""


def is_public(text: str) -> bool:
    """Whether an address is on the public internet; an IPv4 address carried inside an IPv6 one is judged itself."""
    address: Address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = _carried(address)
        if inner is not None:
            return is_public(str(inner))
    inside = any(address.version == network.version and address in network for network in _INTERNAL)
    return address.is_global and not address.is_multicast and not inside


def _carried(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address in _NAT64 or (int(address) >> 32) & 0xFFFFFFFF in _ISATAP:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)


async def system_lookup(host: str, port: int, family: socket.AddressFamily) -> list[tuple[socket.AddressFamily, str]]:
    """The addresses of a name as the system resolves it."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
    return [(family_, str(address[0])) for family_, _, _, _, address in found]


class CheckingResolver(AbstractResolver):
    """Resolves names, and refuses those with any address that is not public, but for `private_hosts`."""

    def __init__(self, private_hosts: frozenset[str], lookup: Lookup = system_lookup) -> None:
        self._private_hosts = private_hosts
        self._lookup = lookup

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC) -> list[ResolveResult]:
        found = await self._lookup(host, port, family)
        if host not in self._private_hosts and not all(is_public(address) for _, address in found):
            raise ForbiddenAddress
        return [
            ResolveResult(hostname=host, host=address, port=port, family=kind, proto=0, flags=socket.AI_NUMERICHOST)
            for kind, address in found
        ]

    async def close(self) -> None:
        """Nothing is held."""
