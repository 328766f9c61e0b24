"""What the page Rules and the page of a message show of rules on a gateway with a shadow: figures that differ, hits by the day,
files that are broken on disk, the playbook of a category."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import expect
from selectolax.lexbor import LexborHTMLParser

from regia.runners.rules import Reloading
from storage import rule_hits
from storage.rule_hits import ALL, DAY_MS, Hits
from tests.console.at_work import send
from tests.console.browser import log_in, tab
from tests.console.own import own_console
from tests.console.scene import Scene, Somebody
from tests.http import served
from tests.web.accessible import findings

PLAYBOOK = "https://wiki.example.it/resi"
RULES = served.RULES.replace("{label: Resi,", f"{{label: Resi, playbook: {PLAYBOOK},")
SHADOW = RULES.replace("words: [rimborso]", "words: [rimborso, cambio]")
CONFIG = served.CONFIG.replace("rules: [rules.yaml]\n", "rules: [rules.yaml]\nshadow: [shadow.yaml]\n")


@pytest.fixture
async def shop(tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    files = {"shadow.yaml": SHADOW}
    async with own_console(tmp_path, migrated_sqlite, monkeypatch, config=CONFIG, rules=RULES, files=files) as scene:
        runner = Reloading(scene.gateway, tmp_path / "regia.yaml", {**served.SECRETS})
        runner.start()
        yield scene
        await runner.stop()


async def admin(scene: Scene) -> Somebody:
    return await scene.logged_in(await scene.person("lia", "admin"))


def words(page: LexborHTMLParser, selector: str) -> list[str]:
    return [" ".join(one.text(separator=" ").split()) for one in page.css(selector)]


async def shown(scene: Scene, who: Somebody, fits: Callable[[LexborHTMLParser], bool]) -> LexborHTMLParser:
    """The page Rules, once it says what is waited for: files are looked at, and figures stored, once a second."""
    async with asyncio.timeout(20):
        while not fits(page := await scene.page("/rules", who)):
            await asyncio.sleep(0.1)
    return page


async def test_the_playbook_of_the_category_is_on_the_page_of_a_message(shop: Scene) -> None:
    lia = await admin(shop)
    for text, shown in (("Vorrei un rimborso", [PLAYBOOK]), ("Ciao", [])):
        page = await shop.page(f"/messages/{await send(shop, text)}", lia)
        links = [one for one in page.css("a") if one.attributes.get("href") == PLAYBOOK]
        assert [one.text() for one in links] == shown
        assert all("noopener" in (one.attributes["rel"] or "") for one in links)


async def test_a_shadow_is_shown_with_what_it_would_decide_otherwise(shop: Scene) -> None:
    lia = await admin(shop)
    assert "non è ancora arrivato nessun messaggio" in words(await shop.page("/rules", lia), "#h-shadow ~ p")[0]
    ids = [await send(shop, text) for text in ("Un rimborso", "Un cambio", "Ciao")]
    page = await shown(shop, lia, lambda page: "1 messaggi su 3 andrebbero diversamente" in words(page, "#h-shadow ~ p")[0])
    rows = {row.css_first("th").text(): row for row in page.css("#h-shadow ~ details tbody tr")}  # type: ignore[union-attr]
    cells = [one.text().strip() for one in rows["Categoria"].css("td")]
    assert cells[:3] == ["general", "returns", "1"]
    example = rows["Categoria"].css_first("a").attributes["href"] or ""  # type: ignore[union-attr]
    assert example.endswith(ids[1])
    assert (await shop.get(example.removeprefix("/console"), lia)).status == 200


async def test_hits_of_a_rule_are_shown_by_the_day(shop: Scene) -> None:
    today = time.time_ns() // 1_000_000 // DAY_MS
    days = {0: 4, 1: 2, 10: 6}

    def old(rule: str) -> dict[tuple[str, str, int], Hits]:
        return {("*", rule, today - ago): Hits(number, (today - ago) * DAY_MS + 1) for ago, number in days.items()}

    taken = {**old(ALL), **old("returns-by-words")}
    await shop.gateway.stores.database.write(lambda one: rule_hits.add(one, taken))
    lia = await admin(shop)
    for asked, messages, bars in ((7, "6", 2), (30, "12", 3)):
        row = (await shop.page(f"/rules?days={asked}", lia)).css_first("table.rules tbody tr")
        assert row is not None
        assert [one.text().strip() for one in row.css("td.number")][1:] == [messages, "100,0"]
        assert len(row.css("svg rect")) == bars
        said = (row.css_first("svg").attributes["aria-label"] or "").partition(": ")[2]  # type: ignore[union-attr]
        assert len(said.split(", ")) == asked
        assert said.endswith("2, 4")


async def test_a_file_that_is_broken_on_disk_is_told_on_the_page_until_it_is_right(shop: Scene, tmp_path: Path) -> None:
    lia, live = await admin(shop), shop.gateway.versions.rules.of("demo").hash
    (tmp_path / "rules.yaml").write_text(RULES.replace("category: returns, tags", "category: retunrs, tags"))

    page = await shown(shop, lia, lambda page: bool(page.css(".broken")))
    (told,) = words(page, ".broken .problems li")
    assert told == ("rules.yaml:10:22 rules[0].then.category: non esiste: categoria 'retunrs' forse intendevi 'returns'?"), (
        "in the language of the page, with its place"
    )
    assert shop.gateway.versions.rules.of("demo").hash == live
    (tmp_path / "rules.yaml").write_text(RULES)
    await shown(shop, lia, lambda page: not page.css(".broken"))


@pytest.mark.parametrize(("scheme", "width"), [("light", 1360), ("dark", 1360), ("light", 390)])
async def test_the_pages_are_fit_to_be_read(shop: Scene, scheme: Literal["light", "dark"], width: int) -> None:
    lia = await admin(shop)
    id_ = await send(shop, "Un cambio o un rimborso")
    await send(shop, "Un cambio")
    await shown(shop, lia, lambda page: "andrebbero diversamente" in words(page, "#h-shadow ~ p")[0])
    async with tab(shop, scheme=scheme, width=width) as (page, complaints):
        await log_in(page, "lia")
        for path, seen in (("/rules", "andrebbero diversamente"), (f"/messages/{id_}", PLAYBOOK)):
            await page.goto(f"/console{path}")
            await expect(page.locator("main")).to_contain_text(seen)
            assert await findings(page) == [], path
            assert await page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert complaints == []
