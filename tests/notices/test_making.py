"""Notices from the commit of a contact to the messages out: to whom, when, how many, and each once."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import delete

from desk.notices import making
from normalizer.inbound import Reply
from storage.schema import messages, notice_items, notices, outgoing
from tests.contacts import email, inbound, phone
from tests.notices.conftest import Make, at

AT_ONCE = """
notices:
  timezone: Europe/Rome
  owners: {by: mail, when: at_once}
  lists:
    workshop: {email: [bench@example.it, bench2@example.it], by: mail, when: at_once}
"""
DIGEST = """
notices:
  timezone: Europe/Rome
  link: https://desk.example/c/{conversation}
  lists:
    Logistics@example.it:
      email: [logistics@example.it]
      by: mail
      digest: {at: ["08:30", "14:00"], days: [mon, tue, wed, thu, fri]}
    workshop: {email: [bench@example.it], by: mail, language: en, digest: {every_minutes: 60}, snippet: true}
"""
NOON = at("2026-11-27T12:00")
MINUTE = 60_000


async def test_owners_are_told_at_once(make: Make) -> None:
    shop = await make(AT_ONCE)
    await shop.take(inbound("m1", text="Vorrei un reso"), inbound("m2", phone("+393330000002"), text="È in garanzia?"))
    await shop.look(NOON)
    [message] = [row for row in await shop.rows(outgoing) if row["handle_value"] == "logistics@example.it"]
    assert message["subject"].startswith("Nuovo contatto: Resi e rimborsi, whatsapp (R-")
    assert "Vorrei" not in message["text"] + message["html"]
    assert "Priorità: 5" in message["text"]
    assert (message["automatic"], message["secret"], message["message_id"], message["brand"]) == (True, True, None, None)
    assert sorted(to for to, _ in await shop.told()) == ["bench2@example.it", "bench@example.it", "logistics@example.it"]
    await shop.look(NOON + MINUTE)
    assert len(await shop.rows(outgoing)) == 3
    assert await shop.kinds() == [("single", 1), ("single", 1)]


@pytest.mark.parametrize(
    ("contact", "told"),
    [
        ({"text": "Ciao"}, []),
        ({"text": "reso"}, ["logistics@example.it"]),
        ({"text": "reso, avvocato"}, ["boss@example.it", "logistics@example.it"]),
        ({"text": "spam"}, ["boss@example.it"]),
        ({"text": "reso", "backlog": True}, []),
        ({"text": "avvocato", "backlog": True}, []),
        ({"text": "reso", "kind": "reaction", "refers_to": "m0"}, []),
        ({"text": "reso", "automated": "bulk"}, ["logistics@example.it"]),
        ({"text": "reso", "automated": "auto_reply"}, []),
        ({"text": "avvocato", "automated": "bounce"}, []),
        ({"text": "reso", "handle": email("logistics+x@example.it")}, []),
        ({"text": "avvocato", "reply": Reply(via=email("boss@example.it"))}, []),
        ({"text": "garanzia", "brand": "other"}, ["bench2@example.it", "bench@example.it"]),
    ],
)
async def test_who_is_told_of_what(make: Make, contact: dict[str, Any], told: list[str]) -> None:
    shop = await make(AT_ONCE)
    for _ in range(2):  # the second is a provider's repeat
        await shop.take(inbound("m1", **{"handle": phone(), **contact}))
    await shop.look(NOON)
    assert sorted(to for to, _ in await shop.told()) == told


async def test_who_is_told_is_known_before_a_rule_has_named_them(make: Make) -> None:
    """An absent owner's program could be the first who writes."""
    shop = await make(AT_ONCE)
    await shop.take(inbound("m1", email("boss@example.it"), text="garanzia"))
    assert await shop.items() == []


async def test_a_list_is_of_its_brands(make: Make) -> None:
    shop = await make(AT_ONCE.replace("bench2@example.it],", "bench2@example.it], brands: [demo],"))
    await shop.take(inbound("m1", text="garanzia", brand="other"))
    assert await shop.items() == []
    await shop.take(inbound("m2", phone("+393330000002"), text="garanzia"))
    assert await shop.items() == [("workshop", "contact", True)]


async def test_nothing_is_written_where_nobody_is_told(make: Make) -> None:
    shop = await make("")
    await shop.take(inbound("m1", text="reso, avvocato"))
    await shop.look(NOON)
    assert (await shop.items(), await shop.rows(outgoing)) == ([], [])


