"""The plots of the page of figures in Chromium: what is drawn, in which language and colours, and what stands there without."""

import re
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import Page as Tab
from playwright.async_api import expect
from sqlalchemy import Connection, insert, select, update

from desk.kpi.rolling import Rolling
from regia.http.console.kpi_parts import PARTS, PLOTS
from storage import staff
from storage.schema import messages, outgoing
from tests.console.browser import log_in, tab
from tests.console.scene import Scene, a_console
from tests.console.test_live import wrote
from tests.erasing.planted import row
from tests.web.accessible import findings

_WRITTEN = """
window.written = [];
const fill = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (text, ...more) {
  window.written.push(text);
  fill.call(this, text, ...more);
};
"""
_COLOURS = """canvas => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height), found = new Map();
  for (let at = 0; at < data.length; at += 4) {
    if (data[at + 3] < 250) continue;
    const colour = `rgb(${data[at]}, ${data[at + 1]}, ${data[at + 2]})`;
    found.set(colour, (found.get(colour) || 0) + 1);
  }
  return Object.fromEntries(found);
}"""
_INK = "box => getComputedStyle(box).color"
MONTH = re.compile(r"\d{1,2} (gen|feb|mar|apr|mag|giu|lug|ago|set|ott|nov|dic)")


@pytest.fixture
async def shop(tmp_path: Path, migrated_sqlite: Path) -> AsyncIterator[Scene]:
    """With contacts of three days."""
    async with a_console(tmp_path, migrated_sqlite, public_url=None) as scene:
        await scene.person("anna", "admin")
        for number in range(5):
            await wrote(scene, f"Buongiorno, avete padelle numero {number}?", phone=f"+39333123457{number}")
        await scene.gateway.stores.database.write(_answered)
        await Rolling(scene.gateway.stores.database).finish(time.time_ns() // 1_000_000)
        yield scene


def _answered(connection: Connection) -> None:
    """One contact of today and of each of the two days before, after an hour and a half: so there is a line to draw."""
    talks = connection.execute(select(messages.c.conversation_id, messages.c.at_ms).order_by(messages.c.id).limit(3)).all()
    for days, talk in enumerate(talks):
        at_ms = talk.at_ms - days * 86_400_000
        connection.execute(update(messages).where(messages.c.conversation_id == talk.conversation_id).values(at_ms=at_ms))
        answer = {"id": f"out_{days}", "conversation_id": talk.conversation_id, "automatic": False, "state": "sent"}
        connection.execute(insert(outgoing), [row(outgoing, **answer, ended_ms=at_ms + 5_400_000)])


async def _drawn(page: Tab, name: str) -> None:
    """The plot has its colour of this moment: a line is drawn on it, of more than a few pixels."""
    box = page.locator(f"section[aria-labelledby=h-plot-{name}] [data-plot]")
    await box.locator("canvas").wait_for()
    assert await box.locator("canvas").count() == 1
    colours = await box.locator("canvas").evaluate(_COLOURS)
    assert colours.get(await box.evaluate(_INK), 0) > 10, name


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_plots_are_drawn_in_both_themes_and_anew_when_it_changes(shop: Scene, scheme: Literal["light", "dark"]) -> None:
    async with tab(shop, scheme=scheme) as (page, complaints):
        await page.add_init_script(_WRITTEN)
        await log_in(page, "anna")
        await page.goto("/console/kpi?period=7")
        await expect(page.locator(".awaited")).to_have_count(0)
        assert await page.locator("[data-plot] canvas").count() == 2, "nothing was closed: there is nothing to draw"
        inks = []
        for theme in (scheme, "dark" if scheme == "light" else "light"):
            await page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            for name in ("reasons", "first_reply"):
                await _drawn(page, name)
            inks.append(await page.locator("[data-plot]").first.evaluate(_INK))
        assert inks[0] != inks[1]
        written = await page.evaluate("window.written")
        assert any(MONTH.fullmatch(one) for one in written), written
        assert "1 h" in written, "durations have marks at whole hours"
        assert "3" in written
        assert complaints == []


async def test_without_a_script_tables_say_the_same(shop: Scene) -> None:
    async with tab(shop, java_script_enabled=False) as (page, complaints):
        await log_in(page, "anna")
        await page.goto("/console/kpi?period=7")
        await page.wait_for_url("**whole=1**")
        assert await page.locator(".awaited").count() == 0
        assert await page.locator("main .card").count() == len(PARTS)
        assert len(PLOTS) == await page.locator("[aria-labelledby^=h-plot]").count()
        first = page.locator("section[aria-labelledby=h-plot-first_reply]")
        await first.locator("summary").click()
        assert await first.locator("td").first.inner_text() == "1 h 30 min"
        await page.locator(".many summary").first.click()
        await page.locator(".many input").first.check()
        await page.click(".kpi-filters [type=submit]")
        await page.wait_for_url("**channel=**whole=1**")
        assert complaints == []


async def test_on_a_phone_several_channels_are_chosen(shop: Scene) -> None:
    async with tab(shop, width=360, height=740, has_touch=True) as (page, complaints):
        await log_in(page, "anna")
        await page.goto("/console/kpi")
        await page.locator(".many summary", has_text="Categoria").tap()
        for box in (await page.locator(".many input[name=category]").all())[:2]:
            await box.tap()
        await page.locator(".kpi-filters [type=submit]").tap()
        await page.wait_for_url("**category=**category=**")
        await expect(page.locator(".awaited")).to_have_count(0)
        assert await page.evaluate("document.documentElement.scrollWidth") <= 360
        assert await findings(page) == []
        await page.locator(".periods a", has_text="Mese scorso").tap()
        await page.wait_for_url("**category=**category=**period=last-month")
        assert complaints == []


@pytest.mark.parametrize(
    ("language", "failed", "again"),
    [("it", "La richiesta non è riuscita.", "Riprova"), ("en", "The request failed.", "Try again")],
)
async def test_a_part_that_does_not_come_says_so_and_can_be_asked_for_again(
    shop: Scene, language: str, failed: str, again: str
) -> None:
    someone = await shop.person("bea", "admin")
    await shop.gateway.stores.database.write(lambda one: staff.change(one, someone.id, language=language))
    async with tab(shop, width=360) as (page, _):
        await log_in(page, "bea")
        await page.route(re.compile("part=(block-reasons|tile-sla)$"), lambda route: route.abort())
        await page.route(re.compile("part=block-sources$"), lambda route: route.fulfill(status=503, body="<h1>Regia</h1>"))
        await page.goto("/console/kpi?period=7")
        await expect(page.locator(".awaited button")).to_have_count(3)
        await expect(page.locator(".awaited")).to_have_count(3)
        for card in await page.locator(".awaited").all():
            assert failed in await card.inner_text()
        assert await page.evaluate("document.documentElement.scrollWidth") <= 360
        assert await findings(page) == []
        await page.unroute_all()
        for left in (2, 1, 0):
            await page.get_by_role("button", name=f"{again}: ").first.click()
            await expect(page.locator(".awaited")).to_have_count(left)
        assert await page.locator("section[aria-labelledby=h-reasons] tbody tr").count() == 1
        assert await page.locator("main .card").count() == len(PARTS)


async def test_who_is_logged_in_no_more_is_led_to_the_log_in_by_asking_again(shop: Scene) -> None:
    async with tab(shop) as (page, _):
        await log_in(page, "anna")
        await page.route(re.compile("part=block-reasons$"), lambda route: route.abort())
        await page.goto("/console/kpi?period=7")
        await expect(page.locator(".awaited")).to_have_count(1)
        await page.unroute_all()
        await page.context.clear_cookies()
        await page.click(".awaited button")
        await page.wait_for_url("**/login**")
