"""Chromium in front of a console: tabs of people who look, and what was wrong in them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

from playwright.async_api import Page as Tab

from tests.browser import chromium
from tests.console.scene import PASSWORD, Scene

Opened = tuple[Tab, list[str]]


@asynccontextmanager
async def tab(
    scene: Scene, *, scheme: Literal["light", "dark"] = "light", width: int = 1360, height: int = 860, **more: Any
) -> AsyncIterator[Opened]:
    """A tab at the console, with the complaints of its console and pages."""
    complaints: list[str] = []
    async with chromium() as browser:
        context = await browser.new_context(
            base_url=f"http://127.0.0.1:{scene.client.port}",
            locale="it-IT",
            timezone_id="Europe/Rome",
            color_scheme=scheme,
            viewport={"width": width, "height": height},
            **more,
        )
        made = await context.new_page()
        made.set_default_timeout(15_000)
        made.on("console", lambda message: complaints.append(message.text))
        made.on("pageerror", lambda error: complaints.append(str(error)))
        yield made, complaints


async def log_in(page: Tab, name: str) -> None:
    await page.goto("/console/login")
    await page.fill("#f-name", name)
    await page.fill("#f-password", PASSWORD)
    await page.click("button[type=submit]")
    await page.wait_for_url("**/console/")
