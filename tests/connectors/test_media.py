"""The guarded HTTP client: where it goes, where it refuses to go, and how a call can end."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from connectors.addresses import is_public
from connectors.errors import HttpFailed, MediaUnavailable
from connectors.media import GuardedHttp

LOOPBACK = "127.0.0.1"
Start = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[str]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Starts a server on a free port of 127.0.0.1, where one handler has every path; gives its address."""
    servers: list[TestServer] = []

    async def run(handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> str:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", handler)
        server = TestServer(app, host=LOOPBACK)
        await server.start_server()
        servers.append(server)
        return f"http://{LOOPBACK}:{server.port}"

    yield run
    for server in servers:
        await server.close()


async def _file(request: web.Request) -> web.Response:
    return web.Response(body=b"GIF89a", content_type="image/gif")


def resolves_to(*addresses: str) -> Any:
    async def lookup(host: str, port: int, family: socket.AddressFamily) -> list[tuple[socket.AddressFamily, str]]:
        return [(socket.AF_INET6 if ":" in address else socket.AF_INET, address) for address in addresses]

    return lookup


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("127.0.0.1", False),
        ("127.8.8.8", False),
        ("0.0.0.0", False),  # noqa: S104  # judged, not bound to
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.100.100.200", False),
        ("168.63.129.16", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd00:ec2::254", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:169.254.169.254", False),
        ("::ffff:93.184.216.34", True),
        ("64:ff9b::10.0.0.1", False),
        ("64:ff9b:1::7f00:1", False),
        ("fec0::1", False),
        ("::127.0.0.1", False),
        ("::ffff:0:127.0.0.1", False),
        ("2606:4700::5efe:10.0.0.1", False),
        ("3fff::1", False),
        ("192.0.0.192", False),
        ("2002:7f00:1::", False),
    ],
)
def test_what_is_public(address: str, public: bool) -> None:
    assert is_public(address) is public


async def test_a_file_comes_with_its_type_and_the_headers_go_along(start: Start) -> None:
    seen: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request.headers["Authorization"])
        return await _file(request)

    base = await start(handler)
    async with GuardedHttp(private_hosts=frozenset({LOOPBACK})) as http:
        file = await http.download(f"{base}/a", headers={"Authorization": "Bearer t"}, hosts=(LOOPBACK,))
    assert (file.content, file.content_type, seen) == (b"GIF89a", "image/gif", ["Bearer t"])


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("https://127.0.0.1/x", ("127.0.0.1",)),
        ("https://[::1]/x", ("::1",)),
        ("https://[::ffff:10.0.0.1]/x", ("::ffff:a00:1",)),
        ("https://169.254.169.254/latest/meta-data/", ("169.254.169.254",)),
        ("https://2130706433/x", ("2130706433",)),
        ("https://127.1/x", ("127.1",)),
    ],
)
async def test_literal_addresses_of_our_own_network_are_refused(url: str, hosts: tuple[str, ...]) -> None:
    async with GuardedHttp(lookup=resolves_to(LOOPBACK)) as http:
        with pytest.raises(MediaUnavailable) as caught:
            await http.download(url, hosts=hosts)
    assert (caught.value.reason, caught.value.retryable) == ("forbidden_address", False)


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["10.0.0.5"], ["::1"], ["93.184.216.34", "192.168.0.1"]])
async def test_names_that_stand_for_our_own_network_are_refused(start: Start, addresses: list[str]) -> None:
    asked: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        asked.append(request.path)
        return await _file(request)

    port = (await start(handler)).rpartition(":")[2]
    async with GuardedHttp(lookup=resolves_to(*addresses)) as http:
        with pytest.raises(MediaUnavailable) as caught:
            await http.download(f"http://files.example:{port}/x", hosts=("files.example",))
    assert (caught.value.reason, asked) == ("forbidden_address", [])


async def test_a_name_is_looked_up_once_and_connected_to_as_it_was_checked(start: Start) -> None:
    lookups: list[str] = []

    async def lookup(host: str, port: int, family: socket.AddressFamily) -> list[tuple[socket.AddressFamily, str]]:
        lookups.append(host)
        return [(socket.AF_INET, LOOPBACK)]

    port = (await start(_file)).rpartition(":")[2]
    async with GuardedHttp(private_hosts=frozenset({"files.example"}), lookup=lookup) as http:
        file = await http.download(f"http://files.example:{port}/x", hosts=("files.example",))
    assert (file.content, lookups) == (b"GIF89a", ["files.example"])


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("https://evil.example/x", ("files.example",)),
        ("https://files.example.evil.example/x", ("files.example",)),
        ("https://files.example/x", ()),
        ("https://example/x", (".files.example",)),
        ("https://evilfiles.example/x", (".files.example",)),
        ("ftp://files.example/x", ("files.example",)),
        ("file:///etc/passwd", ("",)),
        ("https://files.example@evil.example/x", ("files.example",)),
        ("https://user:pass@files.example/x", ("files.example",)),
        ("//files.example/x", ("files.example",)),
        ("", ("",)),
        ("https://[::1", ("::1",)),
        ("https://files.example:99999/", ("files.example",)),
    ],
)
async def test_other_places_are_refused(url: str, hosts: tuple[str, ...]) -> None:
    async with GuardedHttp(lookup=resolves_to(LOOPBACK)) as http:
        with pytest.raises(MediaUnavailable) as caught:
            await http.download(url, hosts=hosts)
    assert caught.value.reason == "refused"


