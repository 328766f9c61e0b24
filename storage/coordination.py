"""Who may do what now, between the workers of a gateway: rate limits, and leases with fencing tokens.

Nothing here is a durable fact. In one process it is kept in memory, between several in Redis; when Redis forgets, a
limit starts anew and a lease is given again, with a higher token. A **lease** makes one worker the owner of a poller or
a relay for `ttl` seconds. A worker that was paused may believe in a lease it has lost: whatever it writes carries the
token, and what stores it refuses a lower one than it has seen.
"""

import asyncio
import hashlib
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, Protocol, cast

from limits import RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from redis.asyncio import Redis
from redis.exceptions import RedisError

REDIS_SECONDS: Final = 2.0
"""Longest wait for an answer of Redis, and for a connection to it."""

_PREFIX: Final = "regia"
_LISTEN: Final = 1.0
"""Seconds of silence after which a listener asks its connection again."""

# Tokens are microseconds since 1970, or one more than the last where that is higher: they rise also when Redis has lost
# its data, and when its clock was set back. A double holds them exactly until the year 2255.
_ACQUIRE: Final = """
local holder = redis.call('HGET', KEYS[1], 'owner')
if holder and holder ~= ARGV[1] then return false end
local now = redis.call('TIME')
local token = tonumber(now[1]) * 1000000 + tonumber(now[2])
local last = tonumber(redis.call('GET', KEYS[2]) or '0')
if token <= last then token = last + 1 end
local text = string.format('%.0f', token)
redis.call('SET', KEYS[2], text)
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'token', text)
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return text
"""

_RENEW: Final = """
if redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] or redis.call('HGET', KEYS[1], 'token') ~= ARGV[2] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[3])
"""

_RELEASE: Final = """
if redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] or redis.call('HGET', KEYS[1], 'token') ~= ARGV[2] then return 0 end
return redis.call('DEL', KEYS[1])
"""


def _nothing() -> None:
    """For who need not know."""


class CoordinationUnavailable(Exception):
    """Redis cannot be reached or refuses. The text has neither address nor password."""


class Coordination(Protocol):
    """All methods may raise `CoordinationUnavailable`."""

    async def hit(self, key: str, limit: int, seconds: int) -> bool:
        """Count one event of `key`. True: allowed; False: there were `limit` in about the last `seconds`, and this one
        is not counted. Between windows the count is an estimate from the last one. Keys are hashed, never stored."""

    async def acquire(self, name: str, owner: str, ttl: float) -> int | None:
        """The lease `name` for `ttl` seconds: its token, higher than every earlier one of this name. None when
        somebody else holds it. An owner that asks again gets a new token, and its earlier one is void."""

    async def renew(self, name: str, owner: str, token: int, ttl: float) -> bool:
        """`ttl` seconds from now. False: the lease was lost, and the work it covers must stop."""

    async def release(self, name: str, owner: str, token: int) -> bool:
        """Give the lease back. False: it was not held any more."""

    async def holder(self, name: str) -> str | None:
        """The owner of the lease at this moment."""

    async def publish(self, topic: str, body: str) -> None:
        """Tell whoever listens at this moment, on every node. Nothing is kept: who does not listen never hears of it."""

    async def listen(self, topic: str, heard: Callable[[str], None], begun: Callable[[], None] = _nothing) -> None:
        """Call `begun` once it listens, and `heard` with everything that is published from then on, until cancelled. Never
        returns; what is told while a connection is lost is lost, and the caller begins anew."""

    async def ping(self) -> None:
        """Return if it works now."""

    async def close(self) -> None: ...


