"""As an agent would: finds a customer by a part of an address, sees the e-mail of last week, merges the suggestion, replies,
undoes the merge. In Chromium, before a gateway; afterwards the database is as docs/identity.md says."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect
from sqlalchemy import select

from storage.schema import audit, handles, messages, outgoing, suggestions
from tests.console.browser import log_in, tab
from tests.console.people_of_a_shop import ADDRESS, anna, customer, owner
from tests.console.scene import Scene, a_console


@pytest.fixture
async def scene(tmp_path: Path, migrated_sqlite: Path) -> AsyncIterator[Scene]:
    """At an address of this machine, where a browser takes its cookies."""
    async with a_console(tmp_path, migrated_sqlite, public_url=None) as made:
        yield made


async def rows(scene: Scene, query: Any) -> list[Any]:
    return list(await scene.gateway.stores.database.read(lambda one: one.execute(query).all()))


async def test_an_agent_finds_merges_replies_and_undoes_the_merge(scene: Scene) -> None:
    by_mail, by_app = await anna(scene)
    before = {id_: await customer(scene, id_) for id_ in (by_mail, by_app)}
    giulia = await scene.person("giulia.r", "agent", display="Giulia")
    async with tab(scene) as (page, complaints):
        await log_in(page, "giulia.r")
        await page.click("nav >> text=Clienti")

        await page.locator("#f-q").press_sequentially("bianchi@ex")
        row = page.locator("#found tbody tr")
        await expect(row).to_have_count(1)
        await expect(row).to_contain_text(ADDRESS)
        await row.locator("a").click()
        await page.wait_for_url(f"**/customers/{by_mail}")

        await expect(page.locator(".timeline li.in")).to_contain_text("arrivata con il manico graffiato")
        await expect(page.locator(".timeline .subject")).to_have_text("Padella graffiata")
        await expect(page.locator(".suggestion .why")).to_contain_text("Uno dei due ha indicato un recapito dell'altro")

        await page.click(".suggestion a:has-text('Unisci')")
        await expect(page.locator("h1")).to_have_text("Unire questi due clienti?")
        await page.click("button:has-text('Unisci i due clienti')")
        await expect(page.locator("main > .notice")).to_contain_text("I due clienti sono uno")
        await expect(page.locator(".timeline li.in")).to_have_count(2)
        assert {await owner(scene, "email", ADDRESS), await owner(scene, "phone", "+393331234567")} == {by_mail}

        await page.fill("textarea[name=text]", "Gentile Anna, le mandiamo subito una padella nuova.")
        await expect(page.locator(".reply .to")).to_contain_text(ADDRESS)
        await page.dblclick(".reply button[type=submit]")
        await expect(page.locator("#watched")).to_contain_text(ADDRESS)
        await expect(page.locator(".timeline li.out")).to_contain_text("una padella nuova")

        await page.click("text=Annulla l'unione")
        await expect(page.locator("h1")).to_have_text("Annullare questa unione?")
        await page.click('button:has-text("Annulla l\'unione")')
        await page.wait_for_url(f"**/customers/{by_app}?said=unmerged")
        await expect(page.locator(".timeline li.in")).to_have_count(1)
        assert complaints == []
    await _both_are_as_before(scene, before, by_mail, by_app, f"staff/{giulia.id}")


async def _both_are_as_before(scene: Scene, before: dict[str, Any], by_mail: str, by_app: str, agent: str) -> None:
    same = ("standing", "root_id", "merged_into", "name", "facts", "own_facts", "tags", "messages", "first_seen_ms", "crm_id")
    for id_, row in before.items():
        after = await customer(scene, id_)
        assert {name: getattr(after, name) for name in same} == {name: getattr(row, name) for name in same}
    links = await rows(scene, select(handles.c.customer_id, handles.c.home_id, handles.c.ended_ms))
    assert {(link.customer_id, link.ended_ms) for link in links} == {(by_mail, None), (by_app, None)}
    assert all(link.customer_id == link.home_id for link in links)
    reasons = await rows(scene, select(suggestions.c.reason, suggestions.c.state))
    assert {tuple(one) for one in reasons} == {("same_claim", "rejected"), ("similar_name", "rejected")}
    (reply,) = await rows(scene, select(outgoing))
    assert (reply.handle_value, reply.author) == (ADDRESS, "Giulia")
    answered = await rows(scene, select(messages.c.handle_id).where(messages.c.id == reply.message_id))
    assert answered
    acts = await rows(scene, select(audit.c.action, audit.c.actor).where(audit.c.actor == agent).order_by(audit.c.position))
    assert [act.action for act in acts] == ["merged", "accepted", "unmerged"]
    looked = [(act, what) for _, act, what, result in await scene.audit() if act == "customer.look" and result == "done"]
    assert ("customer.look", by_mail) in looked
    done = [act for _, act, _, _ in reversed(await scene.audit()) if not act.endswith((".look", "login"))]
    assert done[0] == "suggestion.accept"
    assert done[-1] == "customer.unmerge"


async def test_a_language_is_called_by_its_name(scene: Scene) -> None:
    by_mail, _ = await anna(scene)
    await scene.person("giulia.r", "agent", display="Giulia")
    async with tab(scene) as (page, complaints):
        await log_in(page, "giulia.r")
        await page.goto(f"/console/customers/{by_mail}")
        await page.click("#profile summary >> text=Modifica")
        await page.fill("#profile [name=language]", "fr")
        await page.click("#profile button[type=submit]")
        await expect(page.locator("#profile dl.facts")).to_contain_text("francese")
        await expect(page.locator("#profile [name=language]")).to_have_value("fr")
        assert complaints == []
