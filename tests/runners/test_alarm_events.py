"""An alarm is an event for whoever follows too: in the transaction of its row, once, whichever node finds it."""

from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from normalizer.event import TYPES, Event
from regia.runners.alarms import KINDS, SENDING, Alarms
from storage import alarms as rows
from storage.database import Database, DatabaseUnavailable
from storage.schema import events
from tests.databases import database, filled_url, migrated_postgresql, migrated_sqlite, postgresql_url

__all__ = ["database", "filled_url", "migrated_postgresql", "migrated_sqlite", "postgresql_url"]

RAISED = 1_795_000_000_000


class Node:
    """Who watches. Its journal takes everything; `time` is its clock, in seconds."""

    def __init__(self, database: Database) -> None:
        self.time = RAISED / 1000
        self.told: list[str] = []
        self.alarms = Alarms(database, SimpleNamespace(accept=self._accept), {}, lambda: self.time)  # type: ignore[arg-type]

    async def _accept(self, _connector: str, parsed: Any) -> None:
        self.told += [one.event_key for one in parsed.events]


async def feed(database: Database) -> list[dict[str, Any]]:
    query = select(events).order_by(events.c.position)
    found = await database.read(lambda connection: connection.execute(query).all())
    made = [orjson.loads(bytes(row.body)) for row in found]
    assert [(row.id, row.type, row.subject) for row in found] == [(one["id"], one["type"], one["subject"]) for one in made]
    for one in made:
        Event.model_validate(one)
    return made


async def test_a_silent_channel_and_its_end(database: Database) -> None:
    node = Node(database)
    await node.alarms.begin("silent", "chat", "no contact since noon, where 30 are usual", since_ms=RAISED - 60_000)
    await node.alarms.begin("silent", "chat", "the same, found again")
    (one,) = await feed(database)
    assert (one["type"], one["source"], one["subject"]) == ("regia.channel.silent.v1", "/regia/chat", "chat")
    assert one["time"] == "2026-11-18T11:06:40.000Z"
    said = {"connector": "chat", "kind": "silent", "since": "2026-11-18T11:05:40.000+00:00"}
    assert one["data"] == said | {"detail": "no contact since noon, where 30 are usual"}
    node.time += 600
    alarm = node.alarms.get("silent", "chat")
    assert alarm is not None
    await node.alarms.end(alarm)
    await node.alarms.end(alarm)
    first, end = await feed(database)
    assert first == one
    assert (end["type"], end["time"]) == ("regia.channel.back.v1", "2026-11-18T11:16:40.000Z")
    assert end["data"] == one["data"] | {"ending": "back"}
    node.time += 600
    await node.alarms.begin("silent", "chat", "again")
    assert [made["type"] for made in await feed(database)][2:] == ["regia.channel.silent.v1"]
    assert len({made["id"] for made in await feed(database)}) == 3


async def test_tokens(database: Database) -> None:
    node = Node(database)
    await node.alarms.begin("token_expiring", "page", "it ends in 6 days", name="access_token")
    await node.alarms.begin("token_refused", "page", "a message was refused", name=SENDING)
    await node.alarms.begin("token_refused", "page", "the provider says that it is not valid", name="access_token")
    for alarm in list(node.alarms.open.values()):
        await node.alarms.end(alarm, "not_watched")
    made = await feed(database)
    assert [(one["type"], one["data"]["token"]) for one in made[:2]] == [
        ("regia.token.expiring.v1", "access_token"),
        ("regia.token.refused.v1", SENDING),
    ]
    assert [(one["type"], one["data"]["ending"]) for one in made[2:]] == [("regia.token.back.v1", "not_watched")] * 2


async def test_two_nodes_that_find_the_same_tell_it_once(database: Database) -> None:
    one, two = Node(database), Node(database)
    for node in (one, two):
        await node.alarms.begin("silent", "chat", "no contact")
    assert len(await feed(database)) == 1
    for node in (one, two):
        await node.alarms.refresh()
    alarm = two.alarms.get("silent", "chat")
    assert alarm is not None
    for node in (one, two):
        await node.alarms.end(alarm)
    assert [made["type"] for made in await feed(database)] == ["regia.channel.silent.v1", "regia.channel.back.v1"]


@pytest.mark.parametrize("which", ["enter", "clear"])
async def test_what_is_not_entered_is_not_told(database: Database, monkeypatch: pytest.MonkeyPatch, which: str) -> None:
    node = Node(database)
    if which == "clear":
        await node.alarms.begin("silent", "chat", "no contact")
    before = await feed(database)
    add = rows.enter if which == "enter" else rows.clear

    def fail(*arguments: Any) -> bool:
        add(*arguments)
        raise DatabaseUnavailable("away")

    monkeypatch.setattr(rows, which, fail)
    again = node.alarms.begin("silent", "chat", "x") if which == "enter" else node.alarms.end(*node.alarms.open.values())
    with pytest.raises(DatabaseUnavailable):
        await again
    assert await feed(database) == before


def test_every_kind_has_its_types() -> None:
    spoken = {f"regia.{type_}.v1" for kind in KINDS.values() for type_ in (kind.raised, kind.cleared)}
    assert spoken == {type_ for type_ in TYPES if type_.split(".")[1] in ("channel", "token", "delivery", "journal")}
