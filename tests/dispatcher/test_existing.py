"""Queues of others, and rights that a gateway does not have."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from pika.adapters.blocking_connection import BlockingChannel

from dispatcher.base import Outcome, QueueMismatch, QueueState, QueuesUnusable, Topology
from dispatcher.options import Also, Layout, QueueOptions
from dispatcher.rabbitmq import RabbitQueues
from dispatcher.topology import UNROUTED, WORK_ARGUMENTS
from regia.declaring import Declaring
from tests.dispatcher.contract import publication, publications, ready
from tests.dispatcher.test_rabbitmq import other_client
from tests.servers.rabbitmq import RabbitMQServer

CONFIRMED, UNKNOWN = Outcome.CONFIRMED, Outcome.UNKNOWN
TARGETS = {"masterpro": frozenset({"returns", "vip"})}
QUORUM = {"x-queue-type": "quorum"}


def topology(**layout: Any) -> Topology:
    return Topology(targets=TARGETS, layout=Layout(**layout))


@pytest.fixture
async def opened(amqp_url: str) -> AsyncIterator[RabbitQueues]:
    queues = RabbitQueues(amqp_url, confirm_timeout=20)
    yield queues
    await queues.close()


async def make_queue(url: str, name: str, **arguments: Any) -> None:
    await other_client(url, lambda channel: channel.queue_declare(name, durable=True, arguments={**QUORUM, **arguments}))


async def count(url: str, queue: str) -> int:
    """Ready messages, as another client sees them, once none has come for a moment."""

    def ask(channel: BlockingChannel) -> int:
        return int(channel.queue_declare(queue, passive=True).method.message_count)

    found = await other_client(url, ask)
    for _ in range(20):
        await asyncio.sleep(0.1)
        before, found = found, await other_client(url, ask)
        if found == before:
            break
    return found


async def test_an_existing_queue_takes_the_place_of_ours(opened: RabbitQueues, amqp_url: str) -> None:
    await make_queue(amqp_url, "helpdesk.vip", **{"x-max-length": 1000})
    await opened.open(topology(existing={"masterpro.vip": "helpdesk.vip"}))
    sent = [publication(number, target="vip") for number in range(3)]
    assert await opened.publish(sent) == [CONFIRMED] * 3
    assert await count(amqp_url, "helpdesk.vip") == 3
    assert QueueState(name="masterpro.vip", ready=3, leased=-1) in await opened.states()
    assert [(one.queue, one.envelope_id) for one in await opened.peek("masterpro.vip", 2)] == [
        ("masterpro.vip", one.envelope_id) for one in sent[:2]
    ]
    with pytest.raises(Exception, match=r"no queue 'masterpro\.vip'"):
        await count(amqp_url, "masterpro.vip")


async def test_an_existing_queue_that_is_missing_holds_up_no_other(opened: RabbitQueues, amqp_url: str) -> None:
    wanted = topology(existing={"masterpro.vip": "helpdesk.vip"})
    with pytest.raises(QueueMismatch) as caught:
        await opened.open(wanted)
    assert str(caught.value) == (
        "queue helpdesk.vip does not exist, and target masterpro.vip needs it: have it made by its owner, or name another"
    )
    assert await opened.publish(publications(2)) == [CONFIRMED] * 2
    assert await opened.publish([publication(3, target="vip")]) == [Outcome.UNROUTED]
    assert (await ready(opened))[UNROUTED] == 1
    await make_queue(amqp_url, "helpdesk.vip")
    await opened.open(wanted)
    assert await opened.publish([publication(4, target="vip")]) == [CONFIRMED]


async def test_an_existing_queue_that_was_deleted(opened: RabbitQueues, amqp_url: str) -> None:
    """It is not ours to make: what comes lies in `regia.unrouted` with its routing key."""
    await make_queue(amqp_url, "helpdesk.vip")
    await opened.open(topology(existing={"masterpro.vip": "helpdesk.vip"}))
    await other_client(amqp_url, lambda channel: channel.queue_delete("helpdesk.vip"))
    mixed = [publication(1, target="vip"), publication(2), publication(3, target="vip")]
    assert await opened.publish(mixed) == [Outcome.UNROUTED, CONFIRMED, Outcome.UNROUTED]
    _, properties, _ = await other_client(amqp_url, lambda channel: channel.basic_get(UNROUTED))
    assert properties.headers["routing-key"] == "masterpro.vip.whatsapp"


async def test_further_queues_get_copies(opened: RabbitQueues, amqp_url: str) -> None:
    for name in ("archive.all", "archive.vip"):
        await make_queue(amqp_url, name)
    also = (Also(queue="archive.all", keys=("masterpro.#",)), Also(queue="archive.vip", keys=("masterpro.vip.*",)))
    await opened.open(topology(also=also))
    sent = [*publications(4), publication(9, target="vip")]
    assert await opened.publish(sent) == [CONFIRMED] * 5
    counts = await ready(opened)
    assert (counts["masterpro.returns"], counts["masterpro.vip"]) == (4, 1)
    assert (await count(amqp_url, "archive.all"), await count(amqp_url, "archive.vip")) == (5, 1)

    def take(channel: BlockingChannel) -> tuple[str, str, bytes]:
        _, properties, body = channel.basic_get("archive.vip")
        return properties.headers["routing-key"], properties.headers["envelope-id"], body

    assert await other_client(amqp_url, take) == ("masterpro.vip.whatsapp", sent[4].envelope_id, sent[4].body)


async def test_one_of_two_further_queues_that_is_missing_is_not_hidden_by_the_other(
    opened: RabbitQueues, amqp_url: str
) -> None:
    """Its copies are kept, with what is needed to publish them again; once its owner has made it anew, it gets its own."""
    for name in ("archive.all", "audit.all"):
        await make_queue(amqp_url, name)
    await opened.open(topology(also=(Also(queue="archive.all", keys=("#",)), Also(queue="audit.all", keys=("#",)))))
    await other_client(amqp_url, lambda channel: channel.queue_delete("archive.all"))
    assert await opened.publish(publications(3)) == [CONFIRMED] * 3
    counts = await ready(opened)
    assert (counts["masterpro.returns"], counts[UNROUTED], await count(amqp_url, "audit.all")) == (3, 3, 3)
    _, properties, _ = await other_client(amqp_url, lambda channel: channel.basic_get(UNROUTED))
    told = properties.headers["copy-for"], properties.headers["routing-key"]
    assert told == ("archive.all", "masterpro.returns.whatsapp")
    await make_queue(amqp_url, "archive.all")
    assert await opened.publish([publication(7)]) == [CONFIRMED]
    assert (await count(amqp_url, "archive.all"), await count(amqp_url, "audit.all")) == (1, 4)
    assert (await ready(opened))[UNROUTED] == 3


async def test_copies_for_two_missing_queues_are_kept_apart(opened: RabbitQueues, amqp_url: str) -> None:
    with pytest.raises(QueueMismatch, match=r"queue archive\.all does not exist.*; queue audit\.all does not exist"):
        await opened.open(topology(also=(Also(queue="archive.all", keys=("#",)), Also(queue="audit.all", keys=("#",)))))
    assert await opened.publish([publication(1)]) == [CONFIRMED]
    assert (await ready(opened))[UNROUTED] == 2


async def test_whether_the_queues_of_others_are_there(opened: RabbitQueues, amqp_url: str) -> None:
    """From declaring to declaring, alarms come when one goes and go when it is back."""
    await make_queue(amqp_url, "archive.all")
    await make_queue(amqp_url, "helpdesk.vip")
    wanted = topology(existing={"masterpro.vip": "helpdesk.vip"}, also=(Also(queue="archive.all", keys=("#",)),))
    declaring = Declaring(lambda: opened, wanted)
    await declaring.open()
    assert declaring.alarms == {}
    mending = asyncio.create_task(declaring.mend(every=0.2))
    for name in ("archive.all", "helpdesk.vip"):
        await asyncio.sleep(0.5)
        assert declaring.alarms == {}
        await other_client(amqp_url, lambda channel, name=name: channel.queue_delete(name))
        async with asyncio.timeout(20):
            while f"queue {name} does not exist" not in declaring.alarms.get("queues", ""):
                await asyncio.sleep(0.05)
        await make_queue(amqp_url, name)
        async with asyncio.timeout(20):
            while declaring.alarms:
                await asyncio.sleep(0.05)
    mending.cancel()
    assert await opened.publish([publication(1, target="vip")]) == [CONFIRMED]
    assert (await count(amqp_url, "helpdesk.vip"), await count(amqp_url, "archive.all")) == (1, 1)


async def test_a_copy_for_everything_does_not_hide_a_deleted_queue(opened: RabbitQueues, amqp_url: str) -> None:
    await make_queue(amqp_url, "archive.all")
    await opened.open(topology(also=(Also(queue="archive.all", keys=("#",)),)))
    await other_client(amqp_url, lambda channel: channel.queue_delete("masterpro.returns"))
    assert await opened.publish(publications(30)) == [CONFIRMED] * 30
    assert (await ready(opened))["masterpro.returns"] == 30
    assert await count(amqp_url, "archive.all") == 30


async def test_copies_for_a_deleted_queue_are_kept_and_hold_up_nothing(opened: RabbitQueues, amqp_url: str) -> None:
    await make_queue(amqp_url, "archive.all")
    await opened.open(topology(also=(Also(queue="archive.all", keys=("masterpro.returns.*",)),)))
    await other_client(amqp_url, lambda channel: channel.queue_delete("archive.all"))
    assert await opened.publish([*publications(3), publication(7, target="vip")]) == [CONFIRMED] * 4
    counts = await ready(opened)
    assert (counts["masterpro.returns"], counts["masterpro.vip"], counts[UNROUTED]) == (3, 1, 3)


@pytest.mark.parametrize("full", ["archive.all", "masterpro.returns"])
async def test_what_one_of_both_refuses_is_repeated_for_that_one(opened: RabbitQueues, amqp_url: str, full: str) -> None:
    """The other has each message once, however often it is tried."""
    limit = {"x-max-length": 1, "x-overflow": "reject-publish"}
    await make_queue(amqp_url, "archive.all", **(limit if full == "archive.all" else {}))
    options = {"masterpro.returns": QueueOptions(max_length=1)} if full != "archive.all" else {}
    await opened.open(topology(options=options, also=(Also(queue="archive.all", keys=("masterpro.returns.*",)),)))
    sent = [(await opened.publish([publication(number)]))[0] for number in range(12)]
    assert sent[0] is CONFIRMED
    waiting = [number for number, outcome in enumerate(sent) if outcome is UNKNOWN]
    assert waiting
    for attempt in (2, 3):
        again = await opened.publish([publication(number, attempt=attempt) for number in waiting])
        assert again == [UNKNOWN] * len(waiting)
    assert await opened.publish([publication(99, target="vip")]) == [CONFIRMED]
    other = "masterpro.returns" if full == "archive.all" else "archive.all"
    assert (await count(amqp_url, other), await count(amqp_url, full)) == (12, 12 - len(waiting))
    await other_client(amqp_url, lambda channel: channel.queue_purge(full))
    await asyncio.sleep(0.3)
    assert await opened.publish([publication(waiting[0], attempt=4)]) == [CONFIRMED]
    assert (await count(amqp_url, other), await count(amqp_url, full)) == (12, 1)


async def test_what_is_too_much_for_a_queue_waits_and_what_expires_is_a_dead_letter(
    opened: RabbitQueues, amqp_url: str
) -> None:
    options = {"masterpro.returns": QueueOptions(max_length=2), "masterpro.vip": QueueOptions(ttl_ms=300)}
    await opened.open(topology(options=options))
    outcomes = [(await opened.publish([publication(number)]))[0] for number in range(12)]
    assert UNKNOWN in outcomes
    assert await count(amqp_url, "masterpro.returns") == outcomes.count(CONFIRMED) < 12
    assert await opened.publish([publication(number, target="vip") for number in range(4)]) == [CONFIRMED] * 4
    for _ in range(100):
        if (await ready(opened))["regia.dead"] == 4:
            break
        await asyncio.sleep(0.1)
    assert (await ready(opened))["masterpro.vip"] == 0
    assert {one.envelope_id for one in await opened.peek("regia.dead", 4)} == {publication(n).envelope_id for n in range(4)}


async def test_the_urgent_first_in_a_classic_queue_with_priorities(amqp_url: str) -> None:
    queues = RabbitQueues(amqp_url, priority_of=int)
    options = QueueOptions(type="classic", priorities=5)
    await queues.open(topology(options={"masterpro.vip": options}))
    sent = [publication(number, target="vip", body=body) for number, body in enumerate((b"0", b"9", b"3"))]
    assert await queues.publish([*sent, publication(8, body=b"no number")]) == [CONFIRMED] * 4

    def take(channel: BlockingChannel) -> list[tuple[bytes, int]]:
        found = [channel.basic_get(queue) for queue in ["masterpro.vip"] * 3 + ["masterpro.returns"]]
        return [(body, properties.priority) for _, properties, body in found]

    assert await other_client(amqp_url, take) == [(b"9", 5), (b"3", 3), (b"0", 0), (b"no number", 0)]
    await queues.close()


Change = Callable[[BlockingChannel], Any]


def _queue(name: str, **options: Any) -> Change:
    return lambda channel: channel.queue_declare(name, **{"durable": True, "arguments": QUORUM, **options})


@pytest.mark.parametrize(
    ("change", "options", "told"),
    [
        (_queue("masterpro.returns", arguments={}), {}, r"queue masterpro.returns exists .*x-dead-letter-exchange: received"),
        (
            _queue("masterpro.returns", arguments={}, durable=False),
            {},
            r"queue masterpro.returns exists .*durable: received 'true'",
        ),
        (
            _queue("masterpro.returns", arguments={**QueueOptions(type="classic").arguments}),
            {},
            r"queue masterpro.returns exists with other arguments \(x-[a-z-]+: received",
        ),
        (
            _queue("masterpro.returns", arguments={**WORK_ARGUMENTS, "x-max-length": 5, "x-message-ttl": 7}),
            {"max_length": 6, "ttl_ms": 8},
            r"x-m[a-z-]+: received '[68]' but current is '[57]'",
        ),
        (
            _queue("masterpro.returns", arguments={**WORK_ARGUMENTS}),
            {"single_active_consumer": True},
            r"x-single-active-consumer: received .*true.* but current is none",
        ),
        (
            _queue("masterpro.returns", arguments={**WORK_ARGUMENTS}),
            {"type": "classic"},
            r"queue masterpro.returns exists with other arguments",
        ),
        (
            lambda channel: channel.exchange_declare("regia.events", "fanout", durable=True),
            {},
            r"exchange regia.events exists with other arguments \(type: received 'topic' but current is 'fanout'.*delete",
        ),
        (
            lambda channel: None,
            {"dead_letter_exchange": "helpdesk.dlx"},
            "exchange helpdesk.dlx does not exist, and dead letters of masterpro.returns needs it",
        ),
    ],
    ids=["plain", "transient", "type", "two", "bool", "ours-classic", "exchange", "dead-letters"],
)
async def test_what_is_not_as_it_should_be_is_told_and_the_rest_works(
    opened: RabbitQueues, amqp_url: str, change: Change, options: dict[str, Any], told: str
) -> None:
    await other_client(amqp_url, change)
    wanted = topology(options={"masterpro.returns": QueueOptions(**options)})
    with pytest.raises(QueueMismatch) as caught:
        await opened.open(wanted)
    assert re.search(told, str(caught.value)), str(caught.value)
    assert ";" not in str(caught.value)
    assert "/v" not in str(caught.value)
    assert await opened.publish([publication(1), publication(2, target="vip")]) == [CONFIRMED] * 2


async def test_an_exclusive_queue_of_another_connection(opened: RabbitQueues, amqp_url: str) -> None:
    tried: list[str] = []

    def hold(channel: BlockingChannel) -> None:
        channel.queue_declare("masterpro.returns", exclusive=True)
        loop.call_soon_threadsafe(held.set)
        asyncio.run_coroutine_threadsafe(done.wait(), loop).result(20)

    loop, held, done = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()
    holding = asyncio.create_task(other_client(amqp_url, hold))
    async with asyncio.timeout(20):
        await held.wait()
    try:
        await opened.open(topology())
    except QueueMismatch as error:
        tried.append(str(error))
    assert await opened.publish([publication(2, target="vip")]) == [CONFIRMED]
    done.set()
    await holding
    assert "exclusive queue of another connection" in tried[0]


@pytest.fixture
def user(rabbitmq: RabbitMQServer, amqp_url: str) -> Callable[[str, str, str], str]:
    """`user(configure, write, read)`: the vhost's address for a user with these rights."""
    vhost = amqp_url.rsplit("/", 1)[1]

    def make(*rights: str) -> str:
        name = f"u-{vhost}"
        rabbitmq.ctl("add_user", name, "pw")
        rabbitmq.ctl("set_permissions", "-p", vhost, name, *rights)
        return amqp_url.replace("guest:guest", f"{name}:pw")

    return make


