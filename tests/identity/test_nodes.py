"""Several nodes that meet the same people at once: real connections to PostgreSQL that hold transactions open."""

import asyncio
import threading
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import Connection, event, func, select

from identity import merges, tickets
from identity.links import Proved, prove
from identity.people import Identified
from identity.tickets import News, Said
from normalizer.inbound import Handle
from storage import schema
from storage.database import Database, DatabaseUnavailable
from tests.contacts import START, email, message, phone, user
from tests.identity.batches import POLICY, ids, resolve, rows

LATER = int(START.timestamp() * 1000) + 7_200_000


async def test_two_nodes_with_one_new_sender(postgresql_url: str) -> None:
    """Real connections that hold their transactions open at the same time: one customer, numbered without gap or double."""
    nodes = [Database(postgresql_url) for _ in range(4)]
    person, other = phone("+390000000001"), user("IT.race")
    barrier = threading.Barrier(4, timeout=20)

    def work(connection: Connection, node: int, round_: int) -> list[Identified]:
        barrier.wait()
        named = [(person, [other]), (other, [person])] if node % 2 else [(other, [person]), (person, [other])]
        return resolve(connection, [message(f"r{node}-{round_}-{n}", one, aliases=two) for n, (one, two) in enumerate(named)])

    found: list[Identified] = []
    for round_ in range(6):
        answers = await asyncio.gather(
            *(node.write(lambda connection, n=n, r=round_: work(connection, n, r)) for n, node in enumerate(nodes))  # type: ignore[misc]
        )
        found += [one for answer in answers for one in answer]
    assert len(set(ids(found))) == 1
    assert sorted(one.sequence for one in found) == list(range(1, 49))
    assert len({one.conversation.id for one in found}) == 1
    assert Counter(one.match for one in found)["new"] == 1
    query = select(func.count()).select_from(schema.customers).where(schema.customers.c.id == found[0].customer.id)
    assert await nodes[0].read(lambda connection: connection.execute(query).scalar_one()) == 1
    for node in nodes:
        await node.close()


async def test_two_nodes_with_many_senders_in_any_order(postgresql_url: str) -> None:
    nodes = [Database(postgresql_url) for _ in range(2)]
    people = [phone(f"+3911{number:06}") for number in range(40)]
    barrier = threading.Barrier(2, timeout=20)

    def work(connection: Connection, node: int, round_: int) -> list[Identified]:
        barrier.wait()
        order = people if node else people[::-1]
        return resolve(connection, [message(f"o{node}-{round_}-{one.value}", one, claims=[email()]) for one in order])

    for round_ in range(3):
        await asyncio.gather(
            *(node.write(lambda connection, n=n, r=round_: work(connection, n, r)) for n, node in enumerate(nodes))  # type: ignore[misc]
        )
    table = schema.messages
    query = select(table.c.handle_value, table.c.customer_id, table.c.sequence).where(table.c.handle_value.like("+3911%"))
    stored = await nodes[0].read(lambda connection: connection.execute(query).all())
    for person in people:
        own = [(customer, sequence) for value, customer, sequence in stored if value == person.value]
        assert len({customer for customer, _ in own}) == 1
        assert sorted(sequence for _, sequence in own) == [1, 2, 3, 4, 5, 6]
    for node in nodes:
        await node.close()


HEARD: list[tuple[str, list[tuple[Handle, list[Handle]]], int]] = [
    ("alias lost", [(phone(), [user()])], 1),
    ("own handle lost", [(user(), [phone()])], 1),
    ("all of three", [(phone(), [user(), user("IT.parent")])], 1),
    ("found out by the second message", [(phone(), []), (phone(), [user()])], 2),
    ("known before", [(phone("+390000000009"), [user(), user("IT.parent")])], 2),
]


