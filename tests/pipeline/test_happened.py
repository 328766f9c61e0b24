"""What goes to quarantine is told, in the same transaction, by its id and the reason only."""

from typing import Any

import orjson
import pytest

from connectors.base import Parsed
from normalizer.event import Event
from regia.pipeline import worker
from regia.pipeline.intake import Intake
from storage import quarantine as held
from storage.database import DatabaseUnavailable
from storage.journal import Journal
from storage.schema import events, quarantine
from tests.pipeline.conftest import Line
from tests.pipeline.test_worker import EVENT, STATUS, UNREADABLE


async def told(line: Line) -> list[dict[str, Any]]:
    return [orjson.loads(bytes(row["body"])) for row in await line.rows(events)]


async def test_a_held_contact_is_an_event(line: Line) -> None:
    line.start()
    await line.accept(unreadable=(UNREADABLE,), statuses=(STATUS,), events=(EVENT,))
    await line.idle()
    (row,) = await line.rows(quarantine)
    (one,) = await told(line)
    assert (one["type"], one["subject"], one["source"]) == ("regia.message.quarantined.v1", row["id"], "/regia/whatsapp")
    assert one["data"] == {"id": row["id"], "reason": "unreadable"}
    assert Event.model_validate(one).id != row["id"]
    (stored,) = await line.rows(events)
    assert (stored["id"], stored["type"], stored["subject"]) == (one["id"], one["type"], one["subject"])
    assert UNREADABLE.raw not in bytes(stored["body"])
    assert UNREADABLE.detail.encode() not in bytes(stored["body"])


async def test_a_repeat_is_told_once(line: Line) -> None:
    line.start()
    for _ in range(3):
        await line.accept(unreadable=(UNREADABLE,))
        await line.idle()
    assert len(await told(line)) == 1


async def test_what_the_transaction_does_not_keep_is_not_told(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first attempts of the commit fail behind the event."""
    commit, failed = worker.commit, 0

    def failing(*arguments: Any) -> Any:
        nonlocal failed
        result = commit(*arguments)
        if failed < 2:
            failed += 1
            raise DatabaseUnavailable("the power is gone")
        return result

    monkeypatch.setattr(worker, "commit", failing)
    line.start()
    await line.accept(unreadable=(UNREADABLE,))
    await line.idle()
    assert failed == 2
    assert len(await told(line)) == len(await line.rows(quarantine)) == 1


async def test_held_again_is_told_again(line: Line) -> None:
    """Driven again from another journal, it is another event about the same contact."""
    line.start()
    await line.accept(unreadable=(UNREADABLE,))
    await line.idle()
    (first,) = await line.rows(quarantine)
    await line.database.write(lambda connection: held.make_way(connection, first["id"]))
    journal = Journal.open(line.path.with_name("redrive.sqlite"))
    await Intake(journal).accept("whatsapp", Parsed(unreadable=(UNREADABLE,)))
    again = line.pipeline_of(journal)
    again.start()
    await line.until(lambda: again.idle)
    await again.stop()
    await journal.close()
    one, other = await told(line)
    assert one["subject"] == other["subject"] == first["id"]
    assert one["id"] != other["id"]
