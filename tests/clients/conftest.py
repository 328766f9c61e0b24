"""Fixtures of the consumer library's tests."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from regia_consumer import Consumer, Limits
from regia_consumer.sqlite import SqliteDedupe
from tests.clients.broker import QUEUE, Broker

Running = Callable[..., AbstractAsyncContextManager[Consumer[Any]]]


@pytest.fixture
def broker(amqp_url: str) -> Broker:
    made = Broker(amqp_url)
    made.declare()
    return made


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A database with the table `effects`, of which each envelope may have one row."""
    path = tmp_path / "work.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE effects (id TEXT, number INTEGER)")
    connection.close()
    return path


@pytest.fixture
async def store(work: Path) -> AsyncIterator[SqliteDedupe]:
    made = SqliteDedupe(work)
    yield made
    await made.close()


@pytest.fixture
def running(broker: Broker) -> Running:
    """`async with running(handler, dedupe=…) as consumer`: consumes meanwhile, stops at the end, and fails if `run` failed."""

    @asynccontextmanager
    async def run(handler: Any, **options: Any) -> AsyncIterator[Consumer[Any]]:
        options.setdefault("limits", Limits(retries=2, first=0.05, longest=0.1, seconds=10))
        consumer: Consumer[Any] = Consumer(options.pop("url", broker.url), options.pop("queue", QUEUE), handler, **options)
        task = asyncio.create_task(consumer.run(signals=False))
        try:
            yield consumer
        finally:
            consumer.stop()
            async with asyncio.timeout(40):
                await task

    return run