class LocalCoordination:
    """`Coordination` within one process."""

    def __init__(self) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._leases: dict[str, tuple[str, int, float]] = {}
        """Name to owner, token and end (monotonic)."""
        self._last_token = 0
        self._listening: defaultdict[str, list[Callable[[str], None]]] = defaultdict(list)

    async def hit(self, key: str, limit: int, seconds: int) -> bool:
        return await self._limiter.hit(_limit(limit, seconds), _hashed(key))

    async def acquire(self, name: str, owner: str, ttl: float) -> int | None:
        holder = self._holder(name)
        if holder is not None and holder[0] != owner:
            return None
        self._last_token = max(self._last_token + 1, time.time_ns() // 1000)
        self._leases[name] = (owner, self._last_token, time.monotonic() + ttl)
        return self._last_token

    async def renew(self, name: str, owner: str, token: int, ttl: float) -> bool:
        if self._holder(name) != (owner, token):
            return False
        self._leases[name] = (owner, token, time.monotonic() + ttl)
        return True

    async def release(self, name: str, owner: str, token: int) -> bool:
        if self._holder(name) != (owner, token):
            return False
        del self._leases[name]
        return True

    async def holder(self, name: str) -> str | None:
        held = self._holder(name)
        return None if held is None else held[0]

    def _holder(self, name: str) -> tuple[str, int] | None:
        owner, token, end = self._leases.get(name, ("", 0, 0.0))
        return (owner, token) if end > time.monotonic() else None

    async def publish(self, topic: str, body: str) -> None:
        for heard in list(self._listening.get(topic, ())):
            heard(body)

    async def listen(self, topic: str, heard: Callable[[str], None], begun: Callable[[], None] = _nothing) -> None:
        self._listening[topic].append(heard)
        begun()
        try:
            await asyncio.Event().wait()
        finally:
            self._listening[topic].remove(heard)

    async def ping(self) -> None:
        """Always."""

    async def close(self) -> None:
        """Nothing to close."""


class RedisCoordination:
    """`Coordination` in Redis 6 or later. `url` is `redis[s]://[user:password@]host[:port]/number`. No connection is
    made before the first call."""

    def __init__(self, url: str) -> None:
        self._redis: Redis = Redis.from_url(
            url, decode_responses=True, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS
        )
        # One pool for both: closing ours closes theirs.
        shared: Any = {"connection_pool": self._redis.connection_pool}
        limits = RedisStorage(f"async+{url}", implementation="redispy", key_prefix=f"{_PREFIX}:limit", **shared)
        self._limiter = SlidingWindowCounterRateLimiter(limits)
        self._acquire = self._redis.register_script(_ACQUIRE)
        self._renew = self._redis.register_script(_RENEW)
        self._release = self._redis.register_script(_RELEASE)

    async def hit(self, key: str, limit: int, seconds: int) -> bool:
        async with _reaching():
            return await self._limiter.hit(_limit(limit, seconds), _hashed(key))

    async def acquire(self, name: str, owner: str, ttl: float) -> int | None:
        async with _reaching():
            token = await self._acquire(keys=[_lease(name), f"{_lease(name)}:token"], args=[owner, _milliseconds(ttl)])
        return None if token is None else int(token)

    async def renew(self, name: str, owner: str, token: int, ttl: float) -> bool:
        async with _reaching():
            return bool(await self._renew(keys=[_lease(name)], args=[owner, token, _milliseconds(ttl)]))

    async def release(self, name: str, owner: str, token: int) -> bool:
        async with _reaching():
            return bool(await self._release(keys=[_lease(name)], args=[owner, token]))

    async def holder(self, name: str) -> str | None:
        async with _reaching():
            # redis-py's stubs say "awaitable or not" of every command
            owner: str | None = await cast("Awaitable[str | None]", self._redis.hget(_lease(name), "owner"))
        return owner

    async def publish(self, topic: str, body: str) -> None:
        async with _reaching():
            await self._redis.publish(_topic(topic), body)

    async def listen(self, topic: str, heard: Callable[[str], None], begun: Callable[[], None] = _nothing) -> None:
        async with _reaching(), self._redis.pubsub() as listening:
            await listening.subscribe(_topic(topic))
            while True:
                told = await listening.get_message(timeout=_LISTEN)
                if told is not None and told["type"] == "subscribe":  # from now on: the request alone says nothing
                    begun()
                elif told is not None:
                    heard(told["data"])

    async def ping(self) -> None:
        async with _reaching():
            await self._redis.ping()

    async def close(self) -> None:
        await self._redis.aclose()


@asynccontextmanager
async def _reaching() -> AsyncIterator[None]:
    try:
        yield
    except (RedisError, OSError) as error:
        raise CoordinationUnavailable(f"Redis cannot be used now ({type(error).__name__})") from error


def _limit(limit: int, seconds: int) -> RateLimitItemPerSecond:
    return RateLimitItemPerSecond(limit, seconds, namespace=_PREFIX)


def _hashed(key: str) -> str:
    """A key may hold a customer's address."""
    return hashlib.blake2b(key.encode(), digest_size=16).hexdigest()


def _topic(name: str) -> str:
    return f"{_PREFIX}:topic:{name}"


def _lease(name: str) -> str:
    """In braces, so that a Redis cluster keeps both keys of a lease on one node."""
    return f"{_PREFIX}:lease:{{{name}}}"


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))
