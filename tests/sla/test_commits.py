"""What a commit promises: contacts of one batch and of several, as the pipeline has them."""

from typing import Any

import orjson
from sqlalchemy import event, update

from router.load import load
from storage.schema import messages, sla_timers
from tests.contacts import inbound
from tests.pipeline.conftest import Line, decide_by, line

__all__ = ["line"]

RULES = """
calendars: {office: {timezone: Europe/Rome, hours: {mon-sat: "09:00-19:03"}}}
categories:
  general: {sla: {first_reply: 4h, resolution: 2d, calendar: office}}
  quiet: {}
default: general
rules:
  - {name: spam, when: {text: {words: casino}}, then: {discard: spam}}
  - {name: quiet, when: {text: {words: thanks}}, then: {category: quiet}}
"""


def use(line: Line, rules: str = RULES) -> None:
    decide_by(line, load([("rules.yaml", rules)]))
    line.start()


async def due(line: Line) -> list[dict[str, Any]]:
    rows = await line.rows(messages)
    found = sorted(rows, key=lambda row: row["sequence"])
    return [orjson.loads(row["envelope"])["data"]["routing"]["sla"] for row in found]


async def test_contacts_of_one_conversation(line: Line) -> None:
    use(line)
    await line.accept(inbound("m1"))
    await line.accept(inbound("m2", text="thanks"))
    await line.idle()
    first, second = await due(line)
    assert (first["first_reply_due"], first["next_reply_due"]) == ("2026-11-23T11:59:11.532Z", None)
    assert second["first_reply_due"] == first["first_reply_due"], "what holds in the conversation, also for a contact without"
    assert [row["promise"] for row in await line.rows(sla_timers)] == ["first_reply", "resolution"]


async def test_who_writes_while_the_ticket_waits_sets_its_time_going(line: Line) -> None:
    use(line)
    await line.accept(inbound("m1"))
    await line.idle()
    stands = update(sla_timers).where(sla_timers.c.promise == "resolution").values(state="paused", next_ms=None)
    await line.database.write(lambda connection: connection.execute(stands))
    await line.accept(inbound("m2", text="still nothing"))
    await line.idle()
    first, second = await due(line)
    assert second["resolution_due"] == first["resolution_due"]
    assert {row["state"] for row in await line.rows(sla_timers)} == {"running"}


async def test_what_is_discarded_or_imported_is_promised_nothing(line: Line) -> None:
    use(line)
    await line.accept(inbound("m1", text="casino"))
    await line.accept(inbound("m2", backlog=True))
    await line.idle()
    assert await line.rows(sla_timers) == []
    assert {value for each in await due(line) for value in each.values()} == {None}


async def test_rules_without_promises_ask_nothing_of_the_database(line: Line) -> None:
    asked: list[str] = []
    event.listen(line.database.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    use(line, "categories: {general: {}}\ndefault: general\n")
    await line.accept(inbound("m1"))
    await line.idle()
    assert asked
    assert [one for one in asked if "sla_timers" in one] == []
