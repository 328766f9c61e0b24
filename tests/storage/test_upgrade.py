"""A database of the version before, with customers in it, is brought to this version and goes on."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Connection, text

from storage import outgoing_tries
from storage.database import Database
from storage.migrate import configuration, upgrade
from storage.schema import conversations, customers, handles, messages, suggestions
from tests.contacts import START, email, message, phone
from tests.identity.batches import identify, rows

BEFORE = "0003"
SEEN = int(START.timestamp() * 1000) - 5_000
CUSTOMER = (
    "INSERT INTO customers (id, space, standing, name, tags, first_seen_ms, last_seen_ms, messages, unanswered,"
    " conversation_id, history) VALUES (:id, 'demo', :standing, :name, '[]', 1000, :seen, :messages, 0, :conversation, '[]')"
)
HANDLE = (
    "INSERT INTO handles (key, space, kind, value, standing, proof, customer_id, since_ms, evidence)"
    " VALUES (:key, 'demo', :kind, :value, :standing, :proof, :customer, 1000, 'whatsapp/m1')"
)
MESSAGE = (
    "INSERT INTO messages (id, connector, brand, channel, kind, external_id, handle_kind, handle_value, customer_id,"
    " conversation_id, sequence, category, ruleset, received_ms, envelope, explanation, raw_sha256, raw_content_type)"
    " VALUES (:id, 'whatsapp', 'demo', 'whatsapp', :kind, :id, 'phone', :value, 'cus_a', 'con_a', :sequence, 'general', 'r',"
    " 1500, :body, :body, 'x', 'application/json')"
)
SUGGESTION = (
    "INSERT INTO suggestions (id, space, customer_id, owner_id, reason, state, created_ms)"
    " VALUES (:id, 'demo', 'cus_b', 'cus_a', :reason, :state, 1000)"
)

OUTGOING = (
    "INSERT INTO outgoing (id, connector, message_id, conversation_id, handle_kind, handle_value, handle_proof, author,"
    " automatic, text, state, due_ms, created_ms) VALUES ('out_1', 'whatsapp', 'm1', 'con_a', 'phone', '+393331234567',"
    " 'verified', 'desk', :automatic, 'Ciao', 'queued', 1, 1)"
)


def fill(connection: Connection) -> None:
    for id_, standing, name in (("cus_a", "verified", "Anna"), ("cus_b", "claimed", None)):
        row = {
            "id": id_,
            "standing": standing,
            "name": name,
            "messages": 2,
            "seen": SEEN,
            "conversation": "con_a" if name else None,
        }
        connection.execute(text(CUSTOMER), row)
    for standing, kind, value, owner in (
        ("verified", "phone", "+393331234567", "cus_a"),
        ("verified", "whatsapp_user", "IT.81234", "cus_a"),
        ("claimed", "email", "anna@example.it", "cus_b"),
    ):
        row = {"key": f"demo\x1f{standing}\x1f{kind}\x1f{value}", "kind": kind, "value": value, "standing": standing}
        connection.execute(text(HANDLE), row | {"proof": standing, "customer": owner})
    for sequence, (id_, kind, value) in enumerate((("m1", "text", "+393331234567"), ("m2", "edit", "+39 333 1234567")), 1):
        row = {"id": id_, "kind": kind, "value": value, "sequence": sequence, "body": b'{"data":{"text":"x","subject":null}}'}
        connection.execute(text(MESSAGE), row)
    for id_, reason, state in (("s1", "same_email", "open"), ("s2", "same_phone", "open")):
        connection.execute(text(SUGGESTION), {"id": id_, "reason": reason, "state": state})
    connection.execute(text(OUTGOING), {"automatic": False})


@pytest.fixture(params=["sqlite", "postgresql"])
async def older(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """With one verified customer, one claimed, and what they wrote."""
    sqlite = request.param == "sqlite"
    opened = Database(f"sqlite:///{tmp_path / 'regia.sqlite'}" if sqlite else request.getfixturevalue("database_url"))
    with opened.engine.begin() as connection:
        command.upgrade(configuration(connection), BEFORE)
        fill(connection)
    upgrade(opened.engine)
    yield opened
    await opened.close()


async def by_id(database: Database, table: Any) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in await rows(database, table)}


async def test_customers_and_links_are_what_they_were(older: Database) -> None:
    found = await by_id(older, customers)
    assert {id_: (row["root_id"], row["merged_into"], row["sequence"], row["facts"]) for id_, row in found.items()} == {
        "cus_a": ("cus_a", None, 2, "{}"),
        "cus_b": ("cus_b", None, 2, "{}"),
    }
    links = await rows(older, handles)
    assert len({link["id"] for link in links}) == 3
    assert all(link["id"].startswith("hdl_") and len(link["id"]) == 30 for link in links)
    assert all((link["home_id"], link["seen_ms"], link["ended_ms"]) == (link["customer_id"], SEEN, None) for link in links)


async def test_messages_know_their_link(older: Database) -> None:
    links = {link["value"]: link["id"] for link in await rows(older, handles)}
    found = await by_id(older, messages)
    assert {row["handle_id"] for row in found.values()} == {links["+393331234567"]}, "another spelling too"
    assert {id_: (row["at_ms"], row["awaits_answer"]) for id_, row in found.items()} == {
        "m1": (1500, True),
        "m2": (1500, False),
    }


async def test_a_pair_is_suggested_once(older: Database) -> None:
    (row,) = await rows(older, suggestions)
    assert (row["reason"], row["state"], row["score"]) == ("same_claim", "open", 60)


async def test_what_waits_to_be_sent_still_does(older: Database) -> None:
    (row,) = await older.write(
        lambda connection: outgoing_tries.claim(connection, "whatsapp", "n1", now_ms=2, lost_ms=3, limit=9)
    )
    assert (row.id, row.message_id, row.conversation_id, row.text) == ("out_1", "m1", "con_a", "Ciao")
    assert (row.until_ms, row.secret, row.envelope is not None) == (None, False, True)


async def test_they_go_on(older: Database) -> None:
    again, other = await identify(older, message("m3", phone()), message("m4", email()))
    assert (again.customer.id, again.sequence, again.customer.name) == ("cus_a", 3, "Anna")
    assert (other.customer.id, other.match) == ("cus_b", "claimed")
    assert len(await rows(older, conversations)) == 2
