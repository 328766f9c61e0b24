"""A telephone that rings: the exchange tells it, and the customer opens on the page New contact of everybody at a desk."""

from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path

import pytest
from playwright.async_api import Page as Tab
from playwright.async_api import expect
from selectolax.lexbor import LexborHTMLParser

from tests.console.browser import log_in, tab
from tests.console.own import own_console
from tests.console.people_of_a_shop import anna
from tests.console.scene import Scene, Somebody
from tests.console.test_stream import Stream
from tests.http import served
from tests.http.served import worked_off
from tests.web.accessible import findings

EXCHANGE = "  pbx: {type: pbx, brand: demo, account: Milano, secret: '${PBX}'}\n"
MASKED = "console: {mask: {agent: true}}\n"
NUMBER = "+393331234567"


def a_desk(folder: Path, migrated: Path, patch: pytest.MonkeyPatch, more: str = "") -> AbstractAsyncContextManager[Scene]:
    """A console whose gateway hears an exchange."""
    return own_console(folder, migrated, patch, config=f"{more}{served.CONFIG}{EXCHANGE}")


async def ring(scene: Scene, call: str, number: str, state: str = "ringing") -> None:
    """As the exchange posts it (docs/channels/pbx.md)."""
    told = {"call_id": call, "from": number, "to": "+390233300100", "direction": "inbound", "state": state}
    given = {"Authorization": "Bearer secret-of-the-exchange"}
    answer = await scene.client.post("/webhooks/pbx", data=told, headers=given)
    assert answer.status == 200, await answer.text()
    await worked_off(scene.gateway)


async def caller(scene: Scene, who: Somebody) -> LexborHTMLParser:
    """What the page asks for of the call that rings."""
    page = await scene.page("/new", who)
    node = page.css_first("#calls .caller")
    assert node is not None
    return await scene.page((node.attributes["hx-get"] or "").removeprefix("/console"), who)


async def test_a_call_opens_its_customer_for_two_agents(
    tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_desk(tmp_path, migrated_sqlite, monkeypatch) as scene, AsyncExitStack() as open_:
        _, by_app = await anna(scene)
        people = [await scene.person(name, "agent") for name in ("giulia", "ugo")]
        tabs: list[Tab] = []
        for person in people:
            page, complaints = await open_.enter_async_context(tab(scene))
            await log_in(page, person.name)
            await page.goto("/console/new")
            await expect(page.locator("#calls")).to_contain_text("Nessuna chiamata")
            tabs.append(page)
        await tabs[0].fill("#f-text", "Stavo scrivendo")

        await ring(scene, "c1", NUMBER)
        for page in tabs:
            known = page.locator(f'#calls [data-customer="{by_app}"]')
            await expect(known).to_contain_text("Anna Bianchi")
            await expect(known).to_contain_text("verificato")
            await expect(known).to_contain_text("Ancora nessuna risposta?")
        assert await findings(tabs[0]) == []
        assert await tabs[0].input_value("#f-text") == "Stavo scrivendo"
        looked = {(who, what) for who, act, what, _ in await scene.audit() if act == "customer.look"}
        assert {person.id for person in people} == {who for who, what in looked if by_app in what}

        await ring(scene, "c2", "+393471112223")
        await expect(tabs[1].locator("#calls li[id^=c-]")).to_have_count(2)
        await expect(tabs[1].locator("#calls")).to_contain_text("Nessun contatto prima di questa chiamata")
        await ring(scene, "c1", NUMBER, "in-progress")
        for page in tabs:
            await expect(page.locator("#calls li[id^=c-]")).to_have_count(1)
        await ring(scene, "c2", "+393471112223", "no-answer")
        await expect(tabs[0].locator("#calls")).to_contain_text("Nessuna chiamata")
        assert complaints == []


async def test_one_who_is_known_for_sure_fills_the_form_in(
    tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_desk(tmp_path, migrated_sqlite, monkeypatch) as scene:
        _, by_app = await anna(scene)
        who = await scene.logged_in(await scene.person("giulia", "agent"))
        await ring(scene, "c1", NUMBER)
        shown = await caller(scene, who)
        customers = [one.attributes["data-customer"] for one in shown.css("[data-customer]")]
        assert customers[0] == by_app, "before the one whom the number is only claimed for"
        assert len(customers) == 2
        link = next(one.attributes["href"] or "" for one in shown.css("a") if "link=" in (one.attributes["href"] or ""))
        form = await scene.page(link.removeprefix("/console"), who)
        chosen = form.css_first("#found input[name=link][checked]")
        assert chosen is not None
        assert "Anna Bianchi" in chosen.parent.text()  # type: ignore[union-attr]
        await ring(scene, "c2", "anonymous")
        assert "Il numero è nascosto" in (await caller(scene, who)).body.text()  # type: ignore[union-attr]
        assert (await scene.get("/new/caller?call=nobody", who)).status == 404


async def test_who_sees_data_masked_sees_it_masked_here(
    tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_desk(tmp_path, migrated_sqlite, monkeypatch, MASKED) as scene:
        await anna(scene)
        agent = await scene.logged_in(await scene.person("giulia", "agent"))
        viewer = await scene.logged_in(await scene.person("vera", "viewer"))
        await ring(scene, "c1", NUMBER)
        answer = await scene.get("/new/live", agent)
        told = await Stream(answer).until("c-")
        answer.close()
        shown = (await caller(scene, agent)).html or ""
        assert "A. B." in shown
        assert "+39…567" in told
        for text in (told, shown):
            for personal in ("Bianchi", "1234567", "risposta?"):
                assert personal not in text
        for path in ("/new/live", "/new/caller?call=x"):
            assert (await scene.get(path, viewer)).status == 403
        guesses = [(await scene.get(f"/new/customers?q=anna{n}", agent)).status for n in range(61)]
        assert guesses[-1] == 429, "nobody spells an address out by the search of this page"
