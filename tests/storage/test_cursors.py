"""Places of sources: read, moved, and fenced, on both databases."""

import asyncio

import pytest

from storage import cursors
from storage.cursors import Cursor
from storage.database import Database

NAME = "poll/mail/INBOX/Ünïcode {x}"


async def move(database: Database, place: str, token: int, name: str = NAME) -> bool:
    return await database.write(lambda connection: cursors.move(connection, name, place, token))


async def read(database: Database, name: str = NAME) -> Cursor | None:
    return await database.read(lambda connection: cursors.read(connection, name))


async def test_what_was_never_moved_has_no_place(database: Database) -> None:
    assert await read(database) is None


@pytest.mark.parametrize("place", ["", "1712345678:42", '{"uidvalidity": 1, "uid": 4294967295}', "ü" * 5000])
async def test_a_place_is_read_as_it_was_written(database: Database, place: str) -> None:
    assert await move(database, place, 7)
    assert await read(database) == Cursor(place, 7)


@pytest.mark.parametrize(
    ("token", "moved"),
    [(1_790_000_000_000_000, True), (1_790_000_000_000_001, True), (1_789_999_999_999_999, False), (0, False)],
)
async def test_a_lower_token_moves_nothing(database: Database, token: int, moved: bool) -> None:
    last = 1_790_000_000_000_000
    assert await move(database, "5", last)
    assert await move(database, "6", token) is moved
    assert await read(database) == (Cursor("6", token) if moved else Cursor("5", last))


async def test_an_owner_may_go_back(database: Database) -> None:
    """A mailbox that was made anew counts from one again."""
    assert await move(database, "old:900", 3)
    assert await move(database, "new:1", 3)
    assert await read(database) == Cursor("new:1", 3)


async def test_of_two_owners_the_later_one_wins_in_whatever_order(database: Database) -> None:
    moved = await asyncio.gather(*(move(database, f"place {token}", token) for token in (3, 1, 5, 2, 4)))
    assert moved == [True, False, True, False, False]
    assert await read(database) == Cursor("place 5", 5)


async def test_names_do_not_meet(database: Database) -> None:
    assert await move(database, "a", 9, "poll/mail/INBOX")
    assert await move(database, "b", 1, "poll/mail/inbox")
    assert await read(database, "poll/mail/INBOX") == Cursor("a", 9)
    assert await read(database, "poll/mail/inbox") == Cursor("b", 1)


async def test_what_is_forgotten_begins_anew(database: Database) -> None:
    assert await move(database, "a", 9)
    assert await move(database, "b", 9, "another")
    await database.write(lambda connection: cursors.forget(connection, NAME))
    assert await read(database) is None
    assert await move(database, "c", 1)
    assert await read(database, "another") == Cursor("b", 9)
