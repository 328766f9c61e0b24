"""The newest messages as people watch them, on both databases."""

from typing import Any

from sqlalchemy import Connection, insert

from storage import recent
from storage.database import Database
from storage.recent import Change
from storage.schema import messages, quarantine, targets, traffic
from tests.erasing.planted import row

NOW = 1_800_000_000_000


def fill(connection: Connection) -> None:
    """m1 published to two queues, m2 pending in one of two, m3 without a queue, m4 discarded by a rule."""
    for number, more in enumerate([{}, {"channel": "sms"}, {"category": "returns"}, {"discarded_by": "spam"}], 1):
        fields: dict[str, Any] = {"id": f"m{number}", "received_ms": NOW + number, "channel": "email", "category": "general"}
        connection.execute(insert(messages), [row(messages, **(fields | {"discarded_by": None} | more))])
    states = [
        ("m1", "published", 5),
        ("m1", "published", 9),
        ("m2", "published", 7),
        ("m2", "pending", None),
        ("m3", "unrouted", 8),
    ]
    for position, (id_, state, published) in enumerate(states, 1):
        at = None if published is None else NOW + published
        fields = {"position": position, "message_id": id_, "target": f"t{position}", "state": state, "published_ms": at}
        connection.execute(insert(targets), [row(targets, **fields)])


STANDING = [
    Change("m4", NOW + 4, 0, "discarded", None),
    Change("m3", NOW + 3, 5, "unrouted", NOW + 8),
    Change("m2", NOW + 2, 4, "pending", NOW + 7),
    Change("m1", NOW + 1, 2, "published", NOW + 9),
]


async def test_how_far_each_message_is(database: Database) -> None:
    await database.write(fill)
    assert await database.read(lambda one: recent.standing(one, ["m1", "m2", "m3", "m4", "none"])) == STANDING
    assert await database.read(recent.last_position) == 5
    assert await database.read(recent.channels) == ["email", "sms"]
    found = await database.read(lambda one: recent.rows(one, ["m2", "none"]))
    assert {id_: one["channel"] for id_, one in found.items()} == {"m2": "sms"}


async def test_the_newest_that_fit(database: Database) -> None:
    await database.write(fill)
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({"limit": 2}, ["m4", "m3"]),
        ({"limit": 9, "before_ms": NOW + 3}, ["m2", "m1"]),
        ({"limit": 9, "channel": "email", "category": "general"}, ["m4", "m1"]),
        ({"limit": 1, "channel": "email", "category": "general", "before_ms": NOW + 4}, ["m1"]),
        ({"limit": 9, "channel": "none"}, []),
    ]
    for wanted, ids in cases:
        assert await database.read(lambda one, wanted=wanted: recent.newest(one, **wanted)) == ids, wanted  # type: ignore[misc]


async def test_what_changed_is_known_by_its_place_and_by_its_time(database: Database) -> None:
    await database.write(fill)
    far = 5 + recent._AGAIN
    cases = [
        ((0, NOW + 9, 10), STANDING[1:]),  # what no target tells of is known by when it came
        ((far, NOW + 3, 10), STANDING[:1]),
        ((far, NOW, 2), STANDING[:2]),
        ((far - 1, NOW + 9, 10), STANDING[1:2]),
        ((far, NOW + 9, 10), []),
    ]
    for asked, changes in cases:
        assert await database.read(lambda one, asked=asked: recent.changed(one, *asked)) == changes, asked  # type: ignore[misc]


async def test_what_came_in_hour_by_hour_and_what_is_held(database: Database) -> None:
    def work(connection: Connection) -> None:
        for hour, contacts in ((10, 1), (11, 5), (12, 2)):
            connection.execute(insert(traffic), [row(traffic, connector="mail", hour=hour, contacts=contacts)])
        for number, state in enumerate(("held", "held", "redriven")):
            connection.execute(insert(quarantine), [row(quarantine, id=f"q{number}", state=state)])

    await database.write(work)
    assert await database.read(lambda one: recent.contacts(one, 11)) == {"mail": {11: 5, 12: 2}}
    assert await database.read(recent.held) == 2
