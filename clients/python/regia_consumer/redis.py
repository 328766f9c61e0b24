"""Ids in Redis, for work that has no transaction of its own. Needs `regia-consumer[redis]`.

**At least once remains.** A key says `processing` while the handler works and `done` afterwards. A process that dies between
the effect and the mark leaves an effect without a mark: when the claim has expired, the message is handled again. So does a
Redis that forgets its data. Where twice is not an option use `SqlDedupe`, or make the effect itself refuse a repeat.
"""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final, cast

from redis.asyncio import Redis
from redis.exceptions import RedisError

from regia_consumer.errors import AlreadyDone, Unavailable

logger = logging.getLogger(__name__)

DONE: Final = b"done"
COMMAND_SECONDS: Final = 5.0
RELEASE: Final = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"
RENEW: Final = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], ARGV[2]) end return 0"


@dataclass(frozen=True, slots=True)
class Claim:
    """What the handler gets: the key in Redis, and the token that no other claim has."""

    key: str
    token: str


class RedisDedupe:
    """`RedisDedupe(Redis.from_url(url))`.

    A claim is renewed while the handler works and expires `processing_seconds` after its process died; another consumer waits
    for it. `done_seconds` is how long a repeat is known (30 days: longer than an outage may hold back a confirm).
    """

    def __init__(
        self,
        client: Redis,
        *,
        prefix: str = "regia:done",
        processing_seconds: float = 30.0,
        done_seconds: float = 30 * 86_400.0,
    ) -> None:
        self._client = cast(Any, client)  # the client's own types differ between decoded and raw answers
        self._prefix = prefix
        self._processing_ms = int(processing_seconds * 1000)
        self._done_ms = int(done_seconds * 1000)
        self._unmarked: set[str] = set()
        """Handled by this process, while Redis could not be told."""

    @asynccontextmanager
    async def once(self, queue: str, envelope_id: str) -> AsyncIterator[Claim]:
        claim = Claim(f"{self._prefix}:{queue}:{envelope_id}", f"processing:{secrets.token_hex(16)}")
        if claim.key in self._unmarked:
            await self._mark(claim.key)
            raise AlreadyDone
        await self._take(claim)
        renewing = asyncio.create_task(self._renew(claim))
        try:
            yield claim
        except BaseException:
            with suppress(Unavailable):  # else it expires by itself
                await self._ask("eval", RELEASE, 1, claim.key, claim.token)
            raise
        finally:
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)
        self._unmarked.add(claim.key)
        await self._mark(claim.key)

    async def _take(self, claim: Claim) -> None:
        """Until the claim is ours. Somebody else's ends with its work or expires, and the handler's time bounds the wait."""
        while not await self._ask("set", claim.key, claim.token, nx=True, px=self._processing_ms):
            state = await self._ask("get", claim.key)
            if state in (DONE, DONE.decode()):
                raise AlreadyDone
            await asyncio.sleep(min(0.2, self._processing_ms / 3000))

    async def _renew(self, claim: Claim) -> None:
        while True:
            await asyncio.sleep(self._processing_ms / 3000)
            try:
                kept = await self._ask("eval", RENEW, 1, claim.key, claim.token, self._processing_ms)
            except Unavailable:
                kept = False
            if not kept:
                logger.warning("a claim could not be renewed: its message may be handled twice")

    async def _mark(self, key: str) -> None:
        await self._ask("set", key, DONE, px=self._done_ms)
        self._unmarked.discard(key)

    async def ready(self) -> None:
        await self._ask("ping")

    async def _ask(self, command: str, *arguments: object, **options: object) -> Any:
        try:
            async with asyncio.timeout(COMMAND_SECONDS):
                return await getattr(self._client, command)(*arguments, **options)
        except (RedisError, OSError, TimeoutError) as error:
            raise Unavailable(f"Redis: {type(error).__name__}") from error
