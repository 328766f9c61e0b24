"""The chat widget in Chromium, on a shop's page under a strict policy: a customer writes, loses the network, comes back."""

import gzip
import re
from importlib.resources import files

import pytest
from playwright.async_api import Browser, expect

from connectors.chat.frames import MOST_SEEN
from tests.web.chat_shop import bubbles, opened, shop, soon, ticks, write
from web.widget.assets import PARTS, WIDGET

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_script_is_small() -> None:
    assert len(gzip.compress(WIDGET.content, 9)) <= 20 * 1024


@pytest.mark.parametrize("part", PARTS)
async def test_no_template_stands_inside_another(part: str) -> None:
    """What takes out the blanks would take those of the inner one's text."""
    text = files("web.widget").joinpath("static", f"{part}.js").read_text("utf-8")
    assert re.findall(r"`[^`]*\$\{(?:[^{}`]|\{[^{}`]*\})*`", text) == []


async def test_a_customer_chats(browser: Browser) -> None:
    async with shop(browser) as it:
        tab = await it.tab()
        await opened(tab)
        await write(tab, "La padella è arrivata rotta, vedi https://shop.example/pan?a=1&b=2.")
        await expect(ticks(tab, "sent")).to_have_count(1)
        await it.gateway.answer("Ci dispiace! La sostituiamo.")
        await expect(tab.locator(".who")).to_have_text("Anna")
        assert await bubbles(tab) == [
            "Ciao! Come possiamo aiutarti?",
            "La padella è arrivata rotta, vedi https://shop.example/pan?a=1&b=2.",
            "Ci dispiace! La sostituiamo.",
        ]
        link = tab.locator(".bubble a")
        assert await link.get_attribute("href") == "https://shop.example/pan?a=1&b=2"
        assert await link.get_attribute("rel") == "noopener noreferrer"
    (message,) = it.gateway.taken
    assert message["page"] == {"url": it.url, "title": "Padella 28", "referrer": ""}
    assert ("out_1", "read") in it.gateway.seen


async def test_without_network_everything_waits_and_arrives_once_in_order(browser: Browser) -> None:
    async with shop(browser) as it:
        context = await it.context()
        tab = await it.tab(context)
        await opened(tab)
        await write(tab, "uno")
        await expect(ticks(tab, "sent")).to_have_count(1)
        await context.set_offline(True)
        await write(tab, "due")
        await write(tab, "tre")
        await expect(ticks(tab, "sending")).to_have_count(2)
        await expect(tab.locator(".offline")).to_be_visible()
        await expect(tab.locator(".status")).to_be_hidden()  # nobody knows whether somebody is there
        await it.gateway.answer("Ci sei ancora?")
        await context.set_offline(False)
        await expect(ticks(tab, "sent")).to_have_count(3)
        await expect(tab.locator(".offline")).to_have_count(0)
        await expect(tab.locator(".status")).to_be_visible()
        await expect(tab.locator(".row.agent .bubble")).to_have_text("Ci sei ancora?")
    assert it.gateway.texts == ["uno", "due", "tre"]


async def test_a_stopped_gateway_and_a_reload_lose_nothing(browser: Browser) -> None:
    async with shop(browser) as it:
        tab = await it.tab()
        await opened(tab)
        await write(tab, "prima")
        await expect(ticks(tab, "sent")).to_have_count(1)
        await it.gateway.stop()
        await write(tab, "durante")
        await tab.fill("#text", "a metà di una fr")
        await it.gateway.start()
        it.gateway.sockets_work = False  # it is up, but messages do not get through yet
        it.gateway.refuses = {"code": "unavailable", "status": 503}
        await tab.reload()
        await expect(tab.locator(".panel")).to_be_visible()
        assert await tab.input_value("#text") == "a metà di una fr"
        await expect(ticks(tab, "sending")).to_have_count(1)
        it.gateway.sockets_work, it.gateway.refuses = True, None
        await expect(ticks(tab, "sent")).to_have_count(2)
        assert await bubbles(tab) == ["Ciao! Come possiamo aiutarti?", "prima", "durante"]
    assert it.gateway.texts == ["prima", "durante"]


async def test_an_answer_that_is_lost_doubles_nothing(browser: Browser) -> None:
    async with shop(browser) as it:
        tab = await it.tab()
        await opened(tab)
        it.gateway.loses_answers = 2
        await write(tab, "uno")
        await write(tab, "due")
        await expect(ticks(tab, "sent")).to_have_count(2)
        assert (await bubbles(tab))[1:] == ["uno", "due"]
        await tab.reload()
        await expect(ticks(tab, "sent")).to_have_count(2)
        assert (await bubbles(tab))[1:] == ["uno", "due"]
    assert it.gateway.texts == ["uno", "due"]
    assert len(it.gateway.repeats) == 2