@pytest.mark.parametrize("rights", [("^$", ".*", ".*"), ("^$", r"^(regia\.inbound|regia\.events|amq\.default)$", ".*")])
async def test_a_user_who_may_not_configure(
    opened: RabbitQueues, amqp_url: str, user: Callable[..., str], rights: tuple[str, ...]
) -> None:
    """Once somebody has declared everything, it publishes, and finds nothing wrong; also where it may not bind."""
    await opened.open(topology())
    queues = RabbitQueues(user(*rights), confirm_timeout=20)
    await queues.open(topology())
    assert await queues.publish([publication(1), publication(2, target="vip")]) == [CONFIRMED] * 2
    assert (await ready(queues))["masterpro.returns"] == 1
    await other_client(amqp_url, lambda channel: channel.queue_delete("masterpro.returns"))
    assert await queues.publish([publication(3)]) == [Outcome.UNROUTED]
    with pytest.raises(QueueMismatch, match=r"masterpro\.returns does not exist, and this user may not declare it: run regia"):
        await queues.open(topology())
    await queues.close()


async def test_nothing_is_published_to_an_exchange_of_another_type(opened: RabbitQueues, amqp_url: str) -> None:
    """A fanout would give every envelope to every queue."""
    await other_client(amqp_url, lambda channel: channel.exchange_declare("regia.inbound", "fanout", durable=True))
    with pytest.raises(
        QueuesUnusable, match=r"exchange regia\.inbound exists with other arguments .type: received 'topic' but"
    ):
        await opened.open(topology())
    assert await opened.publish(publications(2)) == [UNKNOWN] * 2
    await other_client(amqp_url, lambda channel: channel.exchange_delete("regia.inbound"))
    assert await opened.publish(publications(2)) == [CONFIRMED] * 2


async def test_a_user_who_may_not_configure_in_an_empty_vhost(user: Callable[..., str]) -> None:
    queues = RabbitQueues(user("^$", ".*", ".*"), confirm_timeout=2)
    with pytest.raises(QueuesUnusable) as caught:
        await queues.open(topology())
    told = str(caught.value).split("; ")
    assert [one.split(" does not exist, and this user may not declare it")[0] for one in told] == [
        "exchange regia.dead",
        "queue regia.dead",
        "queue regia.unrouted",
        "exchange regia.inbound",
        "exchange regia.events",
        "queue regia.replies",
        "queue regia.tickets",
        "queue masterpro.returns",
        "queue masterpro.vip",
    ]
    assert await queues.publish(publications(2)) == [UNKNOWN] * 2
    await queues.close()
