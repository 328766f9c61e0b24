"""How far a window is, and that what it is shown is found by indexes."""

import random
import shutil
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from desk.transcripts import Cursor, Signing, items, name_of, token
from regia.chats.window import handles
from storage import transcripts
from storage.database import Database
from storage.transcripts import Line
from tests.databases import migrated_sqlite

__all__ = ["migrated_sqlite"]


def line(number: int, state: str = "sent", stamp: int | None = None) -> Line:
    at_ms = 1000 + number
    return Line(id=f"m{number}", direction="out", state=state, at_ms=at_ms, stamp_ms=stamp or at_ms, place=number)


def ids(lines: list[Line]) -> list[str]:
    return [one.id for one in lines]


def test_a_new_window_lacks_everything_and_then_nothing() -> None:
    lines = [line(number) for number in range(200)]
    assert Cursor.read(None).missing(lines) == Cursor().missing(lines) == lines
    cursor = Cursor.read(str(Cursor.of(lines)))
    assert cursor.missing(lines) == []


@pytest.mark.parametrize("count", [65, 200, 300, 1000])
@pytest.mark.parametrize("alike", [0, 64, 100, 300])
def test_however_many_changed_at_once_nothing_is_missing_twice(count: int, alike: int) -> None:
    """As where one frame tells that a hundred answers were read: all of them have one stamp."""
    lines = [line(number, stamp=5000 if number >= count - alike else None) for number in range(count)]
    cursor = Cursor.read(str(Cursor.of(lines)))
    assert cursor.missing(lines) == []
    assert ids(cursor.missing([*lines, line(count, stamp=5001)])) == [f"m{count}"]
    assert len(str(cursor)) < 2_000


def test_what_is_committed_late_is_missing_however_much_is_newer() -> None:
    late, lines = line(0), [line(number) for number in range(1, 200)]
    assert Cursor.read(str(Cursor.of(lines))).missing([late, *lines]) == [late]


def test_a_cursor_of_an_earlier_version_is_read() -> None:
    lines = [line(number) for number in range(10)]
    old = ".".join(("3ed", *map(token, lines[5:9])))
    assert ids(Cursor.read(old).missing(lines)) == ["m9"]


def test_what_comes_late_and_what_changes_is_missing() -> None:
    lines = [line(number) for number in range(10)]
    cursor = Cursor.read(str(Cursor.of(lines[:4] + lines[5:])))
    changed = [*lines[:7], line(7, "read", stamp=1500), *lines[8:]]
    assert ids(cursor.missing(changed)) == ["m4", "m7"]
    assert ids(cursor.plus(lines[4]).missing(lines)) == []


def test_what_was_old_long_ago_is_not_shown_again() -> None:
    lines = [line(number) for number in range(1000)]
    assert Cursor.of(lines).missing(lines[:10]) == []
    assert ids(Cursor.of(lines).missing([line(3, "read", stamp=5000)])) == ["m3"]


@pytest.mark.parametrize(
    "text",
    ["", "x", "zz.aa", "-", "5", "." * 5000, "\ud800", "ff.aaaaaaaaaa", "0.zz", "0.abc", "~", "0~é", "0~a", "0~" + "A" * 5000],
)
def test_any_cursor_can_be_read(text: str) -> None:
    """One that is none of ours repeats at most, and a low one hides nothing."""
    assert ids(Cursor.read(text).missing([line(1)])) == ["m1"]
    assert ids(Cursor.read(str(Cursor.read(text))).missing([line(1)])) == ["m1"], "it can be handed on"


def test_whatever_the_order_of_commits_every_line_is_shown_once() -> None:
    chance = random.Random(20261121)  # noqa: S311  # to repeat a run, not to keep a secret
    for _ in range(50):
        lines = [line(number) for number in range(60)]
        order = lines.copy()
        chance.shuffle(order)
        cursor, stored, shown = Cursor(), list[Line](), list[str]()
        while order:
            stored.append(order.pop())
            if chance.random() < 0.3 or not order:
                shown += ids(cursor.missing(stored))
                cursor = Cursor.read(str(Cursor.of(stored)))
        assert sorted(shown) == sorted(ids(lines))


@pytest.mark.parametrize(
    ("author", "automatic", "name"),
    [
        ("Anna", False, "Anna"),
        ("Anna", True, None),
        ("token/helpdesk", False, None),
        ("anna@example.it", False, None),
        ("command line", False, None),
    ],
)
def test_whose_name_is_shown(author: str, name: str | None, *, automatic: bool) -> None:
    assert name_of(author, automatic=automatic) == name


async def test_every_read_goes_by_an_index(tmp_path: Path, migrated_sqlite: Path) -> None:
    shutil.copy(migrated_sqlite, tmp_path / "regia.sqlite")
    database = Database(f"sqlite:///{tmp_path / 'regia.sqlite'}")
    asked: list[tuple[str, Any]] = []

    def note(_one: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    def plans(connection: Connection) -> list[str]:
        return [row[3] for text, given in asked for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", given)]

    whose = handles("site", "demo", ("site:v1", "site:u-1"), "chat")
    out, came = line(1), Line(id="a", direction="in", state="delivered", at_ms=1, stamp_ms=1, place=1)

    def work(connection: Connection) -> None:
        event.listen(connection, "before_cursor_execute", note)
        transcripts.lines(connection, [whose])
        links = {"h1": "site:v1"}
        list(transcripts._inbound(connection, links, ["site"]))
        transcripts._arrived(connection, ["out_1"])
        items(connection, [out, came], Signing(str, lambda id_, _name: id_))
        transcripts.owned(connection, "site", whose.values, ["out_1"])
        transcripts.told_of(connection, "site", ["out_1"])
        transcripts.changed(connection, 5, 9, ["regia.reply.sent.v1"], 10)
        transcripts.senders_in(connection, "con_1", ["site"], 10)

    try:
        await database.read(work)
        found = await database.read(plans)
    finally:
        await database.close()
    assert len(asked) >= 12
    allowed = ("SCAN json_each", "SCAN (subquery", "SCAN anon_")
    assert [plan for plan in found if plan.startswith("SCAN") and not plan.startswith(allowed)] == []
