"""Chromium for tests, one way to start it."""

import contextlib
from collections.abc import AsyncIterator
from typing import Final

from playwright.async_api import Browser, async_playwright, expect

PROGRAM: Final = "/usr/bin/chromium"
ARGS: Final = ["--no-sandbox", "--disable-dev-shm-usage"]
PATIENCE: Final = 30_000
"""Milliseconds an expectation waits: playwright's five seconds are those of a machine that does nothing else."""


@contextlib.asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A browser that ends with the block."""
    expect.set_options(timeout=PATIENCE)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=PROGRAM, args=ARGS)
        try:
            yield browser
        finally:
            await browser.close()