async def test_without_sockets_it_polls_and_later_takes_the_socket_again(browser: Browser) -> None:
    async with shop(browser) as it:
        it.gateway.sockets_work = False
        it.script = "window.regiaUser = async () => 'aaa.eyJzdWIiOiJhbm5hIn0.ccc';"
        context = await it.context()
        tab = await it.tab(context)
        await opened(tab)
        await write(tab, "uno")
        await expect(ticks(tab, "sent")).to_have_count(1)
        await it.gateway.answer("Eccoci")
        await expect(tab.locator(".row.agent .bubble")).to_have_text("Eccoci")
        await soon(lambda: ("out_1", "read") in it.gateway.seen)
        assert it.gateway.polls
        it.gateway.sockets_work = True
        await context.set_offline(True)  # another network
        await context.set_offline(False)
        await soon(lambda: bool(it.gateway.sockets))
        assert it.gateway.users == ["aaa.eyJzdWIiOiJhbm5hIn0.ccc"]
        await write(tab, "due")
        await expect(ticks(tab, "sent")).to_have_count(2)
    assert it.gateway.texts == ["uno", "due"]


TOKEN = "JSON.parse(localStorage.getItem(Object.keys(localStorage).find((key) => key.endsWith(' token'))))"


async def test_a_newer_token_is_kept(browser: Browser) -> None:
    async with shop(browser) as it:
        it.gateway.newer = "visitor-newer"
        it.gateway.tokens.add("visitor-newer")
        tab = await it.tab()
        await opened(tab)
        await write(tab, "uno")
        await expect(ticks(tab, "sent")).to_have_count(1)
        assert await tab.evaluate(TOKEN) == "visitor-newer"
        it.gateway.tokens = {"visitor-newer"}
        await tab.reload()
        await write(tab, "due")
        await expect(ticks(tab, "sent")).to_have_count(2)
    assert it.gateway.tokens == {"visitor-newer"}, "no other visitor was made"


async def test_a_token_that_has_ended_costs_no_message(browser: Browser) -> None:
    """The browser becomes another visitor; what waits, and what is half written, goes on."""
    async with shop(browser) as it:
        tab = await it.tab()
        await opened(tab)
        await write(tab, "prima")
        await expect(ticks(tab, "sent")).to_have_count(1)
        before = await tab.evaluate(TOKEN)
        await it.gateway.stop()
        await write(tab, "durante")
        await tab.fill("#text", "a metà")
        it.gateway.tokens.clear()
        await it.gateway.start()
        await soon(lambda: it.gateway.texts == ["prima", "durante"])
        assert await tab.input_value("#text") == "a metà"
        assert await tab.evaluate(TOKEN) != before
        await write(tab, "dopo")
        await soon(lambda: it.gateway.texts == ["prima", "durante", "dopo"])
    assert len(it.gateway.tokens) == 1


async def test_two_tabs_show_and_send_everything_once(browser: Browser) -> None:
    async with shop(browser) as it:
        context = await it.context()
        one, two = await it.tab(context), await it.tab(context)
        await opened(one)
        await opened(two)
        await write(one, "dalla prima")
        await expect(ticks(two, "sent")).to_have_count(1)
        await write(two, "dalla seconda")
        await expect(ticks(one, "sent")).to_have_count(2)
        await it.gateway.stop()
        await write(one, "poi la prima si chiude")
        await expect(ticks(two, "sending")).to_have_count(1)
        await one.close()
        await write(two, "e la seconda resta")
        await it.gateway.start()
        await expect(ticks(two, "sent")).to_have_count(4, timeout=15_000)
        await it.gateway.answer("Tutto arrivato")
        await expect(two.locator(".row.agent .bubble")).to_have_count(1)
    assert len(it.gateway.tokens) == 1
    assert it.gateway.texts == ["dalla prima", "dalla seconda", "poi la prima si chiude", "e la seconda resta"]


async def test_without_storage_it_works_in_memory(browser: Browser) -> None:
    async with shop(browser) as it:
        context = await it.context()
        blocked = "{get() { throw new DOMException('blocked', 'SecurityError'); }}"
        names = ("localStorage", "sessionStorage", "indexedDB")
        await context.add_init_script("".join(f"Object.defineProperty(window, '{name}', {blocked});" for name in names))
        tab = await it.tab(context)
        await opened(tab)
        await write(tab, "uno")
        await expect(ticks(tab, "sent")).to_have_count(1)
        await tab.set_input_files("input[type=file]", {"name": "a.png", "mimeType": "image/png", "buffer": b"a"})
        await write(tab, "due")
        await expect(ticks(tab, "sent")).to_have_count(2)
        await it.gateway.answer("Sì?")
        await expect(tab.locator(".row.agent .bubble")).to_have_text("Sì?")
    assert it.gateway.texts == ["uno", "due"]


@pytest.mark.parametrize("sockets_work", [True, False], ids=["socket", "poll"])
async def test_however_many_were_unread_all_are_told_to_be_read(browser: Browser, *, sockets_work: bool) -> None:
    async with shop(browser) as it:
        it.gateway.sockets_work = sockets_work
        for number in range(2 * MOST_SEEN + 10):
            await it.gateway.answer(f"Risposta {number}")
        tab = await it.tab()
        await opened(tab)
        everything = {(item["id"], "read") for item in it.gateway.items}
        await soon(lambda: everything <= set(it.gateway.seen))