@pytest.mark.parametrize(("batch", "customers"), [case[1:] for case in HEARD], ids=[case[0] for case in HEARD])
async def test_the_loser_of_one_handle_gives_up_the_others(
    postgresql_url: str, batch: list[tuple[Handle, list[Handle]]], customers: int
) -> None:
    """One node writes the user id while another, which could not see it yet, writes the number with that user id."""
    fast, slow = Database(postgresql_url), Database(postgresql_url)
    await slow.write(lambda connection: resolve(connection, [message("before", phone("+390000000009"))]))
    inserted, read = threading.Event(), threading.Event()

    @event.listens_for(slow.engine, "before_cursor_execute")
    def tell(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if statement.startswith("INSERT INTO handles"):
            read.set()

    def first(connection: Connection) -> list[Identified]:
        found = resolve(connection, [message("fast", user())])
        inserted.set()
        assert read.wait(20)
        return found

    def second(connection: Connection) -> list[Identified]:
        assert inserted.wait(20)
        return resolve(connection, [message(f"slow{n}", one, aliases=more) for n, (one, more) in enumerate(batch)])

    (winner,), losers = await asyncio.gather(fast.write(first), slow.write(second))
    assert len({winner.customer.id, *ids(losers)}) == customers
    handles = {handle for one, more in batch for handle in (one, *more)} - {user()}
    later = await fast.write(lambda connection: resolve(connection, [message(one.value, one) for one in handles]))
    (again,) = await fast.write(lambda connection: resolve(connection, [message("again", user())]))
    # Whoever the slow node made or knew before is one with the winner: the contact showed handles of both.
    assert {again.customer.id, *ids(later)} == {losers[-1].customer.id}
    owned = select(schema.handles.c.customer_id).union(select(schema.customers.c.root_id))
    known = await fast.read(lambda connection: set(connection.execute(owned).scalars()))
    assert len(known - {again.customer.id}) <= 1  # the one from before: nobody else is on top
    await asyncio.gather(fast.close(), slow.close())


async def test_what_a_ticket_system_tells_beside_a_commit_is_not_lost(postgresql_url: str) -> None:
    """The commit has read the conversation and not yet written it when a ticket is told of."""
    node, other = Database(postgresql_url), Database(postgresql_url)
    (first,) = await node.write(lambda connection: resolve(connection, [message("m1")]))
    read, told = threading.Event(), threading.Event()

    @event.listens_for(node.engine, "before_cursor_execute")
    def hold(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if statement.startswith("UPDATE conversations"):
            read.set()
            told.wait(1)  # it waits for the customer's lock, which this transaction has

    def tell(connection: Connection) -> None:
        assert read.wait(20)
        news = News(ticket="T-1", said=Said(event="closed"), conversation=first.conversation.id)
        tickets.tell(connection, news, actor="x", now_ms=int(START.timestamp() * 1000) + 7_200_000)

    async def other_node() -> None:
        await other.write(tell)
        told.set()

    await asyncio.gather(node.write(lambda connection: resolve(connection, [message("m2", hours=1)])), other_node())
    (row,) = await rows(node, schema.conversations)
    assert (row["messages"], row["ticket"], row["open"]) == (2, "T-1", False)
    await asyncio.gather(node.close(), other.close())


def stop_before(node: Database, beginning: str) -> tuple[threading.Event, threading.Event]:
    """Hold a node in front of a statement: set when it is there, and to be set when it may go on."""
    there, on = threading.Event(), threading.Event()

    @event.listens_for(node.engine, "before_cursor_execute")
    def hold(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if statement.startswith(beginning):
            there.set()
            assert on.wait(20)

    return there, on


@pytest.mark.parametrize("claims_only", [False, True], ids=["proven customer", "claims only"])
async def test_an_address_that_is_proven_while_another_node_meets_it(postgresql_url: str, *, claims_only: bool) -> None:
    """The proof found nobody, and the other node was first: nothing is said to be linked that is not."""
    node, other = Database(postgresql_url), Database(postgresql_url)
    mine = email("rosa@example.it", verified=not claims_only)
    (asker,) = await node.write(lambda connection: resolve(connection, [message("m1", mine)]))
    there, on = stop_before(node, "INSERT INTO handles")

    def proof(connection: Connection) -> Proved:
        so = {"proof": "verified", "evidence": "challenge/1", "actor": "x", "now_ms": LATER, "policy": POLICY}
        return prove(connection, asker.customer.id, email(verified=True), **so)  # type: ignore[arg-type]

    async def meet() -> str:
        assert await asyncio.to_thread(there.wait, 20)
        (found,) = await other.write(lambda connection: resolve(connection, [message("m2", email(verified=True))]))
        on.set()
        return found.customer.id

    refused, owner = await asyncio.gather(node.write(proof), meet(), return_exceptions=True)
    assert isinstance(refused, DatabaseUnavailable)
    assert not [row for row in await rows(node, schema.audit) if row["action"] == "linked"]
    again = await node.write(proof)
    assert again.outcome == ("known" if claims_only else "merged")
    (link,) = [row for row in await rows(node, schema.handles) if row["value"] == email().value]
    assert (link["id"], link["customer_id"], link["home_id"]) == (again.link_id, again.customer_id, owner)
    await asyncio.gather(node.close(), other.close())


async def test_an_unmerge_beside_somebody_who_claims_the_address(postgresql_url: str) -> None:
    """The claim would begin again, and another node has given its address away meanwhile: that is nobody's defect."""
    node, other = Database(postgresql_url), Database(postgresql_url)
    so: dict[str, Any] = {"actor": "x", "now_ms": LATER, "policy": POLICY}
    (claim,) = await node.write(lambda connection: resolve(connection, [message("m1", email())]))
    (proven,) = await node.write(lambda connection: resolve(connection, [message("m2", phone())]))
    await node.write(lambda connection: merges.merge(connection, claim.customer.id, proven.customer.id, **so))
    there, on = stop_before(node, "UPDATE handles SET key")

    async def write() -> str:
        assert await asyncio.to_thread(there.wait, 20)
        (found,) = await other.write(lambda connection: resolve(connection, [message("m3", email(), hours=1)]))
        on.set()
        return found.customer.id

    def undo(connection: Connection) -> str:
        return merges.unmerge(connection, claim.customer.id, **so)

    refused, stranger = await asyncio.gather(node.write(undo), write(), return_exceptions=True)
    assert isinstance(refused, DatabaseUnavailable)
    await node.write(undo)  # asked again, it finds the address claimed
    (link,) = [row for row in await rows(node, schema.handles) if row["kind"] == "email" and row["key"]]
    assert link["customer_id"] == stranger
    await asyncio.gather(node.close(), other.close())
