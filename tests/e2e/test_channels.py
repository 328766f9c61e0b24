"""All channels through real sockets: one gateway, every provider beside it, each with its own signatures and its own API.

The rounds go on at the same time; each test waits for its own.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Final

import pytest
import pytest_asyncio

from tests.e2e import channel_desk
from tests.e2e.channel_case import Case
from tests.e2e.channel_cases import CASES
from tests.e2e.channel_desk import Desk
from tests.e2e.channel_providers import PROVIDERS
from tests.e2e.channel_round import Round

pytestmark = pytest.mark.asyncio(loop_scope="module")

KNOWN_BY_OUR_ID: Final = [case for case in CASES if case.answered is not None and case.answered.by_our_id is not None]
Rounds = Mapping[str, asyncio.Task[str]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    async with channel_desk.desk(tmp_path_factory.mktemp("channels")) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rounds(desk: Desk) -> AsyncIterator[Rounds]:
    tasks = {case.name: asyncio.create_task(Round(desk, case).run()) for case in CASES}
    yield tasks
    for task in tasks.values():
        task.cancel()
    await asyncio.gather(*tasks.values(), return_exceptions=True)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_forgery_is_refused(desk: Desk, case: Case) -> None:
    provider = PROVIDERS[case.connector]
    body = case.first.sample.body(files=desk.files.url, api="", sent="")
    reply = await (provider.forge or provider.deliver)(desk.way(case.connector), body, provider.wrong)
    assert reply is not None
    assert reply.status == provider.refused, reply.body


async def test_nothing_of_a_forgery_is_kept(desk: Desk) -> None:
    books = await asyncio.to_thread(desk.gateway.books)
    assert (books["accepted"], books["quarantined"], books["signals"]) == (0, 0, 0)


@pytest.mark.parametrize("connector", [name for name, provider in PROVIDERS.items() if provider.handshake is not None])
async def test_the_provider_may_try_the_address(desk: Desk, connector: str) -> None:
    provider = PROVIDERS[connector]
    assert provider.handshake is not None
    await provider.handshake(desk.way(connector), provider.secret)


@pytest.mark.parametrize("name", [case.name for case in CASES])
async def test_the_whole_round(rounds: Rounds, name: str) -> None:
    await rounds[name]


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.answered and case.answered.by_our_id], ids=lambda case: case.name
)
async def test_an_answer_whose_id_was_lost_is_known_by_our_own(desk: Desk, rounds: Rounds, case: Case) -> None:
    """The provider took it and its answer did not arrive: whether it left is only told by what comes later."""
    await asyncio.gather(*rounds.values(), return_exceptions=True)
    assert case.answered is not None
    assert case.answered.by_our_id is not None
    await Round(desk, case).lose(await rounds[case.name], case.answered.by_our_id)


async def test_afterwards_everything_is_accounted_for(desk: Desk, rounds: Rounds) -> None:
    await asyncio.gather(*rounds.values(), return_exceptions=True)
    books = await asyncio.to_thread(desk.gateway.settle)
    assert books["balance"] is True
    assert (books["unrouted"], books["discarded"], books["quarantined"]) == (0, 0, 0)
    assert books["duplicate"] == desk.repeats
    assert await desk.left() == {}, "envelopes that nobody expected"
    refused = {name: fake.refused for name, fake in {**desk.fakes, "files": desk.files}.items() if fake.refused}
    assert refused == {}, "a provider was asked for what it does not do"
    assert desk.gateway.defects() == []


async def test_it_ends_when_told_to(desk: Desk, rounds: Rounds) -> None:
    await asyncio.gather(*rounds.values(), return_exceptions=True)
    assert await asyncio.to_thread(desk.gateway.stop) < 10
