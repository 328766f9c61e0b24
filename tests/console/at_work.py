"""A console with messages in it, and somebody who looks at it in Chromium."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
from playwright.async_api import Page, async_playwright

from storage import lookup
from tests.console.scene import Scene, Somebody
from tests.http.served import DESK, worked_off


async def send(scene: Scene, text: str, handle: str = "anna@example.it") -> str:
    """Somebody writes; the message's id, once it is committed."""
    body = {"sender": {"handle": {"kind": "email", "value": handle}}, "text": text}
    answer = await scene.client.post("/v1/messages/desk", json=body, headers=DESK)
    assert answer.status == 202, await answer.text()
    id_ = str((await answer.json())["id"])
    await worked_off(scene.gateway)
    return id_


async def routing(scene: Scene, id_: str) -> dict[str, Any]:
    """Where a message went."""
    row = await scene.gateway.stores.database.read(lambda connection: lookup.message(connection, id_))
    assert row is not None
    found: dict[str, Any] = orjson.loads(row["envelope"])["data"]["routing"]
    return found


@asynccontextmanager
async def looking(scene: Scene, who: Somebody, **more: Any) -> AsyncIterator[tuple[Page, list[str]]]:
    """A tab that is logged in, and what went wrong in it."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        given: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}, "locale": "it-IT", **more}
        context = await browser.new_context(**given)
        url = str(scene.client.make_url("/console"))
        await context.add_cookies([{"name": scene.cookie, "value": who.secret, "url": url}])
        tab = await context.new_page()
        complaints: list[str] = []
        tab.on("console", lambda message: complaints.append(message.text))
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        try:
            yield tab, complaints
        finally:
            await browser.close()