async def test_digests_leave_at_their_times(make: Make) -> None:
    shop = await make(DIGEST)
    await shop.take(inbound("m1", text="reso"), inbound("m2", phone("+393330000002"), text="garanzia"))
    await shop.entered(at("2026-11-27T12:10"))
    await shop.look(at("2026-11-27T13:09"))
    assert await shop.told() == []
    await shop.look(at("2026-11-27T13:10"))
    assert await shop.told() == [("bench@example.it", "Contacts: 1")]
    await shop.take(inbound("m3", phone("+393330000003"), text="rimborso"))
    await shop.look(at("2026-11-27T13:59"))
    assert len(await shop.told()) == 1
    await shop.look(at("2026-11-27T16:00"))  # nobody was there at two o'clock
    assert (await shop.told())[1:] == [("logistics@example.it", "Contatti: 2")]
    [_, mail] = await shop.rows(outgoing)
    assert mail["text"].splitlines()[1] == "Resi e rimborsi 2"
    assert mail["text"].count("https://desk.example/c/con_") == 2
    [first, _] = await shop.rows(outgoing)
    assert "«garanzia»" in first["text"]
    assert "reso" not in mail["text"].replace("Resi", "")
    await shop.take(inbound("m4", phone("+393330000004"), text="rimborso"))
    await shop.entered(at("2026-11-27T16:01"))  # a friday
    await shop.look(at("2026-11-30T08:29"))
    assert len(await shop.told()) == 2
    await shop.look(at("2026-11-30T08:30"))
    assert (await shop.told())[2:] == [("logistics@example.it", "Contatti: 1")]


async def test_a_flood_is_one_digest(make: Make) -> None:
    shop = await make(AT_ONCE)

    async def come(first: int, count: int) -> None:
        await shop.take(*(inbound(f"m{n}", phone(f"+3933300{n:05}"), text="reso") for n in range(first, first + count)))

    await come(0, 8)
    await shop.look(NOON)
    await come(100, 60)
    await shop.look(NOON + MINUTE)
    assert await shop.kinds() == [("single", 1)] * 8 + [("flood", 60)]
    [*_, mail] = await shop.rows(outgoing)
    assert mail["subject"] == "Contatti, tutti insieme perché sono molti: 60"
    assert "e altri 10" in mail["text"]
    assert mail["html"].count("<tr>") == 51
    await come(200, 2)
    await shop.look(NOON + 5 * MINUTE)
    assert len(await shop.kinds()) == 9
    await shop.look(NOON + 6 * MINUTE)
    assert (await shop.kinds())[9:] == [("single", 1)] * 2


async def test_a_clock_that_was_set_back_makes_no_list_mute(make: Make) -> None:
    shop = await make(AT_ONCE)
    await shop.take(*(inbound(f"m{n}", phone(f"+3933300{n:05}"), text="reso") for n in range(11)))
    await shop.look(NOON)
    assert await shop.kinds() == [("flood", 11)]
    await shop.take(inbound("m20", phone("+393330000020"), text="reso"))
    await shop.look(NOON - 60 * MINUTE)
    assert await shop.kinds() == [("single", 1), ("flood", 11)]


async def test_two_nodes_tell_each_contact_once(make: Make) -> None:
    one, two = await make(AT_ONCE), await make(AT_ONCE, node="n2")
    for number in range(5):
        await one.take(inbound(f"a{number}", phone(f"+39333100{number:04}"), text="reso"))
        await two.take(inbound(f"b{number}", phone(f"+39333200{number:04}"), text="garanzia"))
        await asyncio.gather(*(shop.look(NOON + number * 10 * MINUTE) for shop in (one, two, one, two)))
    assert await one.kinds() == [("single", 1)] * 10
    assert len(await one.rows(outgoing)) == 15


async def test_one_that_fails_holds_up_no_other(make: Make, monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    shop = await make(AT_ONCE)
    await shop.take(inbound("m1", text="reso"), inbound("m2", phone("+393330000002"), text="garanzia"))
    real = making.messages_of

    def fails(told: Any, kind: str, list_: Any, *more: Any) -> Any:
        if list_.name == "logistics@example.it":
            raise KeyError("logistics@example.it")
        return real(told, kind, list_, *more)

    with monkeypatch.context() as broken:
        broken.setattr(making, "messages_of", fails)
        await shop.look(NOON)
    assert {to for to, _ in await shop.told()} == {"bench@example.it", "bench2@example.it"}
    assert [one.__dict__["list"] for one in caplog.records if one.message == "a list is not told, by a defect"] == ["owners"]
    await shop.look(NOON)
    assert len(await shop.told()) == 3


async def test_what_is_gone_is_not_told(make: Make) -> None:
    shop = await make(AT_ONCE)
    await shop.take(inbound("m1", text="reso"))
    await shop.database.write(lambda one: one.execute(delete(messages)))
    await shop.look(NOON)
    assert (await shop.rows(notice_items), await shop.rows(notices), await shop.told()) == ([], [], [])


async def test_how_it_went_is_kept(make: Make) -> None:
    shop = await make(AT_ONCE)
    await shop.take(inbound("m1", text="reso"), inbound("m2", phone("+393330000002"), text="garanzia"))
    await shop.look(NOON)
    ended = {"logistics@example.it": "sent", "bench@example.it": "sent", "bench2@example.it": "failed"}
    for address, state in ended.items():
        this = outgoing.update().where(outgoing.c.handle_value == address)
        error = None if state == "sent" else "invalid_recipient: bench2@example.it"
        await shop.database.write(
            lambda one, this=this, state=state, error=error: one.execute(this.values(state=state, error=error))
        )
        await shop.look(NOON + MINUTE)
    assert {(row["list"], row["state"], row["error"]) for row in await shop.rows(notices)} == {
        ("logistics@example.it", "sent", None),
        ("workshop", "failed", "invalid_recipient"),
    }
