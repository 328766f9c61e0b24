"""Envelopes at a web address: signed, each once where the receiver holds to the ids, and none lost while it fails."""

import asyncio
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from desk import webhooks
from desk.bridges.base import SystemUnavailable
from desk.webhooks import headers_of, key_of
from dispatcher.orders import NotNow
from regia.cli.webhook import _enable
from regia.runners import carrying
from regia.runners.webhooks import State
from storage.schema import local_messages
from tests.webhooks.conftest import NEW, Shop

HOUR_MS = 3_600_000


async def test_what_arrives_is_the_envelope(shop: Shop) -> None:
    await shop.write(3)
    async with shop.at_work():
        await shop.empty()
    bodies = await shop.bodies()
    assert {one.id: one.extra["body"] for one in shop.receiver.accepted} == {
        id_: orjson.loads(body) for id_, body in bodies.items()
    }
    assert shop.receiver.repeated == []


async def test_a_receiver_that_fails_gets_all_in_their_order(shop: Shop) -> None:
    shop.receiver.fail(500, b"", times=3)
    shop.receiver.fail(429, b"", {"Retry-After": "1"})
    shop.receiver.fail(302, b"", {"Location": "https://elsewhere.example"})
    shop.receiver.hang()  # taken, and the answer is lost
    await shop.write(3)
    query = select(local_messages.c.envelope_id).order_by(local_messages.c.position)
    queued = await shop.database.read(lambda one: list(one.execute(query).scalars()))
    async with shop.at_work():
        await shop.empty()
    order = [one.id for one in shop.receiver.accepted]
    assert order == queued
    assert len(order) == 3


