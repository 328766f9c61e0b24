"""Answers and notices that rules choose, in the commit of their message, on both databases."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import update

from desk.refusals import REFUSALS
from identity.policy import Policy
from normalizer.event import Event
from normalizer.inbound import Handle, InboundMessage, Reply, reference_number
from regia.pipeline.commit import CommitSettings
from regia.pipeline.worker import Pipeline
from regia.rules.live import Rules
from regia.watch.metrics import ANSWERS
from router.load import load
from storage import automatic
from storage.schema import events, messages, outgoing
from tests.contacts import email, inbound, phone
from tests.pipeline.conftest import CHANNELS, LINKS, Line

RULES = """
fields: {order: text}
extract: {order: 'IT-[0-9]+'}
calendars: {office: {timezone: Europe/Rome, hours: {mon-sat: "09:00-19:03"}}}
categories:
  returns: {label: Resi}
  general: {label: Informazioni}
default: general
templates:
  received:
    subject: {it: "Ricevuto {{ reference }}", en: "Received {{ reference }}"}
    text:
      it: "Ciao {{ name or 'cliente' }}: {{ category }} {{ fields.order }} {{ hours.office }}, {{ reference }}."
      en: "Hello {{ name or 'customer' }}: {{ category }} {{ fields.order }} {{ hours.office }}, {{ reference }}."
  stranger: {to_claimed: true, text: {it: "A chiunque: {{ subject }}"}}
  empty: {text: {it: "{% if fields.order %}x{% endif %}"}}
  long: {text: {it: "LONG"}}
rules:
  - {name: robots, when: {text: {words: spam}}, then: {discard: spam, notify: owner@demo.example}}
  - {name: strangers, when: {text: {words: chiunque}}, then: {reply: stranger}}
  - {name: empty, when: {text: {words: vuoto}}, then: {reply: empty}}
  - {name: long, when: {text: {words: lungo}}, then: {reply: long}}
  - {name: quiet, when: {text: {words: silenzio}}, then: {final: true}}
  - {name: returns, when: {text: {words: [reso, refund]}}, then: {category: returns, priority: 3, notify: [b@demo.example]}}
  - {name: lawyer, when: {text: {words: avvocato}}, then: {notify: [a@demo.example, b@demo.example]}}
  - {name: acknowledge, then: {reply: received}}
"""
RULESET = load([("rules.yaml", RULES.replace("LONG", "{{ subject }}" * 80))])
ITALIAN, ENGLISH = "Vorrei un reso per IT-2231, per cortesia", "I would like a refund for my order, please"


class Shop:
    """A line with these rules."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.settings = CommitSettings(
            journal=line.journal.id, node="n1", rules=Rules.of_all(RULESET), links=LINKS, policy=Policy(), channels=CHANNELS
        )
        line.pipeline_of = lambda journal, node="n1": Pipeline(  # type: ignore[method-assign]  # a restart makes it anew
            journal, line.preparer, line.database, line.relay, lambda: self.settings
        )
        line.pipeline = line.pipeline_of(line.journal)
        line.start()

    async def take(self, *contacts: InboundMessage, connector: str = "whatsapp") -> None:
        await self.line.accept(*contacts, connector=connector)
        await self.line.idle()

    async def refusals(self) -> dict[str, str | None]:
        """By the contact's name."""
        return {row["external_id"]: row["reply_refused"] for row in await self.line.rows(messages)}

    async def answers(self) -> list[dict[str, Any]]:
        return await self.line.rows(outgoing)

    async def told(self) -> list[dict[str, Any]]:
        bodies = [orjson.loads(bytes(row["body"])) for row in await self.line.rows(events)]
        return [body for body in bodies if body["type"] == "regia.message.notify.v1"]


@pytest.fixture
async def shop(line: Line) -> Shop:
    return Shop(line)


def counted() -> Counter[tuple[str, str]]:
    samples = next(iter(ANSWERS.collect())).samples
    named = [one for one in samples if one.name.endswith("_total")]
    return Counter({(one.labels["connector"], one.labels["outcome"]): int(one.value) for one in named})


