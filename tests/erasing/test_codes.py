"""What asked for a proof goes with the customer it was asked for: the address that was typed may be nowhere else."""

import pytest
from sqlalchemy import Connection, select

from desk import proofs
from desk.proof_words import WORDS
from desk.proofs import BrandProofs, Proofs, Wanted, Way
from identity.challenges import Method, Rules
from identity.policy import Policy
from normalizer.inbound import Handle
from storage import erasure, outgoing
from storage.database import Database
from storage.erasure import Act
from storage.schema import challenges
from storage.schema import outgoing as table
from tests.customers import add_customer
from tests.erasing.planted import NOW, everything, holding

ANNAS, BRUNOS = "anna.secret@example.it", "bruno.secret@example.it"


async def ask(database: Database, customer: str, address: str, method: Method) -> None:
    known = Proofs(
        rules=Rules(key=b"k"),
        policy=Policy(),
        brand=lambda name: BrandProofs(name=name, ways={"email": Way(connector="mail")}, words=WORDS),
        link=lambda token: f"https://regia.example/proof/{token}",
        language="it",
    )
    wanted = Wanted(customer_id=customer, handle=Handle("email", address, "claimed"), method=method, actor="token/site")
    await database.write(lambda connection: proofs.begin(connection, wanted, known, NOW))


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
        await database.write(lambda connection: outgoing.claim(connection, "mail", "n1", now_ms=NOW, lost_ms=NOW + 1, limit=9))
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
