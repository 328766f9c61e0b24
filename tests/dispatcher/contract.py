"""What every implementation of `Queues` keeps. A test class inherits `QueuesContract` and gives the fixture `queues`:
an opened one over `TOPOLOGY` with nothing in it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, uuid5

import pytest

from dispatcher.base import Announcement, Outcome, Publication, Queues, Topology, UnknownQueue

TOPOLOGY = Topology(
    targets={
        "masterpro": frozenset({"returns", "warranty", "general", "recovery"}),
        "casa-bella": frozenset({"returns", "b2b_partners"}),
    }
)


def publication(
    number: int, *, brand: str = "masterpro", target: str = "returns", attempt: int = 1, body: bytes | None = None
) -> Publication:
    """The `number`-th envelope. The same number is the same envelope, with the same bytes."""
    envelope_id = str(uuid5(NAMESPACE_URL, f"envelope-{number}"))
    return Publication(
        envelope_id=envelope_id,
        brand=brand,
        target=target,
        channel="whatsapp",
        body=body if body is not None else f'{{"id":"{envelope_id}","text":"Città, reso n° {number}"}}'.encode(),
        type="regia.message.received.v1",
        correlation_id=f"con_{number % 7}",
        timestamp=datetime(2026, 11, 21, 18, 2, 11, tzinfo=UTC),
        attempt=attempt,
        traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    )


def publications(count: int, *, target: str = "returns") -> list[Publication]:
    return [publication(number, target=target) for number in range(count)]


def announcements(first: int, last: int) -> list[Announcement]:
    """The events with these numbers. The same number is the same event, with the same bytes."""
    types = ("regia.customer.created.v1", "regia.customer.linked.v1", "regia.message.quarantined.v1")
    return [
        Announcement(
            id=str(uuid5(NAMESPACE_URL, f"event-{number}")),
            type=types[number % 3],
            number=number,
            body=f'{{"number":{number}}}'.encode(),
            timestamp=datetime(2026, 11, 21, 18, 2, 11, tzinfo=UTC),
        )
        for number in range(first, last + 1)
    ]


async def ready(queues: Queues) -> dict[str, int]:
    return {state.name: state.ready for state in await queues.states()}


def ids(messages: Sequence[Publication]) -> list[str]:
    return [message.envelope_id for message in messages]


class QueuesContract:
    async def test_what_is_published_lies_in_its_queue_in_order(self, queues: Queues) -> None:
        batch = publications(20)
        assert await queues.publish(batch) == [Outcome.CONFIRMED] * 20
        found = await queues.peek("masterpro.returns", 50)
        assert [delivery.envelope_id for delivery in found] == ids(batch)
        assert [delivery.body for delivery in found] == [message.body for message in batch]
        assert {delivery.queue for delivery in found} == {"masterpro.returns"}

    async def test_what_a_queue_has_is_told_at_once(self, queues: Queues) -> None:
        batch, landed = [publication(1), publication(2, target="recovery")], list[Publication]()
        assert await queues.publish(batch, landed.append) == [Outcome.CONFIRMED] * 2
        assert sorted(ids(landed)) == sorted(ids(batch))

    async def test_an_empty_batch_is_nothing(self, queues: Queues) -> None:
        assert await queues.publish([]) == []

    async def test_one_envelope_for_several_targets(self, queues: Queues) -> None:
        copies = [
            publication(1),
            publication(1, target="recovery"),
            publication(1, brand="casa-bella"),
            publication(1, brand="casa-bella", target="b2b_partners"),
        ]
        assert await queues.publish(copies) == [Outcome.CONFIRMED] * 4
        counts = await ready(queues)
        assert {name: count for name, count in counts.items() if count} == {copy.queue: 1 for copy in copies}

    async def test_every_queue_is_listed_also_when_empty(self, queues: Queues) -> None:
        counts = await ready(queues)
        assert {name: counts.get(name) for name in TOPOLOGY.queues} == dict.fromkeys(TOPOLOGY.queues, 0)

    async def test_peeking_leaves_the_messages_where_they_are(self, queues: Queues) -> None:
        batch = publications(5)
        await queues.publish(batch)
        for limit in (2, 1, 3):
            found = await queues.peek("masterpro.returns", limit)
            assert [delivery.envelope_id for delivery in found] == ids(batch)[:limit]
        assert (await ready(queues))["masterpro.returns"] == 5

    async def test_peeking_into_an_empty_queue(self, queues: Queues) -> None:
        assert await queues.peek("masterpro.warranty", 10) == []

    @pytest.mark.parametrize("name", ["masterpro.nothing", "returns", "", "masterpro.returns.whatsapp"])
    async def test_an_unknown_queue_is_an_error(self, queues: Queues, name: str) -> None:
        with pytest.raises(UnknownQueue):
            await queues.peek(name, 1)

    @pytest.mark.parametrize("size", [0, 1, 131_064, 131_072, 1_000_003])
    async def test_bytes_arrive_as_they_were(self, queues: Queues, size: int) -> None:
        """The sizes stand around AMQP's largest frame of 128 KiB."""
        body = bytes(number % 251 for number in range(size))
        assert await queues.publish([publication(1, body=body)]) == [Outcome.CONFIRMED]
        (delivery,) = await queues.peek("masterpro.returns", 1)
        assert delivery.body == body

    async def test_a_large_batch(self, queues: Queues) -> None:
        batch = publications(700)
        assert await queues.publish(batch) == [Outcome.CONFIRMED] * 700
        assert (await ready(queues))["masterpro.returns"] == 700

    async def test_a_repeat_is_confirmed_too(self, queues: Queues) -> None:
        assert await queues.publish([publication(3)]) == [Outcome.CONFIRMED]
        assert await queues.publish([publication(3, attempt=2)]) == [Outcome.CONFIRMED]
        found = await queues.peek("masterpro.returns", 5)
        assert {delivery.body for delivery in found} == {publication(3).body}

    async def test_opening_again_adds_queues(self, queues: Queues) -> None:
        await queues.publish([publication(1)])
        await queues.open(Topology(targets={"masterpro": TOPOLOGY.targets["masterpro"] | {"vip"}}))
        assert await queues.publish([publication(2, target="vip")]) == [Outcome.CONFIRMED]
        counts = await ready(queues)
        assert (counts["masterpro.vip"], counts["masterpro.returns"]) == (1, 1)

    @pytest.mark.parametrize("count", [0, 1, 300])
    async def test_events_that_nobody_waits_for_are_announced(self, queues: Queues, count: int) -> None:
        assert await queues.announce(announcements(1, count)) == count
        assert {name: count for name, count in (await ready(queues)).items() if count} == {}
