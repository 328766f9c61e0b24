"""What becomes of contacts, answers and tickets between a gateway and a real Roundup."""

import base64
from collections.abc import Callable, Coroutine
from typing import Any

import orjson
import pytest
from pydantic import SecretStr
from sqlalchemy import update

from desk.bridges.base import Entry, SystemRefused, SystemUnavailable
from desk.bridges.bridge import NoEnvelope
from identity import merges
from identity.policy import Policy
from normalizer.inbound import InboundAttachment
from regia.by_hand import now_ms
from storage.schema import bridge_answers, bridge_posts, bridge_tickets, conversations, customers, outgoing
from tests.bridges.conftest import Crossing


async def test_a_contact_is_an_issue_and_the_next_a_message_of_it(crossing: Crossing) -> None:
    number = await crossing.bridge.take(await crossing.write(text="La padella è arrivata rotta.", sender_name="Anna Bianchi"))
    assert await crossing.bridge.take(await crossing.write(text="Avete novità?")) == number
    issue = crossing.tracker.issue(number)
    assert issue["title"] == "La padella"
    first, second = issue["texts"]
    assert first.startswith(
        'From: email anna@example.it (claimed), by email, called "Anna Bianchi"\n\nLa padella è arrivata rotta.\n'
    )
    assert "Category: general" in first
    assert "https://gw.example" in first
    assert "\n\nAvete novità?\n" in second
    assert "Category" not in second
    assert await crossing.told() == [("opened", f"helpdesk/{number}")]


async def test_another_customer_has_another_issue(crossing: Crossing) -> None:
    one = await crossing.bridge.take(await crossing.write("anna@example.it", text="Il manico si muove."))
    other = await crossing.bridge.take(await crossing.write("marco@example.it", text="Dove trovo il coperchio?"))
    assert one != other


async def test_a_priority_has_a_name_there(crossing: Crossing) -> None:
    number = await crossing.bridge.take(await crossing.write(text="La padella ha preso fuoco"))
    assert crossing.tracker.issue(number)["priority"]["name"] == "critical"


async def test_an_envelope_that_comes_again_changes_nothing(crossing: Crossing) -> None:
    envelope = await crossing.write(text="La padella è arrivata rotta.")
    number = await crossing.bridge.take(envelope)
    assert await crossing.bridge.take(envelope) == number
    assert len(crossing.texts(number)) == 1


Step = Callable[..., Coroutine[Any, Any, Any]]


@pytest.mark.parametrize("broken", ["before", "after"])
@pytest.mark.parametrize("call", ["create msg", "create issue", "change issue"])
async def test_a_bridge_that_dies_at_any_step_goes_on_where_it_was(
    crossing: Crossing, monkeypatch: pytest.MonkeyPatch, call: str, broken: str
) -> None:
    known = await crossing.bridge.take(await crossing.write(text="La padella è arrivata rotta."))
    envelope = await crossing.write(text="Avete novità?" if call == "change issue" else "Altro", sender="anna@example.it")
    if call == "create issue":
        envelope = await crossing.write("marco@example.it", text="Dove trovo il coperchio?")
    name, class_ = call.split()
    rest = crossing.bridge.system._rest  # type: ignore[attr-defined]
    real: Step = getattr(rest, name)

    async def dies(kind: str, *given: Any, **values: Any) -> Any:
        if kind != class_:
            return await real(kind, *given, **values)
        if broken == "after":
            await real(kind, *given, **values)
        raise SystemUnavailable("the connection ended")

    monkeypatch.setattr(rest, name, dies)
    before = set(crossing.tracker.numbers())
    with pytest.raises(SystemUnavailable):
        await crossing.bridge.take(envelope)
    monkeypatch.undo()
    number = await crossing.bridge.take(envelope)
    new = set(crossing.tracker.numbers()) - before
    texts = [text for issue in {known, number} | new for text in crossing.texts(issue)]
    mark = f"Envelope: {orjson.loads(envelope)['id']}"
    assert sum(mark in text for text in texts) == 1
    assert len(new) == (call == "create issue")


