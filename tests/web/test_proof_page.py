"""The page of a proof: its words in every language and state, and in Chromium, without a script, over a whole gateway."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, get_args

import pytest
from selectolax.lexbor import LexborHTMLParser
from sqlalchemy import Connection

from normalizer.advice import LANGUAGES, Language
from normalizer.inbound import Handle
from regia.gateway import Gateway
from tests.browser import chromium
from tests.customers import add_customer
from tests.databases import migrated_sqlite
from tests.http.served import SITE, Client, is_up, make_gateway, serving
from tests.http.test_proofs import links, secret_of
from tests.web.accessible import findings
from web.pages.proof import ProofState, masked, render_proof

__all__ = ["migrated_sqlite"]

ANNA = Handle("email", "anna@example.it", "claimed")
HOSTILE = "\"'><script>alert(1)</script>&{{7*7}}"
LONG = "anna.maria.delle.grazie@" + "assai-lungo." * 8 + "example.it"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", get_args(ProofState))
def test_every_state_is_said_in_every_language(state: ProofState, language: Language) -> None:
    html = render_proof(state, language, brand="Casa", handle=ANNA, retry_after=30)
    page = LexborHTMLParser(html)
    root, title, heading = page.css_first("html"), page.css_first("title"), page.css_first("h1")
    assert root is not None
    assert title is not None
    assert heading is not None
    assert (root.attributes["lang"], title.text()) == (language, heading.text())
    assert heading.text()
    assert "{" not in page.text()
    assert not page.css("script, [style], style, [onclick]")
    assert "anna@" not in html
    assert bool(page.css("form button")) is (state == "ask")
    assert ("30" in page.text()) is (state != "ask")


def test_the_languages_have_the_same_states_and_words() -> None:
    pages = {(state, code): render_proof(state, code) for state in get_args(ProofState) for code in LANGUAGES}
    assert len(set(pages.values())) == len(pages)


def test_what_others_wrote_is_escaped() -> None:
    for state in get_args(ProofState):
        html = render_proof(state, "it", brand=HOSTILE, handle=Handle("email", f"a@{HOSTILE}", "claimed"))
        assert "<script>alert" not in html


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("email", "anna@example.it", "a…@example.it"),
        ("email", "a@example.it", "…@example.it"),
        ("email", '"a@b"@example.it', '"…@example.it'),
        ("phone", "+393331234567", "+39…567"),
    ],
)
def test_an_address_is_shown_to_who_knows_it(kind: str, value: str, shown: str) -> None:
    assert masked(Handle(kind, value, "claimed")) == shown


@pytest.fixture
async def gateway(tmp_path: Path, migrated_sqlite: Path) -> AsyncIterator[tuple[Gateway, Client]]:
    made = make_gateway(tmp_path, migrated_sqlite)
    async with serving(made) as client:
        made.start()
        await is_up(made)
        await made.stores.database.write(_customer)
        yield made, client


def _customer(connection: Connection) -> None:
    add_customer(connection, "cus_1", standing="verified")


async def sent(gateway: Gateway, client: Client, address: str = "anna@example.it") -> str:
    """The link as the customer has it, on this machine."""
    body = {"handle": {"kind": "email", "value": address}, "method": "link"}
    answer = await client.post("/v1/customers/cus_1/proofs", json=body, headers=SITE)
    path = await secret_of(gateway, (await answer.json())["id"], "link")
    return f"http://127.0.0.1:{client.port}{path}"


async def test_a_customer_confirms_from_a_phone_without_any_script(gateway: tuple[Gateway, Client]) -> None:
    address = await sent(*gateway)
    async with chromium() as browser:
        tab = await browser.new_page(viewport={"width": 390, "height": 800}, java_script_enabled=False, locale="it-IT")
        complaints: list[str] = []
        tab.on("console", lambda message: complaints.append(message.text))
        await tab.goto(address)
        assert await tab.title() == "È tuo questo indirizzo?"
        assert await tab.inner_text(".address") == "a…@example.it"
        assert await links(gateway[0]) == []
        await tab.keyboard.press("Tab")
        await tab.keyboard.press("Tab")
        focused = tab.locator("button:focus")
        assert await focused.inner_text() == "Sì, è mio"
        assert await tab.inner_text(f"#{await focused.get_attribute('aria-describedby')}")
        await tab.keyboard.press("Enter")
        await tab.wait_for_selector(".outcome")
        assert "confermato" in await tab.inner_text("h1")
        await tab.reload()
        assert "già confermato" in await tab.inner_text("h1")
        assert complaints == []
    assert [(link[0], link[2], link[3]) for link in await links(gateway[0])] == [("cus_1", "anna@example.it", "verified")]


async def test_the_address_of_the_page_goes_nowhere(gateway: tuple[Gateway, Client]) -> None:
    """Neither the style sheet nor the next page is told the link, and what is opened is not kept."""
    address = await sent(*gateway, LONG)
    async with chromium() as browser:
        tab = await browser.new_page(viewport={"width": 320, "height": 600}, locale="en-GB")
        seen: list[Any] = []
        tab.on("request", lambda one: seen.append(one))  # noqa: PLW0108  # it marks what it is given
        await tab.goto(address)
        assert await tab.evaluate("document.documentElement.scrollWidth") == 320, "a long address is broken"
        assert await tab.evaluate("getComputedStyle(document.querySelector('button')).cursor") == "pointer"
        await tab.click("nav a")
        assert await tab.get_attribute("html", "lang") == "it"
        await tab.click("button")
        await tab.wait_for_selector(".outcome")
        referrers = [(await one.all_headers()).get("referer") for one in seen]
        assert len(seen) >= 4
        assert not any(referrers)
        hosts = {one.url.split("/")[2] for one in seen if one.url.startswith("http")}
        assert hosts == {f"127.0.0.1:{gateway[1].port}"}
    assert len(await links(gateway[0])) == 1


async def test_everybody_can_use_it_in_every_language(gateway: tuple[Gateway, Client]) -> None:
    address = await sent(*gateway, LONG)
    async with chromium() as browser:
        for width, theme in ((320, "light"), (800, "dark")):
            tab = await browser.new_page(viewport={"width": width, "height": 700}, color_scheme=theme)  # type: ignore[arg-type]
            for language in LANGUAGES:
                for path in (address, address[:-1]):
                    await tab.goto(f"{path}?lang={language}")
                    assert await tab.get_attribute("html", "lang") == language
                    assert await findings(tab) == [], (path, width)
        await tab.goto(address)
        await tab.click("button")
        for language in LANGUAGES:
            await tab.goto(f"{address}?lang={language}")
            assert await tab.locator(".outcome").count() == 1
            assert await findings(tab) == []
