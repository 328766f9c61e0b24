"""The HTTP client of `fetch` and `send`: bounded in time and size, and kept away from our own network.

An address inside a customer's message, or in an answer about it, is chosen by somebody else. `download` therefore goes
only to hosts the channel named, over addresses that are public, and follows redirects only among those hosts.
"""

import asyncio
import io
import ipaddress
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, NoReturn, Self

import aiohttp
import orjson
from yarl import URL

from connectors.addresses import CheckingResolver, ForbiddenAddress, Lookup, is_public, system_lookup
from connectors.asked_once import once
from connectors.base import Fetched
from connectors.errors import HttpFailed, MediaReason, MediaUnavailable

MAX_REDIRECTS: Final = 3
_CHUNK: Final = 1 << 16
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_STATUS_REASONS: Final[Mapping[int, MediaReason]] = MappingProxyType({401: "refused", 403: "refused", 404: "gone", 410: "gone"})
_PASSING: Final = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An answer read to its end. Header names are lower-cased; the first of several values wins."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _TooLarge(Exception):
    """The body passed its limit."""


class GuardedHttp:
    """Implements `connectors.base.Http`. To be made inside the running loop, and closed.

    `private_hosts` may have private addresses and be spoken to without TLS. `timeout` (seconds) is for a whole call with
    its redirects, `max_bytes` for a downloaded file.
    """

    def __init__(
        self,
        *,
        private_hosts: frozenset[str] = frozenset(),
        timeout: float = 20.0,
        max_bytes: int = 100 * 1024 * 1024,
        lookup: Lookup = system_lookup,
    ) -> None:
        self._private_hosts = private_hosts
        self._timeout = timeout
        self._max_bytes = max_bytes
        self._room = max_bytes
        self.needs: int | None = None
        # Two pools: a connection opened for an operator's address is never reused for a provider's.
        self._api = self._session(aiohttp.TCPConnector(), once)
        resolver = CheckingResolver(private_hosts, lookup)
        self._files = self._session(aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False))

    def _session(self, connector: aiohttp.TCPConnector, *middlewares: aiohttp.ClientMiddlewareType) -> aiohttp.ClientSession:
        # Bodies stay as they come: a small compressed body could become a huge one before any limit is seen.
        return aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=self._timeout, connect=self._timeout / 2),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            headers={"Accept-Encoding": "identity", "User-Agent": "regia"},
            middlewares=middlewares,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends both pools."""
        await self._api.close()
        await self._files.close()

    def limited(self, room: int) -> Self:
        """The same client, not to be closed, for a caller with so many bytes of room. Where a file was larger and can be
        had with more, `needs` says with how much: its length, or `max_bytes` where that is not announced."""
        limited = copy(self)
        limited._room = min(room, self._max_bytes)
        return limited

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        body: bytes | None = None,
        max_bytes: int = 1 << 20,
    ) -> Response:
        """One call of an address an operator configured. Redirects are answers like others. Raises `HttpFailed`."""
        # Large bytes as a stream: aiohttp writes plain bytes in one piece, which holds up the loop.
        data = (form if body is None else io.BytesIO(body)) if json is None else orjson.dumps(json)
        typed = {} if json is None else {"Content-Type": "application/json"}
        try:
            async with self._api.request(
                method, url, headers={**typed, **(headers or {})}, data=data, allow_redirects=False
            ) as response:
                body = await _read(response, max_bytes)
                return Response(status=response.status, headers=_headers(response), body=body)
        except _TooLarge as error:
            raise HttpFailed("too_large", sent=True) from error
        except aiohttp.ConnectionTimeoutError as error:
            raise HttpFailed("timeout", sent=False) from error
        except TimeoutError as error:
            raise HttpFailed("timeout", sent=True) from error
        except (aiohttp.ClientConnectorError, aiohttp.InvalidURL) as error:
            raise HttpFailed("provider_error", sent=False) from error
        except aiohttp.ClientError as error:
            raise HttpFailed("provider_error", sent=True) from error

    async def download(self, url: str, *, headers: Mapping[str, str] | None = None, hosts: tuple[str, ...]) -> Fetched:
        """The file at an address a provider named. Raises `MediaUnavailable`.

        `hosts` are the only ones that are asked; one with a leading dot stands for its subdomains.
        """
        try:
            async with asyncio.timeout(self._timeout):
                return await self._follow(url, headers or {}, hosts)
        except (ForbiddenAddress, aiohttp.InvalidUrlClientError) as error:
            raise MediaUnavailable("forbidden_address") from error
        except _TooLarge as error:
            raise MediaUnavailable("too_large") from error
        except TimeoutError as error:
            raise MediaUnavailable("timeout", retryable=True) from error
        except aiohttp.ClientError as error:
            raise MediaUnavailable("provider_error", retryable=True) from error

    async def _follow(self, url: str, headers: Mapping[str, str], hosts: tuple[str, ...]) -> Fetched:
        address = self._allowed(url, hosts, with_token=bool(headers))
        for _ in range(MAX_REDIRECTS + 1):
            async with self._files.get(address, headers=headers, allow_redirects=False) as response:
                if response.status not in _REDIRECTS:
                    return await self._file(response)
                target = URL(_target(address, response))
                if (target.scheme, target.host, target.port) != (address.scheme, address.host, address.port):
                    headers = {}  # what proves us to the first server is not the next one's business
                if address.scheme == "https" and target.scheme != "https":
                    raise MediaUnavailable("refused")
                address = self._allowed(str(target), hosts, with_token=bool(headers))
        raise MediaUnavailable("refused")

    def _allowed(self, url: str, hosts: tuple[str, ...], *, with_token: bool) -> URL:
        try:
            address = URL(url)
            host, port = (address.host or "").rstrip("."), address.port
        except ValueError as error:
            raise MediaUnavailable("refused") from error
        private = host in self._private_hosts
        # A token goes over plain HTTP only to a host the operator vouched for.
        schemes = ("https",) if with_token and not private else ("http", "https")
        if address.scheme not in schemes or port is None or address.user is not None or not _named(host, hosts):
            raise MediaUnavailable("refused")
        if not private and _is_forbidden_literal(host):
            raise MediaUnavailable("forbidden_address")
        return address

    async def _file(self, response: aiohttp.ClientResponse) -> Fetched:
        if response.status != 200:  # noqa: PLR2004  # a download knows one good status
            _unavailable(response.status)
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            # We asked for the bytes as they are; half a transfer coding would be stored as a broken file.
            raise MediaUnavailable("provider_error")
        content = await self._content(response)
        return Fetched(content=content, content_type=response.headers.get("Content-Type", "").partition(";")[0].strip() or None)

    async def _content(self, response: aiohttp.ClientResponse) -> bytes:
        try:
            return await _read(response, self._room)
        except _TooLarge:
            length = self._max_bytes if response.content_length is None else response.content_length
            # Kept here and not in the error: a connector may make an error of its own of it.
            self.needs = length if self._room < length <= self._max_bytes else None
            raise


def _named(host: str, hosts: tuple[str, ...]) -> bool:
    return any(host.endswith(name) if name.startswith(".") else host == name for name in map(str.lower, hosts))


def _is_forbidden_literal(host: str) -> bool:
    """Literal addresses never reach the resolver, so they are judged here."""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return not is_public(host)


def _target(address: URL, response: aiohttp.ClientResponse) -> str:
    try:
        return str(address.join(URL(response.headers.get("Location", ""))))
    except ValueError as error:
        raise MediaUnavailable("refused") from error


def _unavailable(status: int) -> NoReturn:
    if status in _STATUS_REASONS:
        raise MediaUnavailable(_STATUS_REASONS[status])
    raise MediaUnavailable("provider_error", retryable=status in _PASSING or status >= 500)  # noqa: PLR2004  # the class 5xx


async def _read(response: aiohttp.ClientResponse, limit: int) -> bytes:
    if (response.content_length or 0) > limit:
        raise _TooLarge
    body = io.BytesIO()
    async for chunk in response.content.iter_chunked(_CHUNK):
        if body.tell() + len(chunk) > limit:
            raise _TooLarge
        body.write(chunk)
    return body.getvalue()  # which in CPython are its own bytes: a copy would be as much memory again


def _headers(response: aiohttp.ClientResponse) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in response.headers.items():
        found.setdefault(name.lower(), value)
    return found