async def test_a_token_does_not_go_over_plain_http_to_a_stranger() -> None:
    async with GuardedHttp(lookup=resolves_to("93.184.216.34")) as http:
        with pytest.raises(MediaUnavailable, match="refused"):
            await http.download("http://files.example/x", headers={"Authorization": "Bearer t"}, hosts=("files.example",))


async def test_subdomains_count_where_the_name_has_a_leading_dot(start: Start) -> None:
    port = (await start(_file)).rpartition(":")[2]
    async with GuardedHttp(private_hosts=frozenset({"a.files.example"}), lookup=resolves_to(LOOPBACK)) as http:
        assert (await http.download(f"http://A.files.example:{port}/x", hosts=(".files.example",))).content == b"GIF89a"


def redirecting(*targets: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    """`/n` leads to the nth target; beyond the last one there is a file."""

    async def handler(request: web.Request) -> web.Response:
        number = int(request.path.strip("/"))
        if number < len(targets):
            return web.Response(status=302, headers={"Location": targets[number]})
        return await _file(request)

    return handler


@pytest.mark.parametrize(
    ("targets", "outcome"),
    [
        (["/1"], b"GIF89a"),
        (["1", "2", "3"], b"GIF89a"),
        (["1", "2", "3", "4"], "refused"),
        (["http://evil.example/"], "refused"),
        (["http://localhost/"], "refused"),
        (["ftp://127.0.0.1/"], "refused"),
        (["http://[::1"], "refused"),
    ],
)
async def test_redirects_stay_among_the_hosts(start: Start, targets: list[str], outcome: bytes | str) -> None:
    base = await start(redirecting(*targets))
    async with GuardedHttp(private_hosts=frozenset({LOOPBACK, "localhost"})) as http:
        if isinstance(outcome, bytes):
            assert (await http.download(f"{base}/0", hosts=(LOOPBACK,))).content == outcome
            return
        with pytest.raises(MediaUnavailable) as caught:
            await http.download(f"{base}/0", hosts=(LOOPBACK,))
        assert caught.value.reason == outcome


@pytest.mark.parametrize("elsewhere", ["localhost", LOOPBACK], ids=["another host", "another port"])
async def test_what_proves_us_goes_to_the_first_server_only(start: Start, elsewhere: str) -> None:
    """Providers lead from their API to a store, whose address carries its own proof."""
    seen: list[str | None] = []

    async def store(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization"))
        return await _file(request)

    address = (await start(store)).replace(LOOPBACK, elsewhere)
    base = await start(redirecting(f"{address}/x"))
    hosts = (LOOPBACK, "localhost")
    async with GuardedHttp(private_hosts=frozenset(hosts)) as http:
        found = await http.download(f"{base}/0", headers={"Authorization": "Bearer t"}, hosts=hosts)
    assert (found.content, seen) == (b"GIF89a", [None])


async def test_the_time_is_for_all_redirects_together(start: Start) -> None:
    lead_on = redirecting("1", "2", "3")

    async def handler(request: web.Request) -> web.Response:
        await asyncio.sleep(0.15)
        return await lead_on(request)

    base = await start(handler)
    async with GuardedHttp(private_hosts=frozenset({LOOPBACK}), timeout=0.4) as http:
        with pytest.raises(MediaUnavailable, match="timeout"):
            await http.download(f"{base}/0", hosts=(LOOPBACK,))


@pytest.mark.parametrize(
    ("status", "reason", "retryable"),
    [
        (401, "refused", False),
        (403, "refused", False),
        (404, "gone", False),
        (410, "gone", False),
        (429, "provider_error", True),
        (500, "provider_error", True),
        (400, "provider_error", False),
        (204, "provider_error", False),
    ],
)
async def test_statuses_have_reasons(start: Start, status: int, reason: str, retryable: bool) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(status=status)

    base = await start(handler)
    async with GuardedHttp(private_hosts=frozenset({LOOPBACK})) as http:
        with pytest.raises(MediaUnavailable) as caught:
            await http.download(base, hosts=(LOOPBACK,))
    assert (caught.value.reason, caught.value.retryable) == (reason, retryable)


async def _endless(request: web.Request) -> web.StreamResponse:
    """Chunked, so no length is announced; it goes on until the client leaves."""
    response = web.StreamResponse()
    await response.prepare(request)
    try:
        while True:
            await response.write(b"x" * 1024)
            await asyncio.sleep(0.01)
    except ConnectionError:
        return response


async def _announced(request: web.Request) -> web.Response:
    return web.Response(body=b"x" * 4097)


async def _packed(request: web.Request) -> web.Response:
    return web.Response(body=b"x" * 10, headers={"Content-Encoding": "gzip"})


async def _silent(request: web.Request) -> web.Response:
    await asyncio.sleep(30)
    return web.Response()


async def _hangs_up(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


@pytest.mark.parametrize(
    ("handler", "max_bytes", "reason", "retryable"),
    [
        (_endless, 4096, "too_large", False),
        (_announced, 4096, "too_large", False),
        (_packed, 4096, "provider_error", False),
        (_endless, 1 << 30, "timeout", True),
        (_silent, 4096, "timeout", True),
        (_hangs_up, 4096, "provider_error", True),
    ],
)
async def test_downloads_are_bounded(start: Start, handler: Any, max_bytes: int, reason: str, retryable: bool) -> None:
    base = await start(handler)
    async with GuardedHttp(private_hosts=frozenset({LOOPBACK}), timeout=0.4, max_bytes=max_bytes) as http:
        with pytest.raises(MediaUnavailable) as caught:
            await http.download(base, hosts=(LOOPBACK,))
    assert (caught.value.reason, caught.value.retryable) == (reason, retryable)


@pytest.mark.parametrize(
    ("handler", "room", "needs"),
    [(_announced, 4096, 4097), (_announced, 5000, None), (_announced, 9, 4097), (_endless, 4096, 8192), (_endless, 9000, None)],
)
async def test_who_has_little_room_is_told_what_is_needed(start: Start, handler: Any, room: int, needs: int | None) -> None:
    base = await start(handler)
    async with GuardedHttp(private_hosts=frozenset({LOOPBACK}), max_bytes=8192) as http:
        limited = http.limited(room)
        with suppress(MediaUnavailable):
            assert len((await limited.download(base, hosts=(LOOPBACK,))).content) == 4097
        assert limited.needs == needs
        assert http.needs is None


async def test_what_is_too_large_for_everybody_needs_nothing(start: Start) -> None:
    base = await start(_announced)
    async with GuardedHttp(private_hosts=frozenset({LOOPBACK}), max_bytes=4096) as http:
        limited = http.limited(100)
        with pytest.raises(MediaUnavailable, match="too_large"):
            await limited.download(base, hosts=(LOOPBACK,))
        assert limited.needs is None


async def test_an_api_call_sends_json_and_reads_the_whole_answer(start: Start) -> None:
    seen: list[Any] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append((request.method, request.content_type, await request.json(), request.headers["X-Key"]))
        return web.Response(status=302, headers={"Location": "http://evil.example/", "X-Rate": "3"}, body=b"moved")

    base = await start(handler)
    async with GuardedHttp() as http:
        response = await http.request("POST", f"{base}/v1", headers={"X-Key": "k"}, json={"text": "è"})
    assert seen == [("POST", "application/json", {"text": "è"}, "k")]
    assert (response.status, response.body, response.headers["x-rate"]) == (302, b"moved", "3")


@pytest.mark.parametrize(
    ("handler", "reason"),
    [(_announced, "too_large"), (_silent, "timeout"), (_endless, "timeout"), (_hangs_up, "provider_error")],
)
async def test_a_call_that_left_and_has_no_answer_says_so(start: Start, handler: Any, reason: str) -> None:
    base = await start(handler)
    async with GuardedHttp(timeout=0.4) as http:
        with pytest.raises(HttpFailed) as caught:
            await http.request("POST", base, json={}, max_bytes=4096 if reason == "too_large" else 1 << 30)
    assert (caught.value.reason, caught.value.sent) == (reason, True)


@pytest.mark.parametrize("url", [f"http://{LOOPBACK}:{{port}}/", "nonsense", "https://[::1"])
async def test_a_call_that_never_left_says_so(url: str) -> None:
    async with GuardedHttp(timeout=2) as http:
        with pytest.raises(HttpFailed) as caught:
            await http.request("POST", url.format(port=unused_port()), json={})
    assert (caught.value.reason, caught.value.sent) == ("provider_error", False)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_what_may_change_something_is_sent_once(start: Start, method: str) -> None:
    """Also where the connection ends before the answer: the work may be done."""
    done: list[str] = []

    async def works_and_hangs_up(request: web.Request) -> web.Response:
        done.append(request.method)
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    base = await start(works_and_hangs_up)
    async with GuardedHttp() as http:
        with pytest.raises(HttpFailed) as caught:
            await http.request(method, base, json={})
    assert (done, caught.value.sent) == ([method], True)
