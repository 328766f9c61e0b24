"""The timeline of a customer: what came in on all channels, what was answered, what became of tickets, of promised times and of
surveys, each in its place."""

import time
from pathlib import Path

import pytest
from sqlalchemy import select, update

from storage.bulk import insert_rows
from storage.schema import messages, sla_timers, surveys
from tests.console.own import own_console
from tests.console.people_of_a_shop import ADDRESS, anna, arrives, from_app, mail
from tests.console.scene import Scene
from tests.http.served import HELPDESK, worked_off

RULES = """
categories:
  returns: {label: Resi, sla: {first_reply: 1h}}
  general: {label: Informazioni}
default: general
rules:
  - name: returns-by-words
    when: {text: {words: [rimborso]}}
    then: {category: returns}
"""


async def told(scene: Scene, event: str, message: str, **more: object) -> None:
    """As a ticket system tells it (docs/tickets.md)."""
    body = {"event": event, "ticket": "T-7", "message": message, **more}
    answer = await scene.client.post("/v1/tickets", json=body, headers=HELPDESK)
    assert answer.status == 200, await answer.text()


async def replied(scene: Scene, message: str, text: str) -> None:
    body = {"message": message, "text": text, "author": "Giulia"}
    answer = await scene.client.post("/v1/replies", json=body, headers={**HELPDESK, "Idempotency-Key": text})
    assert answer.status in (200, 202), await answer.text()


async def test_a_timeline_has_channels_replies_tickets_promises_and_surveys(
    tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with own_console(tmp_path, migrated_sqlite, monkeypatch, rules=RULES) as scene:
        by_mail, _ = await anna(scene)
        await arrives(scene, "mail", mail("second", ADDRESS, subject="Sollecito", text="Sono Anna, e il mio rimborso?"))
        database = scene.gateway.stores.database
        query = select(messages.c.id, messages.c.handle_id).where(messages.c.customer_id == by_mail)
        rows = await database.read(lambda one: one.execute(query.order_by(messages.c.received_ms.desc())).all())
        newest = rows[0]
        await told(scene, "opened", newest.id, agent="giulia", url="https://desk.example/T-7")
        await replied(scene, newest.id, "Arriva domani.")
        await told(scene, "closed", newest.id, agent="giulia", reason="replaced")
        await told(scene, "reopened", newest.id, agent="ugo")
        await worked_off(scene.gateway)
        now_ms = time.time_ns() // 1_000_000
        survey = {"id": "sur_1", "name": "after", "ticket_event": "e1", "brand": "demo", "ticket": "T-7", "state": "answered"}
        survey |= {"conversation_id": "c", "customer_id": by_mail, "due_ms": now_ms, "received_ms": now_ms}
        survey |= {"handle_id": newest.handle_id, "asked": 1, "asked_ms": now_ms, "closed_ms": now_ms, "answers": "{}"}

        def later(connection: object) -> None:
            insert_rows(connection, surveys, [survey])  # type: ignore[arg-type]
            connection.execute(update(sla_timers).values(breached=True, due_ms=now_ms))  # type: ignore[attr-defined]

        await database.write(later)
        await arrives(scene, "app", from_app("other-customer"))

        agent = await scene.logged_in(await scene.person("giulia", "agent"))
        page = await scene.page(f"/customers/{by_mail}", agent)
        lines = [" ".join(one.text().split()) for one in page.css("#timeline > li")]
        tickets = [line for line in lines if line.startswith("Ticket T-7")]
        assert [line.split(" · ")[0] for line in tickets] == ["Ticket T-7 riaperto", "Ticket T-7 chiuso", "Ticket T-7 aperto"]
        assert [line.split(" · ")[1] for line in tickets] == ["ugo", "giulia", "giulia"]
        assert "replaced" in tickets[1]
        link = page.css_first('#timeline a[href="https://desk.example/T-7"]')
        assert link is not None
        assert "noopener" in (link.attributes["rel"] or "")
        (reply,) = (" ".join(one.text().split()) for one in page.css("#timeline li.out"))
        assert "Giulia" in reply
        assert "Arriva domani." in reply
        assert len(page.css("#timeline li.in")) == 2
        assert any(line.startswith("Prima risposta termine superato") for line in lines)
        assert [line.split(" · ")[0] for line in lines if line.startswith("Sondaggio")] == [
            "Sondaggio after chiesto",
            "Sondaggio after con risposta",
        ]
        only = await scene.page(f"/customers/{by_mail}?channel=email", agent)
        assert not any("Ticket" in one.text() for one in only.css("#timeline > li.note")), "of one channel messages only"

        viewer = await scene.logged_in(await scene.person("vera", "viewer"))
        masked = (await scene.page(f"/customers/{by_mail}", viewer)).css_first("#timeline").text()  # type: ignore[union-attr]
        assert "riaperto" in masked
        assert "Arriva domani" not in masked