async def test_both_languages(shop: Shop) -> None:
    before = counted()
    await shop.take(
        inbound("m1", text=ITALIAN, sender_name="Anna Bianchi"),
        inbound("m2", phone("+393339999999"), text=ENGLISH),
    )
    stored = {row["external_id"]: row for row in await shop.line.rows(messages)}
    answers = {row["message_id"]: row for row in await shop.answers()}
    italian, english = (answers[stored[name]["id"]] for name in ("m1", "m2"))
    numbers = [reference_number(UUID(stored[name]["id"])) for name in ("m1", "m2")]
    assert italian["text"] == f"Ciao Anna Bianchi: Resi IT-2231 open, {numbers[0]}."
    assert english["text"] == f"Hello customer: Resi  open, {numbers[1]}."
    assert (italian["subject"], english["subject"]) == (f"Ricevuto {numbers[0]}", f"Received {numbers[1]}")
    assert (italian["author"], italian["automatic"], italian["state"]) == ("rule/acknowledge", True, "queued")
    assert (italian["handle_value"], italian["conversation_id"]) == ("+393331234567", stored["m1"]["conversation_id"])
    assert counted() - before == {("whatsapp", "queued"): 2}
    routing = orjson.loads(stored["m1"]["envelope"])["data"]["routing"]
    assert (routing["reply"], routing["notify"]) == ("received", ["b@demo.example"])
    assert routing["decided_by"] == dict.fromkeys(("category", "priority", "notify"), "returns") | {"reply": "acknowledge"}


async def test_a_short_text_is_answered_in_the_language_of_before(shop: Shop) -> None:
    await shop.take(inbound("m1", text="I have a question: silenzio please, do not answer this"))
    await shop.take(inbound("m2", text="Ok?"))
    [answer] = await shop.answers()
    assert answer["text"].startswith("Hello customer")


VERIFIED = email(verified=True)


@pytest.mark.parametrize(
    ("handle", "more", "reason"),
    [
        (phone(), {}, None),
        (VERIFIED, {"channel": "email"}, None),
        (email(), {}, "claimed"),
        (email(), {"text": "A chiunque"}, None),
        (phone(), {"reply": Reply(via=Handle("phone", "+39", "claimed"))}, "claimed"),
        (phone(), {"reply": Reply(via=Handle("comment", "1", "verified"))}, None),
        (VERIFIED, {"reply": Reply(via=email("other@example.it"))}, None),
        (VERIFIED, {"backlog": True}, "backlog"),
        (phone(), {"kind": "edit", "refers_to": "m0"}, "afterthought"),
        (phone(), {"kind": "delete", "refers_to": "m0", "text": None}, "afterthought"),
        (phone(), {"kind": "reaction", "refers_to": "m0", "text": None}, "afterthought"),
        (phone(), {"text": "spam"}, "discarded"),
        (phone(), {"automated": "list"}, "automated_mail"),
        (VERIFIED, {"automated": "auto_reply"}, "automated_mail"),
        (email("help@demo.example", verified=True), {}, "own_address"),
        (phone(), {"reply": Reply(allowed=())}, "not_allowed"),
        (phone(), {"reply": Reply(until=datetime(2020, 1, 1, tzinfo=UTC))}, "window_closed"),
        (phone(), {"text": "vuoto"}, "no_text"),
        (phone(), {"text": "lungo", "subject": "x" * 200}, "not_rendered"),
    ],
)
async def test_who_is_answered(shop: Shop, handle: Handle, more: dict[str, Any], reason: str | None) -> None:
    before = counted()
    await shop.take(inbound("m1", handle, **more))
    assert await shop.refusals() == {"m1": reason}
    assert reason is None or reason in REFUSALS
    assert len(await shop.answers()) == (0 if reason else 1)
    assert counted() - before == {("whatsapp", reason or "queued"): 1}
    assert await shop.line.held() == []


async def test_a_channel_that_cannot_send(shop: Shop) -> None:
    await shop.take(inbound("m1"), connector="form")
    assert await shop.refusals() == {"m1": "cannot_send"}


async def test_what_no_rule_answers_has_no_reason(shop: Shop) -> None:
    await shop.take(inbound("m1", text="silenzio"))
    assert (await shop.refusals(), await shop.answers()) == ({"m1": None}, [])


