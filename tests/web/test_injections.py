"""Script and markup injection, over a hundred named classes, on every page that shows something of customers, in Chromium.

Each wall is looked at alone: pages without their Content-Security-Policy, mails whose HTML was not sanitised at the way in. Two
controls show that the suite can fail: the same classes on a page that takes no care, and our own pages without escaping.
"""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext

import web.console.page
from regia.http.console.table import ENTRIES
from regia.rules.live import Rules
from router.load import load
from tests.browser import chromium
from tests.console.scene import a_console
from tests.databases import migrated_sqlite
from tests.http import served
from tests.web import injected_pages as sample
from tests.web.injected import SETTLE, Seen, examine, frames, look, watching, without_care
from tests.web.injected_acts import RULES, appearing
from tests.web.injected_contacts import Hostile, sent, unsanitise
from tests.web.injected_figures import GROUPED
from tests.web.injection_words import line, squeezed
from tests.web.injections import INJECTIONS, Injection
from web.console import mail
from web.console.mail import Safe

__all__ = ["migrated_sqlite"]

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass(frozen=True, slots=True)
class Stage:
    browser: Browser
    hostile: Hostile
    base: str

    async def log_in(self, context: BrowserContext) -> None:
        scene, who = self.hostile.scene, self.hostile.who
        await context.add_cookies([{"name": scene.cookie, "value": who.secret, "url": f"{self.base}/console/"}])

    async def mails(self, seen: Seen, context: BrowserContext, *, every: int = 1) -> list[str]:
        """Mails as frames; whatever happened."""
        await self.log_in(context)
        urls = [f"{self.base}/console/messages/{id_}/mail" for id_ in list(self.hostile.mails)[::every]]
        markup = await frames(context, f"{self.base}/", urls)
        return [*markup, *seen.everything]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> AsyncIterator[Stage]:
    with pytest.MonkeyPatch.context() as patch:
        found = replace(served.configured(), rules=Rules(live={"*": load([("rules.yaml", RULES)])}))
        patch.setattr(served, "configured", lambda: found)
        async with (
            a_console(tmp_path_factory.mktemp("stage"), migrated_sqlite, public_url=None) as scene,
            chromium() as browser,
        ):
            who = await scene.logged_in(await scene.person("admin.one", "admin"))
            hostile = await sent(scene, who)
            yield Stage(browser, hostile, f"http://127.0.0.1:{scene.client.port}")


async def test_there_are_enough_classes_each_with_its_source() -> None:
    assert len({one.name for one in INJECTIONS}) == len(INJECTIONS) >= 40
    assert len({one.payload for one in INJECTIONS}) == len(INJECTIONS)
    assert all(one.source for one in INJECTIONS)


async def test_every_page_of_the_console_is_looked_at() -> None:
    known = {view.address for view in sample.VIEWS}
    known |= sample.NOTHING_OF_CUSTOMERS | sample.AS_A_FILE | sample.AS_A_FRAME | sample.PARTS
    assert [entry.path for entry in ENTRIES if entry.method == "GET" and entry.path not in known] == []


async def test_control_a_page_without_care(stage: Stage) -> None:
    done = await without_care(stage.browser, INJECTIONS)
    assert {name: (one.effect, done[name]) for name, one in _by_name().items() if one.effect != done[name]} == {}
    assert Counter(done.values())["none"] < len(INJECTIONS) / 3, "most of them do something"


async def test_control_our_own_pages_without_escaping(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web.console.page, "TEMPLATES", web.console.page.TEMPLATES.overlay(autoescape=False))
    async with watching(stage.browser, own=stage.base, policy=False) as (context, seen):
        await stage.log_in(context)
        urls = [f"{stage.base}/console/messages/{id_}" for id_ in stage.hostile.contacts]
        found = await look(context, urls[::3])
    assert len(seen.fired) > 20
    assert len({one.split()[-1] for one in seen.asked}) > 5
    assert sum(len(one.markup) for one in found.values()) > 20


@pytest.mark.parametrize("policy", [False, True], ids=["escaping alone", "as it is served"])
async def test_nothing_runs_or_asks_elsewhere_on_any_page(stage: Stage, policy: bool) -> None:
    async with watching(stage.browser, own=stage.base, policy=policy) as (context, seen):
        await stage.log_in(context)
        paths = await sample.pages(stage.hostile)
        found = await look(context, [f"{stage.base}{path}" for path in (paths if not policy else paths[::5])])
    assert seen.everything == []
    assert {url: one.markup for url, one in found.items() if one.markup} == {}
    if not policy:
        for id_, some in stage.hostile.contacts.items():
            said = squeezed(found[f"{stage.base}/console/messages/{id_}"].text)
            assert [one.name for one in some if squeezed(one.payload) not in said] == [], "it is shown as it was written"
        for path, groups in GROUPED.items():
            said = squeezed(found[f"{stage.base}{path}"].text)
            assert [one for one in groups if squeezed(one) not in said] == [], "figures are grouped by it"


async def test_nothing_runs_in_what_appears_on_an_open_page(stage: Stage) -> None:
    async with watching(stage.browser, own=stage.base, policy=False) as (context, seen):
        await stage.log_in(context)
        found = await appearing(stage.hostile, context, stage.base)
        assert {name: markup for name, markup in found.items() if markup} == {}
        await asyncio.sleep(SETTLE)
    assert seen.everything == []


