"""An integrator at work, in Chromium: edits a rule, sees the decision change, sees what else would, goes live, rolls back."""

from pathlib import Path

from tests.console.at_work import looking, routing, send
from tests.console.scene import a_console

RULE = """
  - name: where-are-you
    when: {text: {words: [dove]}}
    then: {category: returns, tags: [dove], priority: 3}
"""


async def test_an_integrator_edits_goes_live_and_rolls_back(tmp_path: Path, migrated_sqlite: Path) -> None:
    async with a_console(tmp_path, migrated_sqlite, public_url=None) as scene:
        before = [await send(scene, text) for text in ("Dove siete?", "Buongiorno")]
        assert (await routing(scene, before[0]))["category"] == "general"
        lia = await scene.logged_in(await scene.person("lia", "admin"))
        async with looking(scene, lia) as (tab, complaints):
            root = str(scene.client.make_url("/console/rules"))
            await tab.goto(root)
            first = await tab.get_attribute("#h-live + p .hash", "title")
            await tab.click("text=Banco di prova")
            await tab.fill("#f-text", "Dove siete?")
            await tab.wait_for_selector("text=Come con le regole in uso", timeout=60_000)

            area = tab.locator("#source-0")
            await area.press("Control+End")
            await area.evaluate("(area, text) => document.execCommand('insertText', false, text)", RULE.replace("]}}", "]}"))
            await tab.wait_for_selector("#result .problems a")
            await tab.click("#result .problems a")
            line = "area => area.value.slice(0, area.selectionStart).split('\\n').length"
            assert await area.evaluate(line) == 13, "the cursor is where the bracket is missing"
            assert await tab.evaluate("document.activeElement.id") == "source-0"

            await area.evaluate(
                "area => area.setSelectionRange(area.value.indexOf('[dove]}') + 7, area.value.indexOf('[dove]}') + 7)"
            )
            await area.evaluate("() => document.execCommand('insertText', false, '}')")
            await tab.wait_for_selector("#result .moves ins:has-text('returns')")
            assert "where-are-you" in await tab.inner_text("#result .why .matched")

            await tab.reload()
            assert "where-are-you" in await area.input_value(), "the draft is kept"
            assert await tab.input_value("#f-text") == "Dove siete?"
            await tab.click("text=Confronta e metti in uso")
            assert "su 2 andrebbero diversamente" in await tab.inner_text(".counts")
            assert (await tab.inner_text(".counts .big")) == "1"
            assert before[0] in (await tab.get_attribute("table.moves td a", "href") or "")
            await tab.click("text=Salva e metti in uso")
            await tab.wait_for_selector("#h-versions")
            assert (await routing(scene, await send(scene, "Dove siete adesso?")))["decided_by"]["category"] == "where-are-you"

            await tab.click("text=Torna a questa")
            await tab.click("text=Metti in uso questa versione")
            await tab.wait_for_selector("#h-versions")
            assert await tab.get_attribute("#h-live + p .hash", "title") == first
            assert (await routing(scene, await send(scene, "Dove siete dunque?")))["category"] == "general"
        assert not complaints
        acts = [(act, result) for _, act, _, result in await scene.audit() if act == "rules.activate"]
        assert acts == [("rules.activate", "done")] * 2
