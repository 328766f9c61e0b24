"""The language is not made for four systems: a real Roundup, described in YAML, does what the bridge of its own does."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest
from sqlalchemy import update

from desk.bridges.base import SystemUnavailable
from normalizer.inbound import InboundAttachment
from storage.schema import bridge_answers, outgoing
from tests.bridges.conftest import CONFIG, Crossing, across
from tests.servers.roundup import PASSWORD, RoundupServer

BLOCK = """
bridges:
  helpdesk:
    type: http
    description: ${DESCRIPTION}
    queues: [demo.general]
    url: ${TRACKER}
    values: {user: regia, origin: "${ORIGIN}"}
    secrets: {password: "${PASSWORD}"}
    answers: all
"""
DESCRIPTION = Path(__file__).with_name("roundup.yaml")


@pytest.fixture
async def crossing(tmp_path: Path, migrated_sqlite: Path, tracker: RoundupServer) -> AsyncIterator[Crossing]:
    parts = urlsplit(tracker.url)
    environ = {"TRACKER": tracker.url, "PASSWORD": PASSWORD, "ORIGIN": f"{parts.scheme}://{parts.netloc}"}
    config = CONFIG[: CONFIG.index("bridges:")] + BLOCK.replace("${DESCRIPTION}", str(DESCRIPTION))
    async with across(tmp_path, migrated_sqlite, tracker, config, environ) as made:
        yield made


async def test_the_whole_way_round(crossing: Crossing) -> None:
    first = await crossing.write(text="La padella è arrivata rotta.")
    number = await crossing.bridge.take(first)
    assert await crossing.bridge.take(await crossing.write(text="Avete novità?")) == number
    crossing.tracker.answer("giulia", number, "@internal difetto di serie?")
    crossing.tracker.answer("giulia", number, "Buongiorno, la sostituiamo.", assignedto="4")
    await crossing.look()
    await crossing.look()
    (row,) = await crossing.rows(outgoing)
    assert (row.text, row.author, row.handle_value) == ("Buongiorno, la sostituiamo.", "giulia", "anna@example.it")
    crossing.tracker.change("giulia", number, status="8")
    await crossing.look()
    again = await crossing.write(text="È ancora rotta.", reply_to=orjson.loads(first)["data"]["external_id"])
    assert await crossing.bridge.take(again) == number
    assert crossing.tracker.issue(number)["status"]["name"] == "chatting"
    await crossing.look()
    assert [event for event, _ in await crossing.told()] == ["opened", "assigned", "closed", "reopened"]
    assert len(crossing.texts(number)) == 5


async def test_files_come_along(crossing: Crossing) -> None:
    photo = InboundAttachment(filename="foto.jpg", content_type="image/jpeg", content=b"\xff\xd8\xff" + b"p" * 2000)
    number = await crossing.bridge.take(await crossing.write(text="Ecco le foto", attachments=(photo,)))
    (file,) = crossing.tracker.files_of(crossing.tracker.issue(number)["messages"][0]["id"])
    assert (file["name"], file["type"]) == ("foto.jpg", "image/jpeg")


@pytest.mark.parametrize("broken", ["before", "after"])
@pytest.mark.parametrize("call", ["open[1]", "open[2]", "add[1]", "add[3]"])
async def test_a_bridge_that_dies_at_any_step_goes_on_where_it_was(
    crossing: Crossing, monkeypatch: pytest.MonkeyPatch, call: str, broken: str
) -> None:
    known = await crossing.bridge.take(await crossing.write(text="La padella è arrivata rotta."))
    sender = "anna@example.it" if call.startswith("add") else "marco@example.it"
    envelope = await crossing.write(sender, text="Avete novità?")
    system: Any = crossing.bridge.system
    caller = system._steps.caller
    real = caller.call

    async def dies(request: Any, values: Any, *, at: str, url: str | None = None) -> Any:
        if at != call:
            return await real(request, values, at=at, url=url)
        if broken == "after":
            await real(request, values, at=at, url=url)
        raise SystemUnavailable("the connection ended")

    monkeypatch.setattr(caller, "call", dies)
    before = set(crossing.tracker.numbers())
    with pytest.raises(SystemUnavailable):
        await crossing.bridge.take(envelope)
    monkeypatch.undo()
    number = await crossing.bridge.take(envelope)
    new = {one.removeprefix("issue") for one in set(crossing.tracker.numbers()) - before}
    texts = [text for issue in {known, number} | new for text in crossing.texts(issue)]
    mark = f"Envelope: {orjson.loads(envelope)['id']}"
    assert sum(mark in text for text in texts) == 1
    assert len(new) == call.startswith("open")


async def test_an_answer_that_does_not_arrive_is_told_in_the_issue_once(crossing: Crossing) -> None:
    number = await crossing.bridge.take(await crossing.write(text="La padella è arrivata rotta."))
    crossing.tracker.answer("giulia", number, "Buongiorno, la sostituiamo.")
    await crossing.look()
    failed = update(outgoing).values(state="failed", error="no such mailbox")
    await crossing.database.write(lambda connection: connection.execute(failed))
    await crossing.look()
    await crossing.look()
    assert crossing.texts(number)[-1].startswith("An answer could not be delivered to the customer (no such mailbox).")
    assert len(crossing.texts(number)) == 3
    assert await crossing.rows(bridge_answers) == []


async def test_an_issue_that_was_removed_is_replaced(crossing: Crossing) -> None:
    number = await crossing.bridge.take(await crossing.write(text="La padella è arrivata rotta."))
    crossing.tracker.retire(f"issue{number}")
    taken = await crossing.bridge.take(await crossing.write(text="Avete novità?"))
    assert taken != number
    assert "Avete novità?" in crossing.texts(taken)[0]


async def test_agents_who_write_at_the_same_time_lose_nothing(crossing: Crossing, monkeypatch: pytest.MonkeyPatch) -> None:
    number = await crossing.bridge.take(await crossing.write(text="La padella è arrivata rotta."))
    system: Any = crossing.bridge.system
    caller, met = system._steps.caller, []
    real = caller.call

    async def meets(request: Any, values: Any, *, at: str, url: str | None = None) -> Any:
        if at == "add[3]" and not met:
            met.append(1)
            crossing.tracker.answer("marco", number, "Me ne occupo io.")
        return await real(request, values, at=at, url=url)

    monkeypatch.setattr(caller, "call", meets)
    await crossing.bridge.take(await crossing.write(text="Ancora io"))
    texts = crossing.texts(number)
    assert len(texts) == 3
    assert sum("Ancora io" in text for text in texts) == 1
    assert "Me ne occupo io." in texts
