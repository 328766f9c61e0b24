"""Whom a post is counted for behind proxies, and which sites' scripts may post."""

from ipaddress import ip_network
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from connectors.errors import Rejected
from regia.gateway import Gateway
from regia.http.requests import GATEWAY
from regia.http.visitors import address, cross_site_headers

PROXIES = ("10.0.0.0/8", "fd00::/8", "fe80::/10")


def request(remote: str = "10.0.0.1", *forwarded: str, proxies: tuple[str, ...] = PROXIES, **headers: str) -> web.Request:
    server = SimpleNamespace(trusted_proxies=tuple(map(ip_network, proxies)), origin="https://regia.example")
    app = web.Application()
    app[GATEWAY] = cast(Gateway, SimpleNamespace(configured=SimpleNamespace(settings=SimpleNamespace(server=server))))
    lines = CIMultiDict[str](Host="gateway.internal:8080", **headers)
    for line in forwarded:
        lines.add("X-Forwarded-For", line)
    made: web.Request = make_mocked_request("POST", "/forms/form", headers=lines, app=app).clone(remote=remote)
    return made


@pytest.mark.parametrize(
    ("remote", "forwarded", "expected"),
    [
        ("203.0.113.7", (), "203.0.113.7"),
        ("10.0.0.1", (), "10.0.0.1"),
        ("10.0.0.1", ("203.0.113.7",), "203.0.113.7"),
        ("10.0.0.1", ("203.0.113.7, 10.0.0.2",), "203.0.113.7"),
        ("10.0.0.1", ("  203.0.113.7 ,, 10.0.0.2 ,",), "203.0.113.7"),
        # The visitor's own claims come first, in one line or in several.
        ("10.0.0.1", ("198.51.100.1, 203.0.113.7",), "203.0.113.7"),
        ("10.0.0.1", ("198.51.100.1", "203.0.113.7"), "203.0.113.7"),
        ("10.0.0.1", ("198.51.100.1", "198.51.100.2", "203.0.113.7, 10.0.0.2", "10.0.0.3"), "203.0.113.7"),
        ("10.0.0.1", ("10.9.9.9, 203.0.113.7",), "203.0.113.7"),
        ("10.0.0.1", ("<script>, 203.0.113.7",), "203.0.113.7"),
        # Nobody vouches for what a stranger says.
        ("203.0.113.7", ("198.51.100.1",), "203.0.113.7"),
        ("203.0.113.7", ("10.0.0.2",), "203.0.113.7"),
        # What a trusted proxy could not tell: the nearest address that is known.
        ("10.0.0.1", ("unknown",), "10.0.0.1"),
        ("10.0.0.1", ("203.0.113.7, unknown",), "10.0.0.1"),
        ("10.0.0.1", ("203.0.113.7, 999.1.1.1",), "10.0.0.1"),
        ("10.0.0.1", ("203.0.113.7, _hidden",), "10.0.0.1"),
        ("10.0.0.1", ("",), "10.0.0.1"),
        # A customer has a whole /64.
        ("2001:db8:1:2:aaaa::1", (), "2001:db8:1:2::/64"),
        ("10.0.0.1", ("2001:db8:1:2:bbbb::9",), "2001:db8:1:2::/64"),
        ("fd00::1", ("2001:db8:1:3::9, fd00::2",), "2001:db8:1:3::/64"),
        # IPv4 on a socket of both families, on both sides of the proxy.
        ("::ffff:203.0.113.7", (), "203.0.113.7"),
        ("::ffff:10.0.0.1", ("203.0.113.7",), "203.0.113.7"),
        ("10.0.0.1", ("::ffff:203.0.113.7",), "203.0.113.7"),
        # Some proxies add the port.
        ("10.0.0.1", ("203.0.113.7:51234",), "203.0.113.7"),
        ("10.0.0.1", ("[2001:db8:1:2::1]:51234, 10.0.0.2:80",), "2001:db8:1:2::/64"),
        # Link-local addresses name their interface.
        ("fe80::1%eth0", ("203.0.113.7",), "203.0.113.7"),
        ("10.0.0.1", ("2001:db8:1:2::1%eth0",), "2001:db8:1:2::/64"),
    ],
)
def test_the_address_behind_trusted_proxies(remote: str, forwarded: tuple[str, ...], expected: str) -> None:
    assert address(request(remote, *forwarded)) == expected


def test_without_trusted_proxies_the_header_says_nothing() -> None:
    assert address(request("10.0.0.1", "203.0.113.7", proxies=())) == "10.0.0.1"


def test_a_proxy_on_a_unix_socket_has_no_address() -> None:
    assert address(request("", "unknown")) == ""


ALLOWED = ("https://shop.example", "http://localhost:3000")


@pytest.mark.parametrize("origin", [None, "null", "https://regia.example", "http://gateway.internal:8080"])
def test_the_gateways_own_pages_need_no_permission(origin: str | None) -> None:
    headers: dict[str, Any] = {"Origin": origin} if origin else {}
    assert cross_site_headers(request(**headers), ALLOWED) == {}


@pytest.mark.parametrize("origin", ALLOWED)
def test_an_allowed_site_is_named_and_no_other(origin: str) -> None:
    headers = cross_site_headers(request(Origin=origin), ALLOWED)
    assert headers["Access-Control-Allow-Origin"] == origin
    assert headers["Vary"] == "Origin"
    assert "POST" in headers["Access-Control-Allow-Methods"]
    assert "Access-Control-Allow-Credentials" not in headers


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://shop.example",
        "https://shop.example:8443",
        "https://shop.example.evil.example",
        "https://evilshop.example",
        "https://SHOP.example/",
        "",
        "*",
    ],
)
def test_any_other_site_is_refused(origin: str) -> None:
    with pytest.raises(Rejected) as refused:
        cross_site_headers(request(Origin=origin), ALLOWED)
    assert refused.value.code == "handshake_refused"
    assert origin not in refused.value.detail or not origin
