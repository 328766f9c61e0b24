"""How many suggestions a day one customer makes by what it says. Every test with a database on both."""

from typing import Any

from sqlalchemy import Connection

from identity.people import Identified
from identity.policy import Policy
from identity.resolve import IdentitySession
from normalizer.message import Message
from storage import schema
from storage.database import Database
from tests.contacts import email, message, phone, user
from tests.identity.batches import identify, rows

FEW = Policy(suggestions_per_day=3)
OWNERS = 8


async def owners(database: Database) -> None:
    """Customers with a proven address each: a0@esempio.it and so on."""
    await identify(database, *(message(f"o{n}", email(f"a{n}@esempio.it", verified=True)) for n in range(OWNERS)))


def naming(name: str, *numbers: int, **more: Any) -> Message:
    return message(name, user(), claims=[email(f"a{n}@esempio.it") for n in numbers], **more)


async def left_out(database: Database, *batch: Message, policy: Policy = FEW) -> dict[str, int]:
    def work(connection: Connection) -> dict[str, int]:
        session = IdentitySession(connection, batch, policy)
        for one in batch:
            session.record(session.identify(one), one, "general")
        session.save()
        return dict(session.left_out)

    return await database.write(work)


async def of(database: Database, one: Identified) -> list[str]:
    """Reasons of all suggestions that name a customer."""
    found = await rows(database, schema.suggestions)
    return sorted(row["reason"] for row in found if one.customer.id in (row["customer_id"], row["owner_id"]))


async def test_what_is_more_waits_for_another_day(database: Database) -> None:
    await owners(database)
    (one,) = await identify(database, naming("m1", *range(5)), policy=FEW)
    assert await of(database, one) == ["same_claim"] * 3
    await identify(database, naming("m2", *range(5), hours=23.9), policy=FEW)
    assert await of(database, one) == ["same_claim"] * 3
    await identify(database, naming("m3", *range(5), hours=24.1), policy=FEW)
    assert await of(database, one) == ["same_claim"] * 5


async def test_what_is_there_already_is_not_counted_again(database: Database) -> None:
    await owners(database)
    (one,) = await identify(database, naming("m1", 0, 1, 2), policy=FEW)
    await identify(database, naming("m2", 0, 1, 2, 3, 4, hours=30), policy=FEW)
    assert len(await of(database, one)) == 5


async def test_of_several_messages_at_once(database: Database) -> None:
    """The strongest reason first, whichever message named it."""
    await owners(database)
    order = {"order": "IT-2231"}
    await identify(database, message("w1", phone(), fields=order, sender_name="Anna Bianchi"))
    batch = [naming("m1", fields=order, sender_name="Anna Bianchi"), naming("m2", 0, 1), naming("m3", 0)]
    found = await identify(database, *batch, policy=FEW)
    assert await of(database, found[0]) == ["same_claim", "same_claim", "same_order"]


async def test_what_is_left_out_is_counted(database: Database) -> None:
    await owners(database)
    await identify(database, message("w1", phone(), fields={"order": "IT-2231"}))
    batch = [naming("m1", 0, 1, 2, 3, fields={"order": "IT-2231"}), naming("m2", 3)]
    assert await left_out(database, *batch) == {"same_claim": 1, "same_order": 1}


async def test_strangers_use_up_what_is_theirs_alone(database: Database) -> None:
    """Each names the victim's address; the victim then names another, and is named by proofs of one contact."""
    await identify(database, message("v1", phone()), policy=FEW)
    await owners(database)
    for number in range(OWNERS):
        stranger = email(f"e{number}@evil.test")
        await identify(database, message(f"s{number}", stranger, channel="web_form", claims=[phone()]), policy=FEW)
    (victim,) = await identify(database, message("v2", phone(), claims=[email("a0@esempio.it")]), policy=FEW)
    assert len(await of(database, victim)) == OWNERS + 1


async def test_what_one_has_no_room_for_the_other_may_say(database: Database) -> None:
    policy = Policy(suggestions_per_day=1)
    mail = email("a0@esempio.it", verified=True)
    other, _ = await identify(database, message("o1", mail), message("o2", phone()), policy=policy)
    await identify(database, message("m1", user(), claims=[phone()]), policy=policy)
    await identify(database, naming("m2", 0), policy=policy)
    assert await of(database, other) == []
    batch = [naming("m3", 0), message("o3", mail, claims=[user()])]
    assert await left_out(database, *batch, policy=policy) == {}
    assert await of(database, other) == ["same_claim"]


async def test_a_guard_is_never_left_out(database: Database) -> None:
    policy = Policy(suggestions_per_day=0)
    (one,) = await identify(database, message("m1", phone(), sender_name="Anna Bianchi"), policy=policy)
    await identify(database, message("m2", user(), sender_name="Marco Rossi"), policy=policy)
    both = message("m3", phone(), aliases=[user()], claims=[email()], sender_name="Anna Bianchi")
    await identify(database, message("m4", email(verified=True)), both, policy=policy)
    assert await of(database, one) == ["names_differ"]


async def test_a_number_that_was_given_out_again_is_never_left_out(database: Database) -> None:
    policy = Policy(suggestions_per_day=0)
    (one,) = await identify(database, message("m1", phone()), policy=policy)
    await identify(database, message("m2", phone(), hours=24 * 400), policy=policy)
    assert await of(database, one) == ["recycled"]


async def test_several_customers_each_have_their_own(database: Database) -> None:
    await owners(database)
    await identify(database, naming("m1", 0, 1, 2, 3), policy=FEW)
    claims = [email(f"a{n}@esempio.it") for n in range(4)]
    found = await identify(database, naming("m2", 4), message("m3", phone(), claims=claims), policy=FEW)
    assert [len(await of(database, one)) for one in found] == [3, 3]
