"""A reply that was given already, by the same agent, whose browser went back, or by a colleague meanwhile; and one that was
not, because the login had ended."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import expect
from selectolax.lexbor import LexborHTMLParser
from sqlalchemy import select, update

from desk.meanwhile import JUST_MS
from storage.schema import outgoing
from tests.console.browser import log_in, tab
from tests.console.people_of_a_shop import anna, arrives, mail, owner
from tests.console.scene import PASSWORD, Scene, Somebody, a_console

pytestmark = pytest.mark.asyncio(loop_scope="module")

TEXT = "Gentile Anna, le mandiamo subito una padella nuova."
OTHER = "Gentile Anna, le rimborsiamo la padella."


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> AsyncIterator[Scene]:
    """At an address of this machine, where a browser takes its cookies."""
    async with a_console(tmp_path_factory.mktemp("console"), migrated_sqlite, public_url=None) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def agents(scene: Scene) -> tuple[Somebody, Somebody]:
    first, second = [await scene.person(name, "agent", display=name.title()) for name in ("giulia", "marco")]
    return await scene.logged_in(first), await scene.logged_in(second)


async def sent(scene: Scene, address: str) -> list[str]:
    query = select(outgoing.c.text).where(outgoing.c.handle_value == address).order_by(outgoing.c.position)
    return list(await scene.gateway.stores.database.read(lambda one: one.execute(query).scalars().all()))


def fields(page: LexborHTMLParser) -> dict[str, str]:
    """What the form would send, with the button that it has."""
    found = page.css(".reply form input[type=hidden], .reply form button[name]")
    given = {str(one.attributes["name"]): one.attributes["value"] or "" for one in found}
    area = page.css_first(".reply textarea")
    return {name: value for name, value in given.items() if name != "csrf"} | {"text": area.text() if area else ""}


async def form(scene: Scene, who: Somebody, id_: str) -> dict[str, str]:
    return fields(await scene.page(f"/customers/{id_}", who))


async def answered(scene: Scene, who: Somebody, id_: str, given: dict[str, str]) -> tuple[int, LexborHTMLParser]:
    answer = await scene.post(f"/customers/{id_}/reply", who, given)
    return answer.status, LexborHTMLParser(await answer.text())


async def test_the_same_words_by_another_key_are_asked_about(scene: Scene, agents: tuple[Somebody, Somebody]) -> None:
    address = "dora@twice.example"
    id_, _ = await anna(scene, "Dora Riva", address, "+393385560001")
    giulia, _ = agents
    assert (await answered(scene, giulia, id_, await form(scene, giulia, id_) | {"text": TEXT}))[0] == 303
    status, page = await answered(scene, giulia, id_, await form(scene, giulia, id_) | {"text": TEXT})
    assert (status, await sent(scene, address)) == (409, [TEXT])
    assert "Vuoi mandarlo di nuovo?" in page.css_first("#before").text()  # type: ignore[union-attr]
    again = fields(page)
    assert again["text"] == TEXT
    assert [act[3] for act in await scene.audit() if act[1] == "customer.reply" and act[2] == id_][:1] == ["said_before"]
    assert (await answered(scene, giulia, id_, again))[0] == 303
    assert await sent(scene, address) == [TEXT, TEXT]
    status, _ = await answered(scene, giulia, id_, again | {"key": "k-third"})
    assert status == 409, "it was sure of the first one only"


async def test_other_words_another_address_and_what_is_long_ago_are_not(
    scene: Scene, agents: tuple[Somebody, Somebody]
) -> None:
    giulia, _ = agents
    address = "elsa@twice.example"
    id_, _ = await anna(scene, "Elsa Riva", address, "+393385560002")
    for text in (TEXT, OTHER):
        assert (await answered(scene, giulia, id_, await form(scene, giulia, id_) | {"text": text}))[0] == 303
    other, _ = await anna(scene, "Olga Riva", "olga@twice.example", "+393385560003")
    assert (await answered(scene, giulia, other, await form(scene, giulia, other) | {"text": TEXT}))[0] == 303
    older = update(outgoing).where(outgoing.c.handle_value == address)
    older = older.values(created_ms=outgoing.c.created_ms - JUST_MS)
    await scene.gateway.stores.database.write(lambda one: one.execute(older))
    assert (await answered(scene, giulia, id_, await form(scene, giulia, id_) | {"text": TEXT}))[0] == 303
    assert await sent(scene, address) == [TEXT, OTHER, TEXT]


async def test_who_answers_after_a_colleague_reads_it_first(scene: Scene, agents: tuple[Somebody, Somebody]) -> None:
    address = "fede@twice.example"
    id_, _ = await anna(scene, "Fede Riva", address, "+393385560004")
    giulia, marco = agents
    ours, theirs = await form(scene, giulia, id_), await form(scene, marco, id_)
    assert (await answered(scene, giulia, id_, ours | {"text": TEXT}))[0] == 303
    await arrives(scene, "mail", mail("fede-again", address, sender_name="Fede Riva"))
    status, page = await answered(scene, marco, id_, theirs | {"text": OTHER})
    assert (status, await sent(scene, address)) == (409, [TEXT])
    told = page.css_first("#before")
    assert told is not None
    assert all(word in told.text() for word in ("Giulia", TEXT))
    assert told.css_first("time") is not None
    again = fields(page)
    assert (again["text"], again["key"]) == (OTHER, theirs["key"])
    assert (await answered(scene, giulia, id_, await form(scene, giulia, id_) | {"text": "Arriva domani."}))[0] == 303
    status, page = await answered(scene, marco, id_, again)
    assert status == 409, "she answered once more"
    assert "Arriva domani." in page.css_first("#before").text()  # type: ignore[union-attr]
    assert TEXT not in page.css_first("#before").text()  # type: ignore[union-attr]
    assert (await answered(scene, marco, id_, fields(page)))[0] == 303
    assert await sent(scene, address) == [TEXT, "Arriva domani.", OTHER]


async def test_of_two_who_answer_at_once_one_is_told(scene: Scene, agents: tuple[Somebody, Somebody]) -> None:
    address = "gina@twice.example"
    await arrives(scene, "mail", mail("gina", address, sender_name="Gina Riva"))
    id_ = await owner(scene, "email", address)
    forms = [await form(scene, one, id_) | {"text": f"{TEXT} {n}"} for n, one in enumerate(agents)]
    found = await asyncio.gather(*(answered(scene, one, id_, given) for one, given in zip(agents, forms, strict=True)))
    assert sorted(status for status, _ in found) == [303, 409]
    assert len(await sent(scene, address)) == 1


async def test_the_back_button_sends_nothing_twice(scene: Scene) -> None:
    address = "ida@twice.example"
    id_, _ = await anna(scene, "Ida Riva", address, "+393385560005")
    await scene.person("sara", "agent")
    page: Any
    async with tab(scene) as (page, _):
        await log_in(page, "sara")
        await page.goto(f"/console/customers/{id_}")
        await page.fill("textarea[name=text]", TEXT)
        await page.click(".reply form button[type=submit]")
        await expect(page.locator("#watched")).to_contain_text(address)
        await page.go_back()
        await expect(page.locator("textarea[name=text]")).to_have_value("")
        await page.fill("textarea[name=text]", TEXT)
        await page.click(".reply form button[type=submit]")
        await expect(page.locator("#before")).to_contain_text("hai già mandato proprio questo")
        assert await sent(scene, address) == [TEXT]
        await page.click("text=Invia di nuovo")
        await expect(page.locator("#watched")).to_contain_text(address)
        assert await sent(scene, address) == [TEXT, TEXT]


async def test_what_was_typed_is_not_lost_with_the_login(scene: Scene) -> None:
    address = "lea@twice.example"
    id_, _ = await anna(scene, "Lea Riva", address, "+393385560006")
    for name in ("nora", "rita"):
        await scene.person(name, "agent")
    page: Any
    async with tab(scene) as (page, _):
        await log_in(page, "nora")
        await page.goto(f"/console/customers/{id_}")
        await page.fill("textarea[name=text]", TEXT)
        await page.context.clear_cookies()  # the login ends meanwhile
        await page.click(".reply form button[type=submit]")
        await enter(page, "nora")
        await page.wait_for_url(f"**/customers/{id_}*")
        await expect(page.locator("main > .notice")).to_contain_text("non è partito")
        await expect(page.locator("[data-draft-back]")).to_be_visible()
        await expect(page.locator("textarea[name=text]")).to_have_value(TEXT)
        assert await sent(scene, address) == []
        await page.click(".reply form button[type=submit]")
        await expect(page.locator("#watched")).to_contain_text(address)
        await expect(page.locator("textarea[name=text]")).to_have_value("")
        await page.fill("textarea[name=text]", OTHER)
        await page.reload()
        await expect(page.locator("textarea[name=text]")).to_have_value(OTHER)
        await page.context.clear_cookies()
        await page.click(".reply form button[type=submit]")
        await enter(page, "rita")
        await page.wait_for_url(f"**/customers/{id_}*")
        await expect(page.locator("textarea[name=text]")).to_have_value("")
        await expect(page.locator("[data-draft-back]")).to_be_hidden()
    assert await sent(scene, address) == [TEXT]


async def enter(page: Any, name: str) -> None:
    await page.fill("#f-name", name)
    await page.fill("#f-password", PASSWORD)
    await page.click("button[type=submit]")


async def test_a_post_without_a_login_says_so_after_it(scene: Scene) -> None:
    url = str(scene.client.make_url("/console/customers/cus_x"))
    answer = await scene.post("/customers/cus_x/reply", fields={"text": TEXT}, Referer=f"{url}?reply=r")
    next_ = parse_qs(urlsplit(answer.headers["Location"]).query)["next"]
    assert (answer.status, next_) == (303, ["/console/customers/cus_x?said=login_ended"])
    answer = await scene.post("/logout", Referer=url)
    assert "login_ended" not in answer.headers["Location"]
