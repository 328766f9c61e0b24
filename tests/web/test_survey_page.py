"""The page of a survey: its words in every language and state, what a GET and a POST do, and in Chromium without a script."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import pytest
from playwright.async_api import Page as Tab
from selectolax.lexbor import LexborHTMLParser
from sqlalchemy import Connection, insert

from normalizer.advice import LANGUAGES, Language
from regia.gateway import Gateway
from storage import surveys as rows
from storage.schema import surveys as table
from tests.browser import chromium
from tests.databases import migrated_sqlite
from tests.erasing.planted import row as a_row
from tests.http.served import Client, is_up, make_gateway, serving
from tests.surveys.shop import DAY, surveys
from web.pages.survey import GOOD, QuestionView, SurveyState, page_language, render_survey

__all__ = ["migrated_sqlite"]

HOSTILE = "\"'><script>alert(1)</script>&{{7*7}}"
CHOICE = {
    "name": "again",
    "kind": "choice",
    "text": {"it": "Compreresti ancora da noi, anche se costassimo un poco di più di tutti gli altri?", "en": "Again?"},
    "choices": {"sure": {"it": "Sicuramente", "en": "Sure"}, "never": {"it": "Mai più"}},
}
YES_NO = {"name": "solved", "kind": "yes_no", "text": {"it": "Risolto?", "en": "Solved?"}}


def a_question(**own: Any) -> QuestionView:
    usual: dict[str, Any] = {"name": "q", "text": "Com'è?", "options": [("1", "Male")], "is_scale": True, "required": True}
    return QuestionView(**(usual | own))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", get_args(SurveyState))
def test_every_state_is_said_in_every_language(state: SurveyState, language: Language) -> None:
    page = LexborHTMLParser(render_survey(state, language, brand="Casa", questions=[a_question()], retry_after=30))
    root, title, heading = page.css_first("html"), page.css_first("title"), page.css_first("h1")
    assert root is not None
    assert title is not None
    assert heading is not None
    assert (root.attributes["lang"], title.text()) == (language, heading.text())
    assert "{" not in page.text()
    assert not page.css("script, [style], style, [onclick]")
    assert bool(page.css("form button")) is (state == "ask")
    assert bool(page.css(".problem")) is (state != "ask" and state not in GOOD)


def test_what_others_wrote_is_escaped() -> None:
    views = [a_question(text=HOSTILE, options=[("1", HOSTILE)]), a_question(name="w", text=HOSTILE, options=[], chosen=HOSTILE)]
    html = render_survey("ask", "it", brand=HOSTILE, questions=views)
    assert "<script>alert" not in html
    text = LexborHTMLParser(html).css_first("textarea")
    assert text is not None
    assert text.text().strip() == HOSTILE


def test_every_answer_has_a_name_for_screen_readers() -> None:
    page = LexborHTMLParser(render_survey("ask", "it", questions=[a_question(), a_question(name="w", options=[])]))
    named = {label.attributes["for"] for label in page.css("label")}
    assert {one.attributes["id"] for one in page.css("input, textarea")} == named
    assert [legend.text() for legend in page.css("fieldset > legend")] == ["Com'è?"]


def test_the_language_of_the_page() -> None:
    assert [page_language(wanted) for wanted in ([], ["de"], ["de", "en"], ["", "it", "en"])] == ["it", "it", "en", "it"]


@dataclass(frozen=True, slots=True)
class Shop:
    gateway: Gateway
    client: Client

    async def asked(self, **own: Any) -> str:
        """The path of the page of a survey that was asked just now."""
        now_ms = time.time_ns() // 1_000_000
        fields = {"id": "srv_1", "name": "closed", "brand": "demo", "state": "asked", "answers": "{}", "language": "it"}
        fields |= {"due_ms": now_ms + DAY, "asked": 1, "form": "page", "channel": "email", "ticket": "T1", "handle_id": "hdl_1"}
        one = a_row(table, **(fields | own))
        await self.gateway.stores.database.write(lambda connection: connection.execute(insert(table), [one]))
        return self.gateway.links.survey(one["id"]).removeprefix("https://regia.example")

    async def row(self, id_: str = "srv_1") -> tuple[str, dict[str, Any]]:
        def work(connection: Connection) -> tuple[str, dict[str, Any]]:
            found = rows.find(connection, id_)
            assert found is not None
            return found["state"], found["answers"]

        return await self.gateway.stores.database.read(work)

    async def post(self, path: str, body: str, status: int = 200) -> str:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = await self.client.post(path, data=body.encode(), headers=headers)
        assert answer.status == status
        return await answer.text()


@pytest.fixture
async def shop(tmp_path: Path, migrated_sqlite: Path) -> AsyncIterator[Shop]:
    made = make_gateway(tmp_path, migrated_sqlite)
    made.surveys = surveys()
    async with serving(made) as client:
        made.start()
        await is_up(made)
        yield Shop(made, client)


async def test_to_open_it_records_nothing(shop: Shop) -> None:
    path = await shop.asked()
    for method in ("GET", "HEAD"):
        answer = await shop.client.request(method, f"{path}?a=5")
        assert answer.status == 200
    page = LexborHTMLParser(await (await shop.client.get(f"{path}?a=4")).text())
    assert [one.attributes["value"] for one in page.css("input[checked]")] == ["4"]
    assert await shop.row() == ("asked", {})
    assert answer.headers["Cache-Control"] == "no-store"
    assert "script" not in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("a", ["9", "x", HOSTILE, ""])
async def test_a_link_with_another_answer_chooses_none(shop: Shop, a: str) -> None:
    answer = await shop.client.get(await shop.asked(), params={"a": a})
    page = LexborHTMLParser(await answer.text())
    assert (len(page.css("input")), page.css("input[checked]")) == (5, [])


async def test_answers_are_kept_and_told_once(shop: Shop) -> None:
    path = await shop.asked()
    assert "Grazie!" in await shop.post(path, "satisfaction=4&comment=pi%C3%B9+veloci%0D%0Agrazie%00&other=1")
    kept = ("answered", {"satisfaction": 4, "comment": "più veloci\ngrazie"})
    assert await shop.row() == kept
    assert "già risposto" in await shop.post(path, "satisfaction=1&comment=no")
    assert await shop.row() == kept
    assert "già risposto" in await (await shop.client.get(path)).text()


async def test_words_may_be_left_out(shop: Shop) -> None:
    await shop.post(await shop.asked(), "satisfaction=2&comment=++")
    assert await shop.row() == ("partly", {"satisfaction": 2})


async def test_what_was_written_stays_where_an_answer_is_missing(shop: Shop) -> None:
    path = await shop.asked()
    for body in ("comment=lenti", "satisfaction=6&comment=lenti", "satisfaction=&comment=lenti"):
        page = LexborHTMLParser(await shop.post(path, body, 422))
        words, error = page.css_first("textarea"), page.css_first(".error")
        assert words is not None
        assert error is not None
        assert words.text().strip() == "lenti"
        assert error.text() == "Scegli una risposta."
    assert await shop.row() == ("asked", {})


@pytest.mark.parametrize(
    ("own", "said", "status"),
    [
        ({"due_ms": 1}, "Il tempo per rispondere è finito", 410),
        ({"state": "expired"}, "Il tempo per rispondere è finito", 410),
        ({"state": "skipped"}, "Il tempo per rispondere è finito", 410),
        ({"state": "partly", "due_ms": 1}, "già risposto", 200),
        ({"name": "other"}, "Questa pagina non esiste", 404),
    ],
)
async def test_one_that_takes_no_answers(shop: Shop, own: dict[str, Any], said: str, status: int) -> None:
    path = await shop.asked(**own)
    answer = await shop.client.get(path)
    assert (answer.status, said in await answer.text()) == (status, True)
    assert said in await shop.post(path, "satisfaction=4", status)
    assert (await shop.row())[1] == {}


async def test_links_that_are_not_ours(shop: Shop) -> None:
    path = await shop.asked()
    id_, _, signature = path.removeprefix("/survey/").partition(".")
    for token in (id_, f"{id_}.", f"{id_}.{signature[:-1]}", f"{id_[:-1]}2.{signature}", "%00.%ff", f"{id_}.{signature}x"):
        answer = await shop.client.get(f"/survey/{token}")
        assert (answer.status, "non esiste" in await answer.text()) == (404, True)
    assert id_ not in path.removeprefix(f"/survey/{id_}")


async def test_who_opens_too_many_waits(shop: Shop) -> None:
    path = await shop.asked()
    statuses = [(await shop.client.get(path)).status for _ in range(22)]
    assert (statuses[0], statuses[-1]) == (200, 429)


async def test_too_much_is_refused(shop: Shop) -> None:
    path = await shop.asked()
    await shop.post(path, "comment=" + "x" * 70_000, 413)
    await shop.post(path, "&".join(f"a{n}=1" for n in range(50)), 400)
    await shop.post(path, "satisfaction=3&comment=" + "x" * 5_000)
    assert len((await shop.row())[1]["comment"]) == 4_000


async def open_tab(browser: Any, shop: Shop, path: str, **more: Any) -> Tab:
    tab: Tab = await browser.new_page(java_script_enabled=False, locale="it-IT", **more)
    await tab.goto(f"http://127.0.0.1:{shop.client.port}{path}")
    return tab


async def test_a_customer_answers_from_a_phone_by_keyboard_without_any_script(shop: Shop) -> None:
    path = await shop.asked()
    async with chromium() as browser:
        tab = await open_tab(browser, shop, f"{path}?a=4", viewport={"width": 320, "height": 700})
        complaints: list[str] = []
        tab.on("console", lambda message: complaints.append(message.text))
        assert await tab.is_checked("#q-satisfaction-4")
        await tab.focus("#q-satisfaction-4")
        await tab.keyboard.press("ArrowDown")
        await tab.keyboard.press("Tab")
        await tab.keyboard.type("Tutto bene")
        await tab.keyboard.press("Tab")
        await tab.keyboard.press("Enter")
        await tab.wait_for_selector(".outcome")
        assert "Grazie" in await tab.inner_text("h1")
        assert complaints == []
    assert await shop.row() == ("answered", {"satisfaction": 5, "comment": "Tutto bene"})


@pytest.mark.parametrize("width", [320, 390, 800])
@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_it_fits_every_screen(shop: Shop, width: int, theme: Any) -> None:
    shop.gateway.surveys = surveys(questions=[CHOICE, YES_NO])
    path = await shop.asked()
    shop.gateway.surveys = surveys()
    second = await shop.asked(id="srv_2", ticket_event="e2")
    async with chromium() as browser:
        for one, used in ((path, surveys(questions=[CHOICE, YES_NO])), (second, surveys())):
            shop.gateway.surveys = used
            tab = await open_tab(browser, shop, one, viewport={"width": width, "height": 800}, color_scheme=theme)
            assert await tab.evaluate("document.documentElement.scrollWidth") == width
            heights = await tab.evaluate("[...document.querySelectorAll('.option label, button')].map(e => e.offsetHeight)")
            assert min(heights) >= 44, "WCAG 2.2, 2.5.5: large enough for a thumb"