async def test_a_repeated_delivery_is_answered_and_told_once(shop: Shop) -> None:
    for _ in range(3):
        await shop.take(inbound("m1", text="avvocato"))
    await shop.line.restart()
    await shop.take(inbound("m1", text="avvocato"))
    assert (len(await shop.answers()), len(await shop.told())) == (1, 1)


async def test_the_same_words_on_another_channel_are_not_answered(shop: Shop) -> None:
    words = "Buongiorno, la mia padella si è rotta dopo due giorni soltanto"
    await shop.take(inbound("m1", text=words, aliases=(VERIFIED,)))
    await shop.line.database.write(lambda connection: connection.execute(outgoing.delete()))
    await shop.take(inbound("m2", VERIFIED, channel="email", text=words))
    assert await shop.refusals() == {"m1": None, "m2": "repeat"}
    assert await shop.answers() == []


async def test_a_batch_of_one_sender_gets_one_answer(shop: Shop) -> None:
    await shop.take(*(inbound(f"m{number}") for number in range(5)))
    assert Counter((await shop.refusals()).values()) == {None: 1, "once_an_hour": 4}
    [answer] = await shop.answers()
    assert answer["message_id"] == next(row["id"] for row in await shop.line.rows(messages) if row["external_id"] == "m0")


@pytest.mark.parametrize("stamped", [True, False])
async def test_two_programs_that_answer_each_other_end(shop: Shop, stamped: bool) -> None:
    """Each of our answers is answered at once by a program, which may mark its own or not."""
    await shop.take(inbound("m0", VERIFIED, channel="email"))
    answered = 0
    for number in range(1, 10):
        answers = await shop.answers()
        if len(answers) == answered:
            break
        answered = len(answers)
        automated = "auto_reply" if stamped else None
        await shop.take(inbound(f"m{number}", VERIFIED, channel="email", text=f"Sono via {number}", automated=automated))
    assert answered == 1
    assert (await shop.refusals())["m1"] == ("automated_mail" if stamped else "once_an_hour")


async def test_an_answer_by_rule_is_known_by_its_thread(shop: Shop) -> None:
    await shop.take(inbound("m0", VERIFIED, channel="email"))
    sent = update(outgoing).values(external_id="<ours@demo.example>", created_ms=0)
    await shop.line.database.write(lambda connection: connection.execute(sent))
    await shop.take(inbound("m1", VERIFIED, channel="email", reply_to="<ours@demo.example>"))
    assert (await shop.refusals())["m1"] == "answers_automatic"


async def test_who_is_to_be_told(shop: Shop) -> None:
    await shop.take(inbound("m1", text=f"{ITALIAN}. Il mio avvocato scrive.", sender_name="Anna Bianchi"))
    [one] = await shop.told()
    [row] = await shop.line.rows(messages)
    assert Event.model_validate(one).source == "/demo"
    assert one["subject"] == row["id"]
    assert one["time"] == "2026-11-21T18:02:11.532Z"
    assert one["data"] == {
        "envelope": row["id"],
        "brand": "demo",
        "category": "returns",
        "priority": 3,
        "notify": ["b@demo.example", "a@demo.example"],
        "customer": row["customer_id"],
        "conversation": row["conversation_id"],
    }


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"text": "spam"}, [["owner@demo.example"]]),
        ({"text": "avvocato", "backlog": True}, []),
        ({"text": "avvocato", "automated": "list"}, [["a@demo.example", "b@demo.example"]]),
        ({"text": "Ciao"}, []),
    ],
)
async def test_what_is_told(shop: Shop, more: dict[str, Any], told: list[list[str]]) -> None:
    await shop.take(inbound("m1", **more))
    assert [one["data"]["notify"] for one in await shop.told()] == told


async def test_locks_are_taken_in_one_order(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[tuple[str, ...]] = []
    hold = automatic.hold

    def noted(connection: Any, *keys: str) -> None:
        held.append(keys)
        hold(connection, *keys)

    monkeypatch.setattr(automatic, "hold", noted)
    await shop.take(*(inbound(f"m{number}", phone(f"+39333123456{number}")) for number in range(3)))
    first, *later = held
    assert len(later) >= 3
    assert all(set(keys) <= set(first) for keys in later[:3])
    assert len(await shop.answers()) == 3
