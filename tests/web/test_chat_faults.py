"""Faults that are not the widget's, in Chromium: the page's own functions throw, and cost nothing that was written."""

import pytest
from playwright.async_api import Browser, expect

from tests.web.chat_shop import FLOW, Shop, opened, shop, soon, ticks, write

pytestmark = pytest.mark.asyncio(loop_scope="module")
THROWS = "window.regiaFields = () => cart.total; window.regiaUser = async () => account.token;"
PHOTO = {"name": "a.png", "mimeType": "image/png", "buffer": b"a"}


def complaints(it: Shop) -> list[str]:
    """What the browser's console said by now, which is taken as expected."""
    said, it.complaints = it.complaints, []
    return said


async def test_what_the_page_cannot_say_costs_no_message(browser: Browser) -> None:
    async with shop(browser, flow=FLOW) as it:
        it.script = THROWS
        tab = await it.tab(attributes='data-field-shop="Milano"')
        await opened(tab)
        await tab.click("text=Un reso")
        await write(tab, "IT-2231")
        await tab.click("text=Parla con una persona")
        await tab.set_input_files("input[type=file]", PHOTO)
        await write(tab, "È rotta")
        await expect(ticks(tab, "sent")).to_have_count(1)
        said = complaints(it)
    (message,) = it.gateway.taken
    assert message["fields"] == {"shop": "Milano", "topic": "returns", "order": "IT-2231"}
    assert it.gateway.files[message["id"]] == [("a.png", b"a")]
    assert [
        text for text in said if "window.regiaFields has failed. The message goes without its fields. ReferenceError" in text
    ]
    assert [text for text in said if "window.regiaUser has failed. The visitor stays anonymous. ReferenceError" in text]


async def test_who_leaves_a_page_that_fails_loses_no_answer(browser: Browser) -> None:
    async with shop(browser, flow=FLOW) as it:
        it.script = THROWS
        tab = await it.tab()
        await opened(tab)
        await tab.click("text=Un reso")
        await write(tab, "IT-2231")
        await soon(lambda: bool(it.gateway.tokens))
        await tab.goto("about:blank")
        await soon(lambda: len(it.gateway.taken) == 1)
        assert complaints(it)
    assert it.gateway.taken[0]["fields"] == {"topic": "returns", "order": "IT-2231"}


async def test_a_user_whom_the_page_cannot_name_for_a_while_stays_who_they_are(browser: Browser) -> None:
    """As where the page asks its server for the token, and that is away."""
    async with shop(browser) as it:
        context = await it.context()
        it.script = "window.regiaUser = 'a.eyJzdWIiOiJhbm5hIn0.c';"
        tab = await it.tab(context)
        await opened(tab)
        await write(tab, "uno")
        await expect(ticks(tab, "sent")).to_have_count(1)
        await tab.fill("#text", "a metà")
        it.script = (
            "let asked = 0; window.regiaUser = () => { if (asked++ < 2) throw undefined; return 'a.eyJzdWIiOiJhbm5hIn0.c'; };"
        )
        await tab.reload()
        assert await tab.input_value("#text") == "a metà"
        await write(tab, "due")
        await expect(ticks(tab, "sent")).to_have_count(2)
        assert [text for text in complaints(it) if "The chat waits until it works." in text]
    assert it.gateway.users == ["a.eyJzdWIiOiJhbm5hIn0.c"] * 2
    assert len(it.gateway.tokens) == 1