async def test_one_that_is_refused_is_a_dead_letter(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    await shop.write(3)
    first, second, third = [orjson.loads(body)["id"] for body in (await shop.bodies()).values()]
    real = webhooks.post

    async def refuses(http: Any, url: str, body: bytes, headers: Any) -> None:
        if headers["webhook-id"] == second:
            raise webhooks.HookRefused("it answers 422")
        await real(http, url, body, headers)

    monkeypatch.setattr(webhooks, "post", refuses)
    async with shop.at_work():
        await shop.until(lambda: len(shop.receiver.accepted) == 2)
        await asyncio.sleep(0.2)
    assert {one.id for one in shop.receiver.accepted} == {first, third}
    assert [state for state, _ in await shop.lying()] == ["dead"]


async def test_a_receiver_that_refuses_everything_is_what_is_wrong(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    await shop.write(6)

    async def refuses(*_: Any) -> None:
        raise webhooks.HookRefused("it answers 400")

    with monkeypatch.context() as broken:
        broken.setattr(webhooks, "post", refuses)
        async with shop.at_work():
            await asyncio.sleep(2.0)
    states = [state for state, _ in await shop.lying()]
    assert states.count("dead") == 0
    assert len(states) == 6
    async with shop.at_work():
        await shop.until(lambda: len(shop.receiver.accepted) == 6)


async def test_one_that_wants_no_more_is_disabled_until_somebody_enables_it(shop: Shop) -> None:
    shop.receiver.fail(410, b"")
    await shop.write(2)
    async with shop.at_work():
        await shop.disabled()
        assert shop.receiver.accepted == []
        await shop.database.write(lambda one: _enable(one, "crm"))
        await shop.empty()
    assert len(shop.receiver.accepted) == 2


async def test_one_that_fails_for_long_is_disabled_also_after_a_restart(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carrying, "HOLD", 60.0)  # given back too often, a contact would be a dead letter
    shop.time_ms = 1_795_284_131_000
    shop.receiver.fail(500, b"", times=1000)
    await shop.write(2)
    async with shop.at_work():
        await shop.until(lambda: len(shop.receiver._canned) < 1000)
        await shop.failing()
        for _ in range(71):  # it fails all the time: between two tries the clock may be set twice
            tried = len(shop.receiver._canned)
            shop.time_ms += HOUR_MS // 3
            await shop.until(lambda tried=tried: len(shop.receiver._canned) < tried)  # type: ignore[misc]
        shop.time_ms += HOUR_MS // 3
        await shop.disabled()
    tried = len(shop.receiver._canned)
    async with shop.at_work():
        await asyncio.sleep(0.5)
    assert len(shop.receiver._canned) == tried
    assert [state for state, _ in await shop.lying()] == ["ready", "ready"]
    assert await shop.state() == State(failing_ms=1_795_284_131_000, disabled="failing")


async def test_what_is_taken_again_ends_a_failure(shop: Shop) -> None:
    shop.time_ms = 1_795_284_131_000
    shop.receiver.fail(500, b"", times=2)
    await shop.write()
    async with shop.at_work():
        await shop.until(lambda: len(shop.receiver.accepted) == 1)
        await shop.empty()
        shop.time_ms += 30 * HOUR_MS
        shop.receiver.fail(500, b"")
        await shop.write()
        await shop.until(lambda: len(shop.receiver.accepted) == 2)


async def test_of_two_processes_one_sends(shop: Shop) -> None:
    await shop.write(5)
    async with shop.at_work("n1") as first:
        await shop.until(lambda: first._lease._token is not None)
        async with shop.at_work("n2") as second:
            await shop.empty()
            assert second._lease._token is None
    assert len(shop.receiver.accepted) == 5
    assert shop.receiver.repeated == []


async def test_what_somebody_still_has_is_waited_for(shop: Shop) -> None:
    """As after a kill: its lease lasts, and the next must not overtake it."""
    await shop.write(3)
    queues: Any = shop.gateway.stores.queues
    (taken,) = await queues.take("demo.general", 1)
    async with shop.at_work():
        await asyncio.sleep(0.5)
        assert shop.receiver.accepted == []
        await queues.reject(taken.receipt, requeue=True)
        await shop.empty()
    assert shop.receiver.accepted[0].id == taken.envelope_id


async def test_a_long_answer_that_is_an_error_is_one(shop: Shop) -> None:
    shop.receiver.fail(500, b"x" * (2 << 20))
    await shop.write()
    async with shop.at_work():
        await shop.empty()
    assert len(shop.receiver.accepted) == 1


async def test_a_contact_that_is_wrong_is_found_among_others(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another queue of the same webhook works meanwhile."""
    await shop.write()
    (wrong,) = await shop.bodies()
    real = webhooks.post

    async def refuses(http: Any, url: str, body: bytes, headers: Any) -> None:
        if headers["webhook-id"] == wrong:
            raise webhooks.HookRefused("it answers 422")
        await real(http, url, body, headers)

    monkeypatch.setattr(webhooks, "post", refuses)
    hook = shop.hook()
    await hook._place.open(1)
    good = (await shop.bodies())[wrong].replace(wrong.encode(), b"0f0c6c2e-0000-5000-8000-000000000001")
    outcomes = []
    for _ in range(3):
        assert await hook._put(good) == "done"
        try:
            outcomes.append(await hook._put((await shop.bodies())[wrong]))
        except SystemUnavailable:
            outcomes.append("again")
    assert outcomes == ["again", "again", "refused"]
    assert await shop.state() == State(works=True, dead=1)


async def test_what_is_disabled_stays_so_whatever_another_queue_does(shop: Shop) -> None:
    await shop.write()
    (body,) = (await shop.bodies()).values()
    hook = shop.hook()
    await hook._place.open(1)
    shop.receiver.fail(410, b"")
    with pytest.raises(NotNow):
        await hook._put(body)
    for status in (500, 422):
        shop.receiver.fail(status, b"")
        with pytest.raises(NotNow):
            await hook._put(body)
    assert (await shop.state()).disabled == "gone"
    assert shop.receiver.accepted == []


async def test_a_dead_letter_ends_a_failure(shop: Shop) -> None:
    shop.time_ms = 1_795_284_131_000
    await shop.write()
    (body,) = (await shop.bodies()).values()
    hook = shop.hook()
    await hook._place.open(1)
    assert await hook._put(body) == "done"
    for _ in range(3):
        shop.receiver.fail(422, b"")
    other = body.replace(orjson.loads(body)["id"].encode(), b"0f0c6c2e-0000-5000-8000-000000000002")
    for _ in range(2):
        with pytest.raises(SystemUnavailable):
            await hook._put(other)
    assert await hook._put(other) == "refused"
    shop.time_ms += 25 * HOUR_MS
    shop.receiver.fail(503, b"")
    third = body.replace(orjson.loads(body)["id"].encode(), b"0f0c6c2e-0000-5000-8000-000000000003")
    with pytest.raises(SystemUnavailable):
        await hook._put(third)
    assert (await shop.state()).disabled is None


def test_the_signature_is_that_of_the_standard() -> None:
    """The example of its specification."""
    key = key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    made = headers_of("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}', [key])
    assert made["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("secret", ["secret", "whsec_", "whsec_c2hvcnQ=", "whsec_#", NEW.removeprefix("whsec_")])
def test_a_secret_of_another_form_is_said(secret: str) -> None:
    with pytest.raises(ValueError, match="whsec_ and 24 to 64 bytes in base64"):
        key_of(secret)
