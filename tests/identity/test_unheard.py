"""Who wrote and got no answer. Every test on SQLite and on PostgreSQL."""

from typing import Any

import pytest
from sqlalchemy import text

from identity import merges
from identity.views.unheard import Page, Totals, Unheard, Wanted, _waiting, totals, unheard
from normalizer.inbound import Handle
from storage.database import Database
from tests.contacts import email, message, phone
from tests.identity.batches import POLICY, identify
from tests.identity.test_answered import HOUR, NOW, answer, wrote


async def who(database: Database, **given: Any) -> Page[Unheard]:
    page = {name: given.pop(name) for name in ("cursor", "limit") if name in given}
    return await database.read(lambda connection: unheard(connection, Wanted(**given), **page))


async def told(database: Database, **given: Any) -> list[tuple[str, int, int]]:
    """Customer, how many contacts wait, and since how many hours after the beginning."""
    items = (await who(database, **given)).items
    return [(one.customer.id, one.waiting, (one.since_ms - NOW) // HOUR) for one in items]


async def test_who_waits_longest_comes_first(database: Database) -> None:
    anna = await wrote(database, "m1", phone("+393331234501"))
    marco = await wrote(database, "m2", phone("+393331234502"), hours=1)
    await wrote(database, "m3", phone("+393331234501"), hours=2)
    assert await told(database) == [(anna.customer.id, 2, 0), (marco.customer.id, 1, 1)]
    await answer(database, "m1", hours=1)
    assert await told(database) == [(marco.customer.id, 1, 1), (anna.customer.id, 1, 2)]
    await answer(database, "m3", hours=3)
    assert await told(database) == [(marco.customer.id, 1, 1)]


async def test_all_channels_of_a_customer_count_together(database: Database) -> None:
    anna = await wrote(database, "m1", phone(), sender_name="Anna Bianchi")
    mail = await wrote(database, "m2", email(verified=True), hours=2, channel="email")
    await database.write(
        lambda one: merges.merge(
            one, anna.customer.id, mail.customer.id, top=anna.customer.id, actor="desk", now_ms=NOW, policy=POLICY
        )
    )
    (found,) = (await who(database)).items
    assert (found.customer.id, found.customer.name) == (anna.customer.id, "Anna Bianchi")
    assert (found.channels, found.categories) == ({"whatsapp": 1, "email": 1}, {"general": 2})
    assert found.envelope == str(message("m2").id)
    assert found.last_ms == NOW + 2 * HOUR


async def test_what_asks_for_nothing_waits_for_nothing(database: Database) -> None:
    await wrote(database, "m1", kind="reaction", refers_to="m0")
    assert await told(database) == []
    assert await database.read(lambda one: totals(one, Wanted())) == Totals(customers=0, contacts=0, since_ms=None)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"channel": "email"}, [("mail", 1, 1)]),
        ({"until_ms": NOW + HOUR}, [("phone", 1, 0)]),
        ({"least": 2}, [("phone", 2, 0)]),
        ({"category": "returns"}, []),
        ({"brand": "other"}, []),
        ({"brand": "demo", "channel": "whatsapp"}, [("phone", 2, 0)]),
    ],
)
async def test_only_those_that_are_asked_for(database: Database, given: dict[str, Any], expected: list[Any]) -> None:
    one = await wrote(database, "m1", phone())
    two = await wrote(database, "m2", email(verified=True), hours=1, channel="email")
    await wrote(database, "m3", phone(), hours=2)
    names = {one.customer.id: "phone", two.customer.id: "mail"}
    assert [(names[id_], *rest) for id_, *rest in await told(database, **given)] == expected


async def test_pages_have_everybody_once(database: Database) -> None:
    for number in range(7):
        await wrote(database, f"m{number}", phone(f"+3933312345{number:02}"), hours=number // 2)
    seen, cursor = [], None
    while True:
        page = await who(database, cursor=cursor, limit=3)
        seen += [one.customer.id for one in page.items]
        if (cursor := page.cursor) is None:
            break
    assert len(seen) == len(set(seen)) == 7
    found = await database.read(lambda one: totals(one, Wanted()))
    assert (found.customers, found.contacts, found.since_ms) == (7, 7, NOW)


async def test_contacts_that_wait_have_an_index(database: Database) -> None:
    await identify(
        database, *(message(f"m{number}", Handle("phone", f"+39333{number:07}", "verified")) for number in range(50))
    )
    query = _waiting(Wanted(), None).compile(database.engine, compile_kwargs={"literal_binds": True})
    explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"

    def plan(connection: Any) -> str:
        if not database.is_sqlite:
            connection.execute(text("SET LOCAL enable_seqscan = off"))
        return "\n".join(str(tuple(row)) for row in connection.execute(text(f"{explain} {query}")))

    assert "ix_messages_awaiting" in await database.write(plan)
