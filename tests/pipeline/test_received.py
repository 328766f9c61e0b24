"""Rules that ask when a message came are told the moment of its acceptance, and the explanation holds what they saw."""

import orjson

from identity.policy import Policy
from regia.pipeline.commit import CommitSettings
from regia.pipeline.worker import Pipeline
from regia.rules.live import Rules
from router.load import load
from storage.schema import messages
from tests.contacts import inbound
from tests.pipeline.conftest import CHANNELS, LINKS, Line

RULES = """
calendars:
  office: {timezone: Europe/Rome, hours: {mon-sat: "09:00-19:03"}}
  depot: {timezone: Asia/Tokyo, hours: {mon-sat: "09:00-18:00"}}
categories: {general: {sla: {first_reply: 4h, calendar: office}}}
default: general
rules:
  - name: office
    when: {hours.office: open, date.office: 2026-11-21, weekday.office: sat}
    then: {tags: office}
  - name: depot
    when: {expr: "hours.depot == 'closed' && weekday.depot == 'sun' && received.startsWith('2026-11-21T18:02')"}
    then: {tags: depot}
"""


async def test_the_moment_of_acceptance(line: Line) -> None:
    ruleset = load([("rules.yaml", RULES)])
    settings = CommitSettings(
        journal=line.journal.id, node="n1", rules=Rules.of_all(ruleset), links=LINKS, policy=Policy(), channels=CHANNELS
    )
    line.pipeline = Pipeline(line.journal, line.preparer, line.database, line.relay, lambda: settings)
    line.start()
    await line.accept(inbound("m1"))
    await line.idle()
    (row,) = await line.rows(messages)
    routing = orjson.loads(row["envelope"])["data"]["routing"]
    assert routing["tags"] == ["office", "depot"]
    due = "2026-11-23T11:59:11.532Z"  # 49 seconds on saturday, the rest on monday
    assert routing["sla"] == {"first_reply_due": due, "next_reply_due": None, "resolution_due": None}
    seen = dict(zip(ruleset.asked, orjson.loads(row["explanation"])["values"], strict=True))
    assert seen == {
        "hours.office": "open",
        "date.office": "2026-11-21",
        "weekday.office": "sat",
        "hours.depot": "closed",
        "weekday.depot": "sun",
        "received": "2026-11-21T18:02:11.532Z",
    }
