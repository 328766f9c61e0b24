"""Finds that are not repaired: run by path, `pytest tests/attacks/found_imports.py`. See FOUND.md."""

from identity.imports import take
from identity.listed import Listed
from normalizer.inbound import Handle
from storage.database import Database
from tests.contacts import email, message, phone
from tests.identity.batches import POLICY, identify

NOW = 1_795_284_000_000


async def _import(database: Database, *handles: Handle) -> None:
    """A row of a shop's customers, among whom the stranger has registered with an address that nobody confirmed."""
    row = Listed(handles=handles, facts={}, place="list/1")
    await database.write(lambda c: take(c, "demo", [row], "import", actor="cli", now_ms=NOW, policy=POLICY))


STRANGER, REGISTERED = phone("+390000000009"), Handle("email", "anna@example.it", "agent")


async def test_a_list_with_what_somebody_typed_joins_nobody(database: Database) -> None:
    await identify(database, message("v1", email(verified=True), text="Il mio segreto"))
    await identify(database, message("s1", STRANGER))
    await _import(database, Handle("phone", STRANGER.value, "agent"), REGISTERED)
    (stranger,) = await identify(database, message("s2", STRANGER))
    assert all("segreto" not in one.snippet for one in stranger.history)


async def test_a_list_with_what_somebody_typed_gives_nobody_an_address(database: Database) -> None:
    await identify(database, message("s1", STRANGER))
    await _import(database, Handle("phone", STRANGER.value, "agent"), REGISTERED)
    await identify(database, message("v1", email(verified=True), text="Il mio segreto"))
    (stranger,) = await identify(database, message("s2", STRANGER))
    assert all("segreto" not in one.snippet for one in stranger.history)
