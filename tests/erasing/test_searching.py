"""Addresses in bytes: found however they are written there, and never as a part of somebody else's."""

import pytest
from sqlalchemy import Connection, insert

from normalizer.inbound import Handle
from regia.erasing.searching import Address, Search
from storage import traces
from storage.database import Database
from storage.schema import quarantine, signals
from tests.erasing.planted import row

PHONE = Handle("phone", "+393331234567", "verified")
MAIL = Handle("email", "anna@example.it", "verified")
USER = Handle("telegram_user", "bot1:87654321", "verified")
UMLAUT = Handle("email", "anna@müller.example", "verified")


@pytest.mark.parametrize(
    ("handle", "raw"),
    [
        (PHONE, b'{"from":"393331234567"}'),
        (PHONE, b"From=whatsapp%3A%2B393331234567&Body=x"),
        (PHONE, b"tel:+393331234567"),
        (PHONE, b"393331234567"),
        (MAIL, b"From: Anna <ANNA@Example.IT>\r\n"),
        (MAIL, b"email=anna%40example.it&x=1"),
        (MAIL, b"body=a%3Danna%40example.it%0A"),
        (MAIL, rb'{"text":"Ciao\nanna@example.it\n"}'),
        (MAIL, rb'{"from":"\u003canna@example.it\u003e"}'),
        (MAIL, b"anna@example.it."),
        (MAIL, b"anna@example.it, bruno@example.it"),
        (USER, b'{"message":{"from":{"id":87654321}}}'),
        (USER, b"bot1:87654321"),
        (UMLAUT, "an anna@müller.example bitte".encode()),
        (UMLAUT, b"<anna@xn--mller-kva.example>"),
        (UMLAUT, rb'"anna@m\u00fcller.example"'),
        (UMLAUT, b"to=anna%40m%C3%BCller.example"),
    ],
)
def test_found(handle: Handle, raw: bytes) -> None:
    search = Search([Address(handle)])
    assert search.holds(raw, 5)
    assert search.holds(b"\xff\x00" * 4_000 + raw + b"\x00\xfe", 5)


@pytest.mark.parametrize(
    ("handle", "raw"),
    [
        (PHONE, b"9393331234567"),
        (PHONE, b"3933312345678"),
        (MAIL, b"joanna@example.it"),
        (MAIL, b"jo.anna@example.it"),
        (MAIL, b"shop+anna@example.it"),
        (MAIL, b"anna@example.it.example"),
        (MAIL, b"anna@example.italy"),
        (MAIL, b"anna@example.it-x"),
        (USER, b'{"id":987654321}'),
        (USER, b"a87654321"),
        (USER, b"87654321_2"),
        (Handle("telegram_user", "bot:77", "verified"), b'{"id":77}'),
    ],
)
def test_not_found(handle: Handle, raw: bytes) -> None:
    assert not Search([Address(handle)]).holds(raw, 5)


def test_what_came_after_an_address_was_given_away() -> None:
    search = Search([Address(PHONE, until_ms=10), Address(MAIL)])
    assert search.holds(b"393331234567", 10)
    assert not search.holds(b"393331234567", 11)
    assert search.holds(b"anna@example.it", 11)
    assert not Search([Address(Handle("crm", "x", "agent"))])


@pytest.mark.parametrize("where", ["quarantine", "signals"])
async def test_rows_are_looked_at_in_pages(database: Database, where: traces.Where) -> None:
    table = {"quarantine": quarantine, "signals": signals}[where]
    rows = [
        row(
            table, id=f"{number:03}", connector="mail" if number % 2 else "other", received_ms=5, raw=f"<{number}>".encode() * 9
        )
        for number in range(50)
    ]
    await database.write(lambda connection: connection.execute(insert(table), rows))

    def search(connection: Connection) -> tuple[list[str], int]:
        found, after, pages = [], "", 0
        next_: str | None = ""
        while next_ is not None:
            after, pages = next_, pages + 1
            some, next_ = traces.search(
                connection, where, lambda raw, at: b"<1" in raw and at == 5, after=after, limit=7, leave=["other"]
            )
            found += some
        return found, pages

    found, pages = await database.read(search)
    assert found == [f"{number:03}" for number in (1, 11, 13, 15, 17, 19)]
    assert pages == 4


async def test_what_somebody_wrote_instead_is_searched_too(database: Database) -> None:
    held = {"connector": "mail", "raw": b"illegible", "received_ms": 1}
    rows = [row(quarantine, id="one", **held, edited=b"From: anna@example.it"), row(quarantine, id="two", **held)]
    await database.write(lambda connection: connection.execute(insert(quarantine), rows[:1]))
    await database.write(lambda connection: connection.execute(insert(quarantine), rows[1:]))
    holds = Search([Address(Handle("email", "anna@example.it", "verified"))]).holds
    found, _ = await database.read(lambda one: traces.search(one, "quarantine", holds, after="", limit=9))
    assert found == ["one"]