async def test_an_answer_leaves_once_for_who_wrote(crossing: Crossing) -> None:
    number = await crossing.bridge.take(await crossing.write(text="La padella è arrivata rotta."))
    crossing.tracker.answer("giulia", number, "Buongiorno, la sostituiamo.")
    crossing.tracker.answer("giulia", number, "@internal difetto di serie?")
    await crossing.look()
    await crossing.look()
    (row,) = await crossing.rows(outgoing)
    assert (row.text, row.author, row.handle_value) == ("Buongiorno, la sostituiamo.", "giulia", "anna@example.it")


async def test_only_what_is_marked_leaves_where_that_is_said(crossing: Crossing) -> None:
    crossing.set(answers="marked", mark="@customer")
    number = await crossing.bridge.take(await crossing.write(text="La padella è arrivata rotta."))
    crossing.tracker.answer("giulia", number, "difetto di serie?")
    crossing.tracker.answer("giulia", number, "@customer Buongiorno, la sostituiamo.")
    await crossing.look()
    assert [row.text for row in await crossing.rows(outgoing)] == ["Buongiorno, la sostituiamo."]


async def test_issues_of_others_are_left_alone(crossing: Crossing) -> None:
    message = crossing.tracker.rest("admin", "POST", "msg", {"content": "Stampante rotta", "author": "1", "date": "."})
    issue = crossing.tracker.rest("admin", "POST", "issue", {"title": "Stampante", "messages": [message["id"]]})
    crossing.tracker.answer("giulia", f"issue{issue['id']}", "La guardo io.", status="8")
    await crossing.look()
    assert await crossing.rows(outgoing) == []
    assert await crossing.told() == []


async def test_an_answer_that_cannot_leave_is_told_in_the_issue_once(crossing: Crossing) -> None:
    anna = await crossing.write(text="La padella è arrivata rotta.")
    number = await crossing.bridge.take(anna)
    await _split(crossing, anna)
    crossing.tracker.answer("giulia", number, "Buongiorno, la sostituiamo.")
    await crossing.look()
    await crossing.look()
    note = crossing.texts(number)[-1]
    assert note.startswith("This answer was not sent to the customer: msg")
    assert "two customers" in note
    assert sum("not sent" in text for text in crossing.texts(number)) == 1
    assert await crossing.rows(outgoing) == []


async def _split(crossing: Crossing, anna: bytes) -> None:
    """A conversation of two who were one customer for a time."""
    marco = await crossing.write("marco@example.it", text="Anche il coperchio.")
    one, other = (orjson.loads(each)["subject"] for each in (anna, marco))
    acts = {"actor": "tests", "now_ms": now_ms(), "policy": Policy()}
    await crossing.database.write(lambda connection: merges.merge(connection, one, other, top=one, **acts))
    await crossing.write("marco@example.it", text="E il manico.", reply_to=orjson.loads(anna)["data"]["external_id"])
    await crossing.database.write(lambda connection: merges.unmerge(connection, other, **acts))


async def test_an_answer_that_does_not_arrive_is_told_in_the_issue_once(crossing: Crossing) -> None:
    number = await crossing.bridge.take(await crossing.write(text="La padella è arrivata rotta."))
    crossing.tracker.answer("giulia", number, "Buongiorno, la sostituiamo.")
    await crossing.look()
    failed = update(outgoing).values(state="failed", error="no such mailbox")
    await crossing.database.write(lambda connection: connection.execute(failed))
    await crossing.look()
    await crossing.look()
    assert len(crossing.texts(number)) == 3
    assert crossing.texts(number)[-1].startswith("An answer could not be delivered to the customer (no such mailbox).")
    assert await crossing.rows(bridge_answers) == []


