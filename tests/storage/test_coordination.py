"""Rate limits and leases: one contract, in process and in Redis."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from storage.coordination import Coordination, CoordinationUnavailable, LocalCoordination, RedisCoordination
from tests.servers.process import free_port
from tests.servers.redis import RedisServer

LONG = 3600


@pytest.fixture(params=["local", "redis"])
async def coordination(request: pytest.FixtureRequest) -> AsyncIterator[Coordination]:
    local = request.param == "local"
    made: Coordination = LocalCoordination() if local else RedisCoordination(request.getfixturevalue("redis_url"))
    yield made
    await made.close()


@pytest.mark.parametrize("limit", [1, 3, 10])
async def test_a_limit_is_a_limit(coordination: Coordination, limit: int) -> None:
    allowed = [await coordination.hit("form:site-form:203.0.113.7", limit, LONG) for _ in range(limit + 3)]
    assert allowed == [True] * limit + [False] * 3


async def test_limits_count_each_key_for_itself(coordination: Coordination) -> None:
    assert await coordination.hit("form:198.51.100.1", 1, LONG)
    assert await coordination.hit("form:198.51.100.2", 1, LONG)
    assert not await coordination.hit("form:198.51.100.1", 1, LONG)


async def test_a_limit_holds_under_callers_at_once(coordination: Coordination) -> None:
    allowed = await asyncio.gather(*(coordination.hit("burst", 20, LONG) for _ in range(60)))
    assert sum(allowed) == 20


async def test_a_limit_passes_with_time(coordination: Coordination) -> None:
    """Two windows later nothing of it is left."""
    assert [await coordination.hit("short", 2, 1) for _ in range(3)] == [True, True, False]
    await asyncio.sleep(2.1)
    assert await coordination.hit("short", 2, 1)


async def test_one_owner_at_a_time(coordination: Coordination) -> None:
    first = await coordination.acquire("poller:imap-it", "node-a", 30)
    assert first is not None
    assert await coordination.acquire("poller:imap-it", "node-b", 30) is None
    assert await coordination.acquire("poller:imap-fr", "node-b", 30) is not None


async def test_who_holds_a_lease(coordination: Coordination) -> None:
    assert await coordination.holder("relay/n1") is None
    token = await coordination.acquire("relay/n1", "n2/4711", 30)
    assert token is not None
    assert await coordination.acquire("relay/n1", "n1/4712", 30) is None
    assert await coordination.holder("relay/n1") == "n2/4711"
    await coordination.release("relay/n1", "n2/4711", token)
    assert await coordination.holder("relay/n1") is None
    await coordination.acquire("relay/n1", "n2/4711", 0.05)
    await asyncio.sleep(0.2)
    assert await coordination.holder("relay/n1") is None


async def test_of_many_callers_one_gets_the_lease(coordination: Coordination) -> None:
    tokens = await asyncio.gather(*(coordination.acquire("relay:3", f"node-{number}", 30) for number in range(20)))
    assert sum(token is not None for token in tokens) == 1


async def test_tokens_rise_through_every_change_of_owner(coordination: Coordination) -> None:
    tokens = []
    for owner in ("node-a", "node-b", "node-a", "node-a", "node-c"):
        token = await coordination.acquire("poller", owner, 30)
        assert token is not None
        tokens.append(token)
        assert await coordination.release("poller", owner, token)
    assert tokens == sorted(set(tokens))
    assert abs(tokens[-1] / 1e6 - time.time()) < 60


async def test_an_owner_that_asks_again_voids_its_earlier_token(coordination: Coordination) -> None:
    """A restarted worker of the same name takes over from the one that hangs."""
    old = await coordination.acquire("poller", "node-a", 30)
    new = await coordination.acquire("poller", "node-a", 30)
    assert old is not None
    assert new is not None
    assert new > old
    assert not await coordination.renew("poller", "node-a", old, 30)
    assert not await coordination.release("poller", "node-a", old)
    assert await coordination.renew("poller", "node-a", new, 30)


async def test_a_lease_ends_and_cannot_be_renewed_then(coordination: Coordination) -> None:
    token = await coordination.acquire("poller", "node-a", 0.15)
    assert token is not None
    await asyncio.sleep(0.3)
    assert not await coordination.renew("poller", "node-a", token, 30)
    later = await coordination.acquire("poller", "node-b", 30)
    assert later is not None
    assert later > token
    assert not await coordination.release("poller", "node-a", token)
    assert await coordination.acquire("poller", "node-c", 30) is None


async def test_renewing_prolongs(coordination: Coordination) -> None:
    token = await coordination.acquire("poller", "node-a", 0.5)
    assert token is not None
    for _ in range(4):
        await asyncio.sleep(0.2)
        assert await coordination.renew("poller", "node-a", token, 0.5)
    assert await coordination.acquire("poller", "node-b", 30) is None


async def test_a_released_lease_is_free_at_once(coordination: Coordination) -> None:
    token = await coordination.acquire("poller", "node-a", 30)
    assert token is not None
    assert await coordination.release("poller", "node-a", token)
    assert not await coordination.release("poller", "node-a", token)
    assert await coordination.acquire("poller", "node-b", 30) is not None


@pytest.mark.parametrize("wrong", [("node-b", 0), ("node-a", 1), ("node-a", -1)])
async def test_only_the_holder_renews_and_releases(coordination: Coordination, wrong: tuple[str, int]) -> None:
    token = await coordination.acquire("poller", "node-a", 30)
    assert token is not None
    owner, offset = wrong
    assert not await coordination.renew("poller", owner, token + offset, 30)
    assert not await coordination.release("poller", owner, token + offset)
    assert await coordination.renew("poller", "node-a", token, 30)


async def test_who_listens_hears_what_is_told_from_then_on(coordination: Coordination) -> None:
    heard: dict[str, list[str]] = {"one": [], "other": [], "elsewhere": []}
    begun = {name: asyncio.Event() for name in heard}
    await coordination.publish("chats", "before")
    listening = [
        asyncio.create_task(coordination.listen("elsewhere" if name == "elsewhere" else "chats", said.append, begun[name].set))
        for name, said in heard.items()
    ]
    await asyncio.gather(*(one.wait() for one in begun.values()))
    for text in ("a", "à\n", ""):
        await coordination.publish("chats", text)
    async with asyncio.timeout(5):
        while len(heard["one"]) < 3 or len(heard["other"]) < 3:
            await asyncio.sleep(0.01)
    for one in listening:
        one.cancel()
    await asyncio.gather(*listening, return_exceptions=True)
    await coordination.publish("chats", "after")
    assert heard == {"one": ["a", "à\n", ""], "other": ["a", "à\n", ""], "elsewhere": []}


async def test_who_listens_to_redis_is_told_that_it_is_gone(redis_server: RedisServer, redis_url: str) -> None:
    one, other = RedisCoordination(redis_url), RedisCoordination(redis_url)
    heard: list[str] = []
    begun = asyncio.Event()
    listening = asyncio.create_task(one.listen("chats", heard.append, begun.set))
    await begun.wait()
    await asyncio.sleep(1.5)  # longer than a silence after which it asks again
    await other.publish("chats", "a")
    redis_server.kill()
    with pytest.raises(CoordinationUnavailable):
        await listening
    assert heard == ["a"]
    await asyncio.to_thread(redis_server.restart)
    for coordination in (one, other):
        await coordination.close()


async def test_ping(coordination: Coordination) -> None:
    await coordination.ping()


async def test_tokens_rise_although_redis_forgot(redis_server: RedisServer, redis_url: str) -> None:
    coordination = RedisCoordination(redis_url)
    before = await coordination.acquire("poller", "node-a", 30)
    redis_server.flush()
    after = await coordination.acquire("poller", "node-b", 30)
    assert before is not None
    assert after is not None
    assert after > before
    await coordination.close()


async def test_two_nodes_share_redis(redis_url: str) -> None:
    one, other = RedisCoordination(redis_url), RedisCoordination(redis_url)
    assert await one.acquire("poller", "node-a", 30) is not None
    assert await other.acquire("poller", "node-b", 30) is None
    assert await one.hit("shared", 1, LONG)
    assert not await other.hit("shared", 1, LONG)
    await one.close()
    await other.close()


async def test_without_redis_every_call_says_so(tmp_path_factory: pytest.TempPathFactory) -> None:
    coordination = RedisCoordination(f"redis://:s3cret@127.0.0.1:{free_port()}/0")
    started = time.monotonic()
    calls = (
        coordination.ping(),
        coordination.hit("key", 1, 1),
        coordination.acquire("poller", "node-a", 1),
        coordination.renew("poller", "node-a", 1, 1),
        coordination.release("poller", "node-a", 1),
        coordination.publish("chats", "a"),
        coordination.listen("chats", print),
    )
    for call in calls:
        with pytest.raises(CoordinationUnavailable) as caught:
            await call
        assert "s3cret" not in str(caught.value)
    assert time.monotonic() - started < 10
    await coordination.close()


async def test_it_recovers_when_redis_is_back(redis_server: RedisServer, redis_url: str) -> None:
    coordination = RedisCoordination(redis_url)
    await coordination.ping()
    redis_server.kill()
    with pytest.raises(CoordinationUnavailable):
        await coordination.ping()
    await asyncio.to_thread(redis_server.restart)
    await coordination.ping()
    assert await coordination.acquire("poller", "node-a", 30) is not None
    assert await coordination.hit("key", 1, LONG)
    await coordination.close()


async def test_redis_never_holds_an_address(redis_url: str) -> None:
    coordination = RedisCoordination(redis_url)
    await coordination.hit("form:anna.bianchi@example.it", 5, LONG)
    keys = [key async for key in coordination._redis.scan_iter("*")]
    assert keys
    assert not [key for key in keys if "anna" in key]
    assert all(key.startswith("regia:") for key in keys)
    await coordination.close()
