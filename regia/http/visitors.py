"""Where a visitor comes from: the address behind trusted proxies, and the sites whose scripts may post."""

import ipaddress
from collections.abc import Sequence

from aiohttp import web

from connectors.errors import Rejected
from regia.http.requests import GATEWAY


def address(request: web.Request) -> str:
    """The visitor's address for rate limits: the last one of X-Forwarded-For that is not a trusted proxy's.

    IPv6 addresses are cut to their /64, which is what one customer has.
    """
    trusted = request.app[GATEWAY].configured.settings.server.trusted_proxies
    # Some proxies append to the header, others add a second one: the visitor's own claims always come first.
    hops = [*",".join(request.headers.getall("X-Forwarded-For", [])).split(","), request.remote or ""]
    for hop in reversed([hop.strip() for hop in hops if hop.strip()]):
        try:
            ip = _ip(hop)
        except ValueError:
            break
        if not any(ip in network for network in trusted):
            return str(ipaddress.ip_network(f"{ip}/64", strict=False)) if ip.version == 6 else str(ip)  # noqa: PLR2004
    return request.remote or ""


def _ip(hop: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Some proxies add the port; a socket of both families gives IPv4 as ::ffff:a.b.c.d. Raises ValueError."""
    if hop.startswith("["):
        hop = hop[1:].partition("]")[0]
    elif hop.count(":") == 1:
        hop = hop.partition(":")[0]
    ip = ipaddress.ip_address(hop)
    return (ip.ipv4_mapped or ip) if isinstance(ip, ipaddress.IPv6Address) else ip


def cross_site_headers(request: web.Request, origins: Sequence[str], of: str = "form") -> dict[str, str]:
    """CORS headers for a script of an allowed site. Raises `Rejected` for a script of any other; `of` says whose origins."""
    origin = request.headers.get("Origin")
    settings = request.app[GATEWAY].configured.settings
    own = {settings.server.origin, f"{request.scheme}://{request.host}"}
    if origin is None or origin in own or origin == "null":
        return {}
    if origin not in origins:
        raise Rejected("handshake_refused", f"this site is not one of the {of}'s origins:")
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Methods": "POST",
        "Access-Control-Allow-Headers": "Content-Type, Idempotency-Key",
        "Access-Control-Max-Age": "600",
        "Vary": "Origin",
    }
