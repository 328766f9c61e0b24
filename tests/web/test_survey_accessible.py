"""The page of a survey by axe-core: asked, refused, answered and over, in both languages, from a phone's width on."""

from typing import Any

import pytest

from normalizer.advice import LANGUAGES, Language
from tests.browser import chromium
from tests.databases import migrated_sqlite
from tests.surveys.shop import surveys
from tests.web.accessible import findings
from tests.web.test_survey_page import CHOICE, YES_NO, Shop, shop

__all__ = ["migrated_sqlite", "shop"]

SCALE_AND_WORDS: dict[str, Any] = {}
"""What a survey asks by itself."""


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("settings", "answers"),
    [(SCALE_AND_WORDS, ["#q-satisfaction-4"]), ({"questions": [CHOICE, YES_NO]}, ["#q-again-sure", "#q-solved-yes"])],
)
async def test_everybody_can_use_it_in_every_state(
    shop: Shop, language: Language, settings: dict[str, Any], answers: list[str]
) -> None:
    shop.gateway.surveys = surveys(**settings)
    at = f"http://127.0.0.1:{shop.client.port}"
    asked = at + await shop.asked(language=language)
    over = at + await shop.asked(id="srv_2", ticket_event="e2", language=language, due_ms=1)
    async with chromium() as browser:
        tab = await browser.new_page()  # with scripts, though the page has none: axe-core is one
        for width, theme in ((800, "dark"), (320, "light")):
            await tab.set_viewport_size({"width": width, "height": 800})
            await tab.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            for path in (over, f"{at}/survey/none?lang={language}", asked):
                await tab.goto(path)
                assert await tab.get_attribute("html", "lang") == language
                assert await findings(tab) == [], (path, width)
            await tab.evaluate("document.querySelector('form').noValidate = true")
            await tab.click("button")
            await tab.wait_for_selector(".error")
            assert await findings(tab) == [], width
        for one in answers:
            await tab.check(one)
        await tab.click("button")
        await tab.wait_for_selector(".outcome")
        assert await findings(tab) == []
