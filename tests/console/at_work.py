"""A console with messages in it, and somebody who looks at it in Chromium."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
from playwright.async_api import Page

from storage import lookup
from storage.bulk import insert_rows
from storage.schema import quarantine
from tests.browser import chromium
from tests.console.scene import Scene, Somebody
from tests.http.served import DESK, WORKER, worked_off


async def send(scene: Scene, text: str, handle: str = "anna@example.it") -> str:
    """Somebody writes; the message's id, once it is committed."""
    body = {"sender": {"handle": {"kind": "email", "value": handle}}, "text": text}
    answer = await scene.client.post("/v1/messages/desk", json=body, headers=DESK)
    assert answer.status == 202, await answer.text()
    id_ = str((await answer.json())["id"])
    await worked_off(scene.gateway)
    return id_


async def bury(scene: Scene, *texts: str) -> list[str]:
    """Contacts of which a consumer wants nothing to know; their envelope ids."""
    ids = [await send(scene, text) for text in texts]
    await reject(scene)
    return ids


async def reject(scene: Scene) -> None:
    """Make dead letters of what waits in a queue."""
    taken = (await (await scene.client.post("/v1/queues/demo.general/take?limit=50", headers=WORKER)).json())["messages"]
    for one in taken:
        await scene.client.post(f"/v1/queues/receipts/{one['receipt']}/reject?requeue=false", headers=WORKER)


async def hold(scene: Scene, *raws: bytes, connector: str = "desk", reason: str = "unreadable") -> None:
    now = time.time_ns() // 1_000_000
    common = {"connector": connector, "reason": reason, "detail": "a name is missing", "raw_sha256": "0" * 64}
    rows = [
        {"id": f"{connector}-{n}", **common, "raw": raw, "content_type": "application/json", "received_ms": now + n}
        | {"attempts": 0, "state": "held"}
        for n, raw in enumerate(raws)
    ]
    await scene.gateway.stores.database.write(lambda connection: insert_rows(connection, quarantine, rows))


async def routing(scene: Scene, id_: str) -> dict[str, Any]:
    """Where a message went."""
    row = await scene.gateway.stores.database.read(lambda connection: lookup.message(connection, id_))
    assert row is not None
    found: dict[str, Any] = orjson.loads(row["envelope"])["data"]["routing"]
    return found


@asynccontextmanager
async def looking(scene: Scene, who: Somebody, **more: Any) -> AsyncIterator[tuple[Page, list[str]]]:
    """A tab that is logged in, and what went wrong in it."""
    async with chromium() as browser:
        given: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}, "locale": "it-IT", **more}
        context = await browser.new_context(**given)
        url = str(scene.client.make_url("/console"))
        await context.add_cookies([{"name": scene.cookie, "value": who.secret, "url": url}])
        tab = await context.new_page()
        complaints: list[str] = []
        tab.on("console", lambda message: complaints.append(message.text))
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        yield tab, complaints