async def test_what_agents_do_to_an_issue_is_told(crossing: Crossing) -> None:
    number = await crossing.bridge.take(await crossing.write(text="La padella è arrivata rotta."))
    crossing.tracker.change("giulia", number, assignedto="4")
    await crossing.look()
    crossing.tracker.change("giulia", number, status="8")
    await crossing.look()
    await crossing.look()
    assert [event for event, _ in await crossing.told()] == ["opened", "assigned", "closed"]
    (talk,) = await crossing.rows(conversations)
    assert not talk.open, "though Roundup's times are of whole seconds"
    crossing.tracker.change("giulia", number, status="3")
    await crossing.look()
    assert [event for event, _ in await crossing.told()] == ["opened", "assigned", "closed", "reopened"]


async def test_an_issue_that_waits_for_the_customer_is_paused(crossing: Crossing) -> None:
    crossing.set(paused=("need-eg", "deferred"))
    number = await crossing.bridge.take(await crossing.write(text="La padella è arrivata rotta."))
    for status in ("4", "2", "5", "4", "8", "3", "8", "2"):
        crossing.tracker.change("giulia", number, status=status)
        await crossing.look()
        await crossing.look()
    first = ["opened", "paused", "resumed", "paused"]
    assert [event for event, _ in await crossing.told()] == [
        *first,
        *("resumed", "closed"),
        *("reopened", "closed"),
        *("reopened", "paused"),
    ]
    (row,) = await crossing.rows(bridge_tickets)
    assert (row.paused, row.closed) == (True, False)


async def test_who_answers_in_an_issue_that_waits_is_waited_for_no_more(crossing: Crossing) -> None:
    crossing.set(paused=("need-eg",), when_closed="follow_up")
    number = await crossing.bridge.take(await crossing.write(text="La padella è arrivata rotta."))
    crossing.tracker.change("giulia", number, status="4")
    await crossing.look()
    assert await crossing.bridge.take(await crossing.write(text="Ecco la foto.")) == number
    await crossing.look()
    assert [event for event, _ in await crossing.told()] == ["opened", "paused", "resumed"]


@pytest.mark.parametrize("is_answer", [False, True])
async def test_a_closed_issue_is_an_answer_only_where_it_is_said(crossing: Crossing, *, is_answer: bool) -> None:
    crossing.set(closed_is_answer=is_answer)
    number = await crossing.bridge.take(await crossing.write(text="La padella è arrivata rotta."))
    crossing.tracker.change("giulia", number, assignedto="4")
    await crossing.look()
    assert [row.unanswered for row in await crossing.rows(customers)] == [1]
    crossing.tracker.change("giulia", number, status="8")
    await crossing.look()
    assert [row.unanswered for row in await crossing.rows(customers)] == [0 if is_answer else 1]


@pytest.mark.parametrize("when_closed", ["reopen", "follow_up"])
@pytest.mark.parametrize("looked", [True, False], ids=["seen", "not seen yet"])
async def test_who_answers_in_a_closed_issue_is_heard(crossing: Crossing, when_closed: str, *, looked: bool) -> None:
    crossing.set(when_closed=when_closed)
    first = await crossing.write(text="La padella è arrivata rotta.")
    number = await crossing.bridge.take(first)
    crossing.tracker.change("giulia", number, status="8")
    if looked:
        await crossing.look()
    again = await crossing.write(text="È ancora rotta.", reply_to=orjson.loads(first)["data"]["external_id"])
    taken = await crossing.bridge.take(again)
    if when_closed == "reopen":
        assert taken == number
        assert crossing.tracker.issue(number)["status"]["name"] == "chatting"
    else:
        assert taken != number
        assert f"Follows {number}, which is closed." in crossing.texts(taken)[0]
        assert crossing.tracker.issue(number)["status"]["name"] == "resolved"


async def test_an_issue_that_was_removed_is_replaced(crossing: Crossing) -> None:
    number = await crossing.bridge.take(await crossing.write(text="La padella è arrivata rotta."))
    crossing.tracker.retire(number)
    taken = await crossing.bridge.take(await crossing.write(text="Avete novità?"))
    assert taken != number
    assert "Avete novità?" in crossing.texts(taken)[0]


