"""Sends the posts of a story to a running gateway, at an even pace."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import orjson
from aiohttp import ClientError, ClientSession, ClientTimeout

from regia.demo.posts import Post

_AT_ONCE: Final = 32
_SECONDS: Final = 15.0
"""For one answer; a gateway on this machine takes milliseconds."""
_OK: Final = 200


class NoGateway(Exception):
    """Nobody answers at the address, or somebody who is no gateway. The text says which."""


@dataclass(slots=True)
class Tally:
    """What became of the posts, by `Post.what`; refusals by the gateway's own code."""

    sent: Counter[str] = field(default_factory=Counter)
    accepted: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)


async def send(base: str, posts: Sequence[Post], rate: float, sent: Callable[[], None]) -> Tally:
    """Post everything to the gateway at `base`, `rate` a second; `sent` is called after each answer.

    Raises `NoGateway` when the gateway goes away in the middle.
    """
    async with ClientSession(timeout=ClientTimeout(total=_SECONDS)) as session:
        tally = Tally()
        slots = asyncio.Semaphore(_AT_ONCE)
        start = asyncio.get_running_loop().time()
        try:
            async with asyncio.TaskGroup() as group:
                for number, post in enumerate(posts):
                    await asyncio.sleep(start + number / rate - asyncio.get_running_loop().time())
                    await slots.acquire()
                    group.create_task(_one(session, base, post, tally, sent)).add_done_callback(lambda _: slots.release())
        except* (ClientError, TimeoutError, OSError) as errors:
            done = sum(tally.accepted.values())
            what = f"the gateway at {base} stopped answering after {done} accepted posts"
            raise NoGateway(f"{what}: see its log, and start the demo again with the same --seed") from errors
    return tally


async def check(base: str) -> None:
    """Raises `NoGateway` unless a gateway answers at `base`."""
    try:
        async with (
            ClientSession(timeout=ClientTimeout(total=_SECONDS)) as session,
            session.get(f"{base}/health/live") as answer,
        ):
            body = await answer.read()
    except (ClientError, TimeoutError, OSError) as error:
        raise NoGateway(f"no gateway answers at {base}") from error
    if answer.status != _OK or _word(body, "status") != "live":
        raise NoGateway(f"what answers at {base} is not a gateway")


async def _one(session: ClientSession, base: str, post: Post, tally: Tally, sent: Callable[[], None]) -> None:
    async with session.post(base + post.path, data=post.body, headers=post.headers) as answer:
        body = await answer.read()
    tally.sent[post.what] += 1
    if answer.ok:
        tally.accepted[post.what] += 1
    else:
        tally.refused[_word(body, "error") or str(answer.status)] += 1
    sent()


def _word(body: bytes, name: str) -> str | None:
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    word = data.get(name) if isinstance(data, dict) else None
    return word if isinstance(word, str) else None
