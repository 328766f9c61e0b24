"""The welcome flow in Chromium: categories, questions, articles, guides; a person is one step away, nothing typed is lost."""

import pytest
from playwright.async_api import Browser, expect

from tests.web.chat_shop import FLOW, bubbles, opened, shop, soon, ticks, write

pytestmark = pytest.mark.asyncio(loop_scope="module")
FAQ = "/faq/help/search"
ARTICLES = {
    "reso": {
        "title": "Come si fa un reso?",
        "summary": "In breve.",
        "html": "<p>Hai <b>30 giorni</b>: <a href='/resi'>qui</a>.</p>",
    },
    "olio": {"title": "Quale olio?", "summary": "", "html": "<p>Di semi.</p>"},
}


async def test_a_return_with_its_order_its_address_and_what_was_read(browser: Browser) -> None:
    async with shop(browser, flow=FLOW, faq_search=FAQ) as it:
        it.gateway.articles = ARTICLES
        tab = await it.tab()
        await opened(tab)
        await tab.click("text=Un reso")
        await write(tab, "IT-2231")
        await write(tab, "anna chiocciola example")
        await expect(tab.locator(".composer .trouble")).to_contain_text("indirizzo e-mail completo")
        await write(tab, "anna@example.it")
        await tab.click("text=Come si fa un reso?")
        await expect(tab.locator(".prose a")).to_have_attribute("href", f"{it.gateway.url}/resi")
        await tab.click(".helped >> text=No")
        await soon(lambda: it.gateway.helped == [("reso", False)])
        await tab.click("text=Indietro")
        await tab.fill("input[type=search]", "olio")
        await tab.click("text=Quale olio?")
        await expect(tab.locator(".prose")).to_have_text("Di semi.")
        await tab.press(".article h2", "Escape")
        await tab.click("text=Non ho trovato la risposta")
        await write(tab, "Vorrei i soldi indietro")
        await expect(ticks(tab, "sent")).to_have_count(1)
        await expect(tab.locator(".options, .library")).to_have_count(0)
        assert it.gateway.views == ["reso", "olio"]
    (message,) = it.gateway.taken
    assert message["text"] == "Vorrei i soldi indietro"
    assert message["fields"] == {"topic": "returns", "order": "IT-2231", "email": "anna@example.it"}
    assert message["faq"] == [{"id": "reso", "helped": False}, {"id": "olio", "helped": None}]


@pytest.mark.parametrize("clicks", [[], ["Un reso"], ["Cura delle padelle"], ["Cura delle padelle", "Avanti", "Avanti"]])
async def test_a_person_is_one_step_away_from_everywhere(browser: Browser, clicks: list[str]) -> None:
    async with shop(browser, flow=FLOW) as it:
        tab = await it.tab()
        await opened(tab)
        for label in clicks:
            await tab.click(f"text={label}")
        await tab.click("text=Parla con una persona")
        await write(tab, "C'è qualcuno?")
        await expect(ticks(tab, "sent")).to_have_count(1)
    assert it.gateway.texts == ["C'è qualcuno?"]


async def test_what_is_typed_where_nothing_is_asked_is_a_message_at_once(browser: Browser) -> None:
    async with shop(browser, flow=FLOW) as it:
        tab = await it.tab()
        await opened(tab)
        await write(tab, "Subito una domanda")
        await expect(ticks(tab, "sent")).to_have_count(1)
        await expect(tab.locator(".options")).to_have_count(0)
    assert (it.gateway.texts, it.gateway.taken[0]["fields"]) == (["Subito una domanda"], {})


async def test_a_guide_goes_step_by_step_and_begins_again(browser: Browser) -> None:
    async with shop(browser, flow=FLOW) as it:
        tab = await it.tab()
        await opened(tab)
        await tab.click("text=Cura delle padelle")
        await tab.click("text=Avanti")
        await tab.reload()
        await tab.click("text=Avanti")
        assert (await bubbles(tab))[-3:] == ["Primo: lava a mano.", "Poi: un filo d'olio.", "Tutto qui!"]
        await tab.click("text=Ricomincia")
        assert await bubbles(tab) == ["Ciao! Di che cosa si tratta?"]
    assert it.gateway.taken == []


async def test_who_leaves_in_the_middle_loses_no_answer(browser: Browser) -> None:
    async with shop(browser, flow=FLOW) as it:
        tab = await it.tab()
        await opened(tab)
        await tab.click("text=Un reso")
        await write(tab, "IT-2231")
        await soon(lambda: bool(it.gateway.tokens))
        await tab.goto("about:blank")
        await soon(lambda: len(it.gateway.taken) == 1)
        await tab.goto(it.url)
        await expect(ticks(tab, "sent")).to_have_count(1)
        await write(tab, "anna@example.it")
        await tab.click("text=Non ho trovato la risposta")
        await write(tab, "Eccomi di nuovo")
        await expect(ticks(tab, "sent")).to_have_count(2)
    assert it.gateway.texts == ["Un reso\nQual è il numero d'ordine? IT-2231", "Eccomi di nuovo"]
    assert [message["fields"]["order"] for message in it.gateway.taken] == ["IT-2231", "IT-2231"]


async def test_a_choice_may_be_skipped_and_english_is_spoken(browser: Browser) -> None:
    async with shop(browser, flow=FLOW, language="en") as it:
        tab = await it.tab()
        await opened(tab)
        await tab.click("text=A return")
        await tab.click("text=Skip")
        assert (await bubbles(tab))[-1] == "And your e-mail?"
        assert await tab.get_attribute(".frame", "lang") == "en"


async def test_outside_the_opening_hours_an_address_is_asked_for(browser: Browser) -> None:
    async with shop(browser, is_open=False, fields={"mail": {"type": "email"}}) as it:
        tab = await it.tab()
        await opened(tab)
        await expect(tab.locator(".notice p").first).to_have_text(
            "Ora siamo chiusi. Scrivi pure: ti rispondiamo per e\u2011mail."
        )
        await write(tab, "Quando aprite?")
        await expect(ticks(tab, "sent")).to_have_count(1)
        await tab.fill("#email", "anna@")
        await tab.press("#email", "Enter")
        await expect(tab.locator(".email .trouble")).to_be_visible()
        await tab.fill("#email", "anna@example.it")
        await tab.press("#email", "Enter")
        await expect(ticks(tab, "sent")).to_have_count(2)
        await expect(tab.locator("#email")).to_have_count(0)
    assert [message["fields"] for message in it.gateway.taken] == [{}, {"mail": "anna@example.it"}]


async def test_refused_fields_go_into_the_text_and_the_page_gives_its_own(browser: Browser) -> None:
    async with shop(browser, flow=FLOW) as it:
        it.script = "window.regiaFields = () => ({product: 'PAN-28', cart_total: 89.9, nested: {a: 1}, refused: 'x'});"
        tab = await it.tab(attributes='data-field-shop="Milano" data-position="left"')
        await expect(tab.locator(".frame.left")).to_be_attached()
        await opened(tab)
        await tab.click("text=Un reso")
        await write(tab, "IT-2231")
        await tab.click("text=Parla con una persona")
        it.gateway.refuses = {"code": "invalid_fields", "fields": {"fields.order": "…", "fields.refused": "…"}}
        it.gateway.refusals = 1
        await write(tab, "Ciao")
        await expect(ticks(tab, "sent")).to_have_count(1)
        await expect(tab.locator(".row.me .bubble").last).to_have_text("Ciao\norder: IT-2231")
    (message,) = it.gateway.taken
    assert message["fields"] == {"shop": "Milano", "product": "PAN-28", "cart_total": 89.9, "topic": "returns"}
