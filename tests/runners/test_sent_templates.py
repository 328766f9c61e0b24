"""Replies by a template of the rules, and WhatsApp's approved ones where the time for free texts is over: to fake providers, on
SQLite and on PostgreSQL."""

from typing import Any

import orjson
import pytest
from sqlalchemy import select, update

from desk.asking import Desk
from desk.files import ReplyFile
from desk.refusals import Refused
from desk.replies import Reply
from desk.wording import Chosen
from storage.schema import events, messages, outgoing
from tests.databases import filled_url, migrated_postgresql, migrated_sqlite, postgresql_url
from tests.runners import handles
from tests.runners.handles import NOW_MS
from tests.runners.test_sent_files import World, world

__all__ = ["filled_url", "migrated_postgresql", "migrated_sqlite", "postgresql_url", "world"]

RULES = """
fields: {order: text, total: number}
categories: {general: {}}
default: general
templates:
  update:
    text: {it: "Il tuo ordine {{ fields.order }} è partito. {{ reference }}", en: "Your order {{ fields.order }} has left."}
    whatsapp: {name: order_update, language: it, parameters: ["{{ fields.order }}", "{{ fields.total }} €"]}
  plain:
    text: {it: "Grazie, {{ name }}."}
  empty:
    text: {it: "{{ fields.order }}"}
"""
DAY = 24 * 3_600_000
LATE = NOW_MS + DAY + 1000
FIELDS = (("order", "IT-4711"), ("total", 89.9))


@pytest.fixture(autouse=True)
def rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handles, "RULES", RULES)


async def ask(
    world: World, now_ms: int = NOW_MS, *, message: str | None = None, connector: str = "whatsapp", **more: Any
) -> str:
    """Ask for a reply; the id of the message."""
    message = message or await world.wrote(connector)
    desk = Desk(world.gateway.stores.database, world.gateway.channels, world.gateway.stores.blobs)
    await desk.reply(Reply(**{"message_id": message, "text": "", "author": "giulia"} | more), now_ms)
    return message


async def refusal(world: World, now_ms: int = NOW_MS, **more: Any) -> tuple[str, tuple[str, ...]]:
    with pytest.raises(Refused) as refused:
        await ask(world, now_ms, **more)
    return refused.value.reason, refused.value.allowed


async def grown_old(world: World) -> None:
    """The customer wrote more than a day ago."""
    for old in (update(messages).values(received_ms=NOW_MS), update(outgoing).values(due_ms=NOW_MS)):
        await world.gateway.stores.database.write(lambda one, old=old: one.execute(old))  # type: ignore[misc]


async def test_inside_the_window_the_text_is_sent(world: World) -> None:
    await ask(world, template=Chosen(name="update", fields=FIELDS))
    assert await world.send() == [("sent", None)]
    (sent,) = world.graph.accepted
    assert (sent.kind, (sent.text or "").rpartition(" ")[0]) == ("text", "Il tuo ordine IT-4711 è partito.")


async def test_outside_it_the_approved_template_is(world: World) -> None:
    await ask(world, LATE, template=Chosen(name="update", fields=FIELDS))
    await grown_old(world)
    assert await world.send() == [("sent", None)]
    (sent,) = world.graph.accepted
    assert sent.extra["template"] == {
        "name": "order_update",
        "language": {"policy": "deterministic", "code": "it"},
        "components": [
            {"type": "body", "parameters": [{"type": "text", "text": "IT-4711"}, {"type": "text", "text": "89.9 €"}]}
        ],
    }


async def test_a_text_that_waited_until_the_window_closed_does_not_leave(world: World) -> None:
    await ask(world, text="Ciao")
    await grown_old(world)
    ((state, error),) = await world.send()
    assert (state, str(error).partition(":")[0]) == ("failed", "window_closed")


async def test_what_is_not_allowed_outside_the_window_says_what_is(world: World) -> None:
    message = await world.wrote("whatsapp")
    file = ReplyFile(content=b"%PDF-1.7", filename="a.pdf")
    for more in (
        {"text": "Ciao"},
        {"template": Chosen(name="plain")},
        {"template": Chosen(name="update", fields=FIELDS), "files": (file,)},
        {"template": Chosen(name="update", fields=FIELDS[1:])},  # a parameter is empty, which WhatsApp does not take
    ):
        assert await refusal(world, LATE, message=message, **more) == ("window_closed", ("template",))
    query = select(events.c.body).where(events.c.type == "regia.reply.rejected.v1")
    told = await world.gateway.stores.database.read(lambda one: one.execute(query).scalars().all())
    assert [orjson.loads(bytes(body))["data"]["allowed"] for body in told] == [["template"]] * 4


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        (Chosen(name="updat"), "unknown_template"),
        (Chosen(name="update", language="de"), "unknown_language"),
        (Chosen(name="update", fields=(("ordr", "1"),)), "unknown_field"),
        (Chosen(name="update", fields=(("total", "much"),)), "unknown_field"),
        (Chosen(name="empty"), "not_rendered"),
    ],
)
async def test_what_is_refused(world: World, template: Chosen, reason: str) -> None:
    assert await refusal(world, template=template) == (reason, ())


async def test_another_template_or_value_is_another_reply(world: World) -> None:
    message = await ask(world, template=Chosen(name="update", fields=FIELDS), key="T-1")
    await ask(world, message=message, template=Chosen(name="update", fields=FIELDS), key="T-1")
    for other in (Chosen(name="plain"), Chosen(name="update"), Chosen(name="update", fields=FIELDS, language="en")):
        assert await refusal(world, message=message, template=other, key="T-1") == ("key_used", ())


async def test_a_conversation_is_answered_at_any_time(world: World) -> None:
    message = await world.wrote("whatsapp")
    query = select(messages.c.conversation_id).where(messages.c.id == message)
    talk = await world.gateway.stores.database.read(lambda one: one.execute(query).scalar_one())
    about = {"message_id": None, "conversation_id": talk, "message": message}
    assert await refusal(world, LATE, text="Ciao", **about) == ("window_closed", ("template",))
    await ask(world, LATE, template=Chosen(name="update", fields=FIELDS), **about)


async def test_other_channels_take_the_text(world: World) -> None:
    await ask(world, connector="telegram", template=Chosen(name="update", fields=FIELDS, language="en"))
    assert await world.send() == [("sent", None)]
    assert [one.text for one in world.bot.accepted] == ["Your order IT-4711 has left."]
