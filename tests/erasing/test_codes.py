"""What asked for a proof goes with the customer it was asked for: the address that was typed may be nowhere else."""

import pytest
from sqlalchemy import Connection, select, update

from desk import proofs
from desk.proof_words import WORDS
from desk.proofs import BrandProofs, Decided, Proofs, Wanted, Way
from identity.challenges import Method, Rules
from identity.policy import Policy
from normalizer.inbound import Handle
from storage import erasure, exported, family, outgoing_tries, retention
from storage.database import Database
from storage.erasure import Act
from storage.retention import Before
from storage.schema import challenges
from storage.schema import outgoing as table
from tests.contacts import message, phone
from tests.customers import add_customer
from tests.erasing.planted import NOW, everything, holding
from tests.identity.batches import identify

ANNAS, BRUNOS = "anna.secret@example.it", "bruno.secret@example.it"


def known() -> Proofs:
    return Proofs(
        rules=Rules(key=b"k"),
        policy=Policy(),
        brand=lambda name: BrandProofs(name=name, ways={"email": Way(connector="mail")}, words=WORDS),
        link=lambda token: f"https://regia.example/proof/{token}",
        language="it",
    )


async def ask(database: Database, customer: str, address: str, method: Method) -> None:
    wanted = Wanted(customer_id=customer, handle=Handle("email", address, "claimed"), method=method, actor="token/site")
    await database.write(lambda connection: proofs.begin(connection, wanted, known(), NOW))


@pytest.mark.parametrize("taken", [True, False])
async def test_codes_go_with_their_customer_and_others_stay(database: Database, taken: bool) -> None:
    def people(connection: Connection) -> None:
        add_customer(connection, "cus_anna", standing="verified")
        add_customer(connection, "cus_below", standing="verified", root_id="cus_anna", merged_into="cus_anna")
        add_customer(connection, "cus_bruno", standing="verified")

    await database.write(people)
    await ask(database, "cus_anna", ANNAS, "code")
    await ask(database, "cus_below", ANNAS, "link")
    # The same address at the same moment, asked for somebody else: that is the other's.
    await ask(database, "cus_bruno", ANNAS, "code")
    await ask(database, "cus_bruno", BRUNOS, "code")
    if taken:
        await database.write(
            lambda connection: outgoing_tries.claim(connection, "mail", "n1", now_ms=NOW, lost_ms=NOW + 1, limit=9)
        )
    act = Act("act_1", "token", NOW + 9)
    part = await database.write(lambda connection: erasure.finish(connection, "cus_anna", act, 10))
    assert part is not None
    assert (part.last, part.removed.outgoing) == (True, 2)

    def left(connection: Connection) -> tuple[set[str], list[str]]:
        asked = connection.execute(select(challenges.c.customer_id)).scalars()
        return set(asked), sorted(connection.execute(select(table.c.handle_value)).scalars())

    assert await database.read(left) == ({"cus_bruno"}, [ANNAS, BRUNOS])
    act = Act("act_2", "token", NOW + 9)
    await database.write(lambda connection: erasure.finish(connection, "cus_bruno", act, 10))
    assert holding(await everything(database), ANNAS, BRUNOS) == {}


async def test_an_old_proof_takes_what_asked_for_it_along(database: Database) -> None:
    """Later nobody could tell whose message that was: the address may be nobody's."""

    def people(connection: Connection) -> None:
        for name in ("anna", "bruno"):
            add_customer(connection, f"cus_{name}", standing="verified")

    await database.write(people)
    await ask(database, "cus_anna", ANNAS, "code")
    await ask(database, "cus_bruno", BRUNOS, "code")
    ended = update(table).where(table.c.handle_value == ANNAS).values(told_ms=NOW)
    await database.write(lambda connection: connection.execute(ended))
    removed = []
    for at_ms in (NOW, NOW + 1, NOW + 1):
        before = Before(at_ms, {})
        done = await database.write(lambda connection, b=before: retention.old_challenges(connection, b, (), NOW + 9))  # type: ignore[misc]
        removed.append(done.removed)
    assert removed == [0, 1, 0]
    assert holding(await everything(database), ANNAS) == {}
    assert set(holding(await everything(database), BRUNOS)) == {"challenges", "outgoing"}, "it has not left yet"


async def test_an_export_has_them_without_the_code(database: Database) -> None:
    await database.write(lambda connection: add_customer(connection, "cus_anna", standing="verified"))
    await ask(database, "cus_anna", ANNAS, "code")
    found = await database.read(lambda connection: family.find(connection, "cus_anna"))
    assert found is not None
    ids = await database.read(lambda connection: exported.answers(connection, found))
    (row,) = await database.read(lambda connection: exported.sent(connection, ids))
    assert (row["handle_value"], row["text"], row["html"]) == (ANNAS, "", None)
    (asked,) = (await database.read(lambda connection: exported.about(connection, found)))["challenges"]
    assert asked["handle_value"] == ANNAS
    assert "secret" not in asked


async def test_what_a_person_said_of_a_proof_goes_with_the_link(database: Database) -> None:
    """The log and the events are kept longer, and have ids only."""
    (anna,) = await identify(database, message("m1", phone()))
    decided = Decided(
        customer_id=anna.customer.id, handle=Handle("email", ANNAS, "claimed"), actor="token/desk", reason="PLANTED said so"
    )
    await database.write(lambda connection: proofs.decide(connection, decided, known(), NOW))
    assert set(holding(await everything(database), "PLANTED")) == {"handles"}
    act = Act("act_1", "token", NOW + 9)
    await database.write(lambda connection: erasure.finish(connection, anna.customer.id, act, 10))
    assert holding(await everything(database), "PLANTED", ANNAS) == {}
