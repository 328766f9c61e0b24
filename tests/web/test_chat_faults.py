"""Faults that are not the widget's, in Chromium: the page's own functions throw, requests get no answer. Nothing is lost."""

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


SOONER = """
    const {timeout} = AbortSignal, wait = window.setTimeout;
    AbortSignal.timeout = (time) => timeout.call(AbortSignal, time / 30);
    window.setTimeout = (act, time) => wait(act, time > 100000 ? time / 60 : time);
"""
"""The widget's limits, a second for half a minute and two for two minutes."""


async def test_a_request_without_an_answer_is_given_up_and_sent_again(browser: Browser) -> None:
    async with shop(browser) as it:
        it.gateway.sockets_work = False
        context = await it.context()
        await context.add_init_script(SOONER)
        tab = await it.tab(context)
        await opened(tab)
        await soon(lambda: it.gateway.polls > 1)
        it.gateway.stalls = 1
        await write(tab, "uno")
        await soon(lambda: it.gateway.stalls == 0)
        await write(tab, "due")
        await expect(ticks(tab, "sent")).to_have_count(2, timeout=20_000)
    assert it.gateway.texts == ["uno", "due"]


async def test_an_upload_of_which_nothing_moves_is_given_up_and_sent_again(browser: Browser) -> None:
    async with shop(browser) as it:
        context = await it.context()
        await context.add_init_script(SOONER)
        tab = await it.tab(context)
        await opened(tab)
        it.gateway.stalls = 1
        await tab.set_input_files("input[type=file]", PHOTO)
        await write(tab, "uno")
        await soon(lambda: it.gateway.stalls == 0)
        await write(tab, "due")
        await expect(ticks(tab, "sent")).to_have_count(2, timeout=20_000)
    assert it.gateway.texts == ["uno", "due"]