async def test_files_come_along_up_to_their_size(crossing: Crossing) -> None:
    photo, film = b"\xff\xd8\xff" + b"p" * 2000, b"f" * (11 << 20)
    files = tuple(
        InboundAttachment(filename=name, content_type=kind, content=content)
        for name, kind, content in (("foto.jpg", "image/jpeg", photo), ("film.mp4", "video/mp4", film))
    )
    number = await crossing.bridge.take(await crossing.write(text="Ecco le foto", attachments=files))
    message = crossing.tracker.issue(number)["messages"][0]["id"]
    (file,) = crossing.tracker.files_of(message)
    assert (file["name"], file["type"]) == ("foto.jpg", "image/jpeg")
    assert "- film.mp4, 11,534,336 bytes: https://gw.example/" in crossing.texts(number)[0]


async def test_an_erased_contact_goes_nowhere(crossing: Crossing) -> None:
    from storage.removal import remove_messages

    envelope = await crossing.write(text="La padella è arrivata rotta.")
    id_ = orjson.loads(envelope)["id"]
    await crossing.database.write(lambda connection: remove_messages(connection, [id_], now_ms()))
    before = crossing.tracker.numbers()
    assert await crossing.bridge.take(envelope) == ""
    assert crossing.tracker.numbers() == before
    assert await crossing.rows(bridge_posts) == []


async def test_an_erase_takes_the_bridges_books_along(crossing: Crossing) -> None:
    from storage.erasure import Act, finish

    envelope = await crossing.write(text="La padella è arrivata rotta.")
    number = await crossing.bridge.take(envelope)
    crossing.tracker.answer("giulia", number, "Buongiorno, la sostituiamo.")
    await crossing.look()
    act = Act(id="act_1", actor="tests", at_ms=now_ms())
    await crossing.database.write(lambda connection: finish(connection, orjson.loads(envelope)["subject"], act, 1000))
    for table in (bridge_posts, bridge_tickets, bridge_answers):
        assert await crossing.rows(table) == []
    await crossing.look()


async def test_other_bytes_are_no_envelope(crossing: Crossing) -> None:
    for body in (b"", b"[]", b'{"type": "regia.ticket.opened.v1", "id": "x"}', base64.b64encode(b"x")):
        with pytest.raises(NoEnvelope):
            await crossing.bridge.take(body)


async def test_a_wrong_password_waits_for_a_person(crossing: Crossing) -> None:
    crossing.set(password=SecretStr("wrong"))
    with pytest.raises(SystemUnavailable, match="401"):
        await crossing.bridge.system.check()
    with pytest.raises(SystemUnavailable, match="401"):
        await crossing.bridge.take(await crossing.write(text="La padella è arrivata rotta."))


async def test_a_name_that_the_tracker_does_not_have_is_said(crossing: Crossing) -> None:
    crossing.set(priorities={0: "hottest"})
    with pytest.raises(SystemRefused, match="no priority 'hottest'"):
        await crossing.bridge.take(await crossing.write(text="La padella è arrivata rotta."))


async def test_agents_who_write_at_the_same_time_lose_nothing(crossing: Crossing, monkeypatch: pytest.MonkeyPatch) -> None:
    number = await crossing.bridge.take(await crossing.write(text="La padella è arrivata rotta."))
    system: Any = crossing.bridge.system
    real, met = system._rest.change, []

    async def meets(class_: str, id_: str, etag: str, **values: Any) -> None:
        if not met:
            met.append(1)
            crossing.tracker.answer("marco", number, "Me ne occupo io.")
        await real(class_, id_, etag, **values)

    monkeypatch.setattr(system._rest, "change", meets)
    await system.add(number, Entry(mark="m1", title="", text="Ancora io"), reopens=False)
    assert sorted(crossing.texts(number)[1:]) == ["Ancora io", "Me ne occupo io."]