async def test_control_what_appears_without_escaping(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    careless = web.console.page.TEMPLATES.overlay(autoescape=False)
    some = [_by_name()[name] for name in ("error of an image", "picture that tells who reads")]
    async with watching(stage.browser, own=stage.base, policy=False) as (context, seen):
        await stage.log_in(context)
        found = await appearing(
            *(stage.hostile, context, stage.base),
            some=some,
            before=lambda: monkeypatch.setattr(web.console.page, "TEMPLATES", careless),
        )
    assert [name for name, markup in found.items() if not markup] == []
    assert len(seen.fired) > 5
    assert seen.asked


async def test_files_are_saved_under_names_that_are_names(stage: Stage) -> None:
    scene, who = stage.hostile.scene, stage.hostile.who
    seen = 0
    for id_ in stage.hostile.contacts:
        page = await scene.page(f"/messages/{id_}", who)
        for link in page.css("a[href*='/files/']"):
            answer = await scene.get((link.attributes["href"] or "").removeprefix("/console"), who)
            assert answer.status == 200
            assert re.fullmatch(r"attachment; filename\*=UTF-8''[A-Za-z0-9%._~-]+", answer.headers["Content-Disposition"])
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert "sandbox" in answer.headers["Content-Security-Policy"]
            seen += 1
    assert seen >= len(stage.hostile.contacts)
    split = quote('x"\r\nSet-Cookie: a=b\r\n\r\n<script>fire()</script>', safe="")
    for path in (f"/messages/{split}/raw", f"/messages/{id_}/files/{split}", f"/kpi.csv?kpi={split}", f"/account?said={split}"):
        answer = await scene.get(path, who)
        assert "Set-Cookie" not in answer.headers
        assert "<script>fire" not in await answer.text()


async def test_every_address_that_answers_a_page_is_known(stage: Stage) -> None:
    """Of the whole gateway; those of the console are in `VIEWS`."""
    found = set()
    for route in stage.hostile.scene.client.app.router.routes():  # type: ignore[union-attr]
        path = route.resource.canonical if route.resource else ""
        if path.startswith("/console") or route.method not in ("GET", "POST"):
            continue
        known = path.format_map(_Named())
        answer = await stage.hostile.scene.client.request(
            route.method, known, headers=served.ALL | {"Accept": "text/html"}, allow_redirects=False
        )
        if answer.content_type == "text/html":
            found.add(path)
    assert found == sample.PAGES_OF_CUSTOMERS.keys()


async def test_nothing_runs_in_the_frame_of_any_mail(stage: Stage) -> None:
    async with watching(stage.browser, own=stage.base, policy=False) as (context, seen):
        assert await stage.mails(seen, context, every=3) == []


async def test_nothing_runs_in_the_frame_of_mails_that_were_not_sanitised_before(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await unsanitise(stage.hostile)
    async with watching(stage.browser, own=stage.base, policy=False) as (context, seen):
        assert await stage.mails(seen, context) == []
    # And the control: the same without the sanitiser.
    monkeypatch.setattr(mail, "safe", lambda html, _images: Safe(html, 0))
    async with watching(stage.browser, own=stage.base, policy=False) as (context, seen):
        assert await stage.mails(seen, context, every=3)
        assert len({one.split()[0] for one in seen.fired}) > 10
        assert len({one.split()[0] for one in seen.asked}) > 4
    # The policy of the frame alone: nothing runs, and nothing is asked for.
    async with watching(stage.browser, own=stage.base) as (context, seen):
        await stage.mails(seen, context, every=3)
        assert (seen.fired, seen.asked) == ([], [])


async def test_forms_that_come_back_with_what_was_typed(stage: Stage) -> None:
    said = " ".join(line(one) for one in INJECTIONS)
    async with watching(stage.browser, own=stage.base, policy=False) as (context, seen):
        tab = await context.new_page()
        await tab.goto(f"{stage.base}/console/login")
        await tab.fill("[name=name]", said)
        await tab.fill("[name=password]", "x")
        await tab.click("main [type=submit]")
        assert (await examine(tab)).markup == []
        await tab.goto(f"{stage.base}/forms/form")
        for name in await tab.evaluate("[...document.querySelectorAll('input[type=text],textarea')].map((one) => one.name)"):
            await tab.fill(f"[name={name}]", said[:2000])
        await tab.evaluate("document.querySelector('form').noValidate = true")
        await tab.click("form button")
        assert (await examine(tab)).markup == []
        await stage.log_in(context)
        id_ = next(iter(stage.hostile.contacts))
        await tab.goto(f"{stage.base}/console/messages/{id_}")
        await tab.fill("[name=note]", said)
        await tab.click("form[action$=reroute] [type=submit]")
        await tab.wait_for_selector(".error")
        assert await tab.input_value("[name=note]") == said
        assert (await examine(tab)).markup == []
        assert seen.everything == []


class _Named(dict[str, str]):
    """What stands in addresses: names that there are, and for the others something."""

    def __missing__(self, name: str) -> str:
        return {"connector": "form", "what": "config"}.get(name.partition(":")[0], "x")


def _by_name() -> dict[str, Injection]:
    return {one.name: one for one in INJECTIONS}
