"""Response times that are missed: told at once to whoever answers for the category, also by lists that hear of nothing else."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from normalizer.event import event
from regia.runners import following
from regia.runners.events import Events
from regia.runners.noticing import Noticing
from storage import events
from storage.events import NewEvent
from storage.schema import messages, outgoing
from tests.contacts import inbound, phone
from tests.notices.conftest import Make, Shop, at

LISTS = """
notices:
  timezone: Europe/Rome
  language: en
  lists:
    logistics@example.it: {email: [logistics@example.it], by: mail, when: breach}
    workshop: {email: [bench@example.it], by: mail, digest: {every_minutes: 600}}
    boss@example.it: {email: [boss@example.it], by: mail, when: breach, brands: [other]}
"""


async def tell(shop: Shop, type_: str, owners: list[str], number: int = 1, brand: str = "demo") -> None:
    query = select(messages.c.id, messages.c.conversation_id).where(messages.c.external_id == "m1")
    row = await shop.database.read(lambda one: one.execute(query).one())
    data = {
        "promise": "first_reply",
        "due": "2026-11-27T11:00:00.000Z",
        "conversation": row.conversation_id,
        "message": row.id,
        "category": "returns",
        "channel": "whatsapp",
        "owners": owners,
        "notify": ["boss@example.it"],
        "priority": 5,
    }
    id_, at_ms = f"{type_} {number}", at("2026-11-27T12:00")
    body = event(type_, id_=id_, source=f"/{brand}", subject=row.conversation_id, at_ms=at_ms, data=data)
    new = NewEvent(id_, type_, row.conversation_id, at_ms, body)
    await shop.database.write(lambda one: events.add(one, [new]))


async def until(shop: Shop, count: int) -> list[dict[str, Any]]:
    async with asyncio.timeout(30):
        while len(rows := await shop.rows(outgoing)) < count:
            await asyncio.sleep(0.05)
    return rows


async def test_breaches_are_told_at_once_and_once(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "EVERY", 0.05)
    one, two = await make(LISTS), await make(LISTS, node="n2")
    await one.take(inbound("m1", text="reso"), inbound("m2", phone("+393330000002"), text="garanzia"))
    parts = [kind(shop.gateway) for shop in (one, two) for kind in (Noticing, Events)]
    for part in parts:
        part.start()
    try:
        await asyncio.sleep(1)
        await tell(one, "regia.sla.warning.v1", ["logistics@example.it", "workshop"])
        rows = await until(one, 2)
        assert sorted(row["handle_value"] for row in rows) == ["bench@example.it", "logistics@example.it"]
        assert {row["subject"].partition("(")[0] for row in rows} == {"About to be late: Resi e rimborsi, whatsapp "}
        assert all("Due: 2026-11-27 12:00" in row["text"] for row in rows)
        await tell(one, "regia.sla.breached.v1", ["logistics@example.it"])
        await until(one, 3)
        await tell(two, "regia.sla.breached.v1", ["nobody"], number=2, brand="other")
        rows = await until(one, 4)
        await asyncio.sleep(0.5)
    finally:
        await asyncio.gather(*(part.stop() for part in parts))
    assert [row["handle_value"] for row in rows[2:]] == ["logistics@example.it", "boss@example.it"]
    assert len(await one.rows(outgoing)) == 4
    assert [item for item in await one.items() if item[2]] == [("workshop", "contact", True)], "waits for its digest"
