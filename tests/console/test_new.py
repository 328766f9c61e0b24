"""The page New contact: quick to fill, nothing lost, and the same way in as for every other contact."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest
import pytest_asyncio
from playwright.async_api import Page as Tab
from selectolax.lexbor import LexborHTMLParser

from storage import lookup
from tests.browser import chromium
from tests.console.contacts_in import contact_in, settled
from tests.console.scene import PASSWORD, Scene, Somebody, a_console
from tests.databases import migrated_sqlite
from tests.web.accessible import findings

__all__ = ["migrated_sqlite"]

pytestmark = pytest.mark.asyncio(loop_scope="module")

ANNA = {"handle": {"kind": "phone", "value": "+393331234567"}, "name": "Anna Bianchi"}


@dataclass(frozen=True, slots=True)
class Counter:
    scene: Scene
    agent: Somebody
    base: str

    @property
    def name(self) -> str:
        assert self.agent.person is not None
        return self.agent.person.name

    async def post(self, **fields: str) -> tuple[int, str, LexborHTMLParser]:
        """Status, where it goes on, and the page."""
        answer = await self.scene.post("/new", self.agent, {"where": "desk/demo/api", "submission": "s" * 24, **fields})
        return answer.status, answer.headers.get("Location", ""), LexborHTMLParser(await answer.text())

    async def envelope(self, id_: str) -> dict[str, object]:
        await settled(self.scene)
        row = await self.scene.gateway.stores.database.read(lambda one: lookup.message(one, id_))
        assert row is not None
        data: dict[str, object] = orjson.loads(row["envelope"])["data"]
        return data | {"customer_id": row["customer_id"]}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def counter(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> AsyncIterator[Counter]:
    async with a_console(tmp_path_factory.mktemp("counter"), migrated_sqlite, public_url=None) as scene:
        await contact_in(scene, sender=ANNA, text="Prima domanda")
        await settled(scene)
        agent = await scene.logged_in(await scene.person("giulia", "agent"))
        yield Counter(scene, agent, f"http://127.0.0.1:{scene.client.port}")


def id_of(where: str) -> str:
    return parse_qs(urlsplit(where).query)["done"][0]


async def test_a_visit_is_accepted_with_its_number_and_its_customer(counter: Counter) -> None:
    found = LexborHTMLParser(await (await counter.scene.get("/new/customers?q=anna", counter.agent)).text())
    link = found.css_first("input[name=link]").attributes["value"] or ""  # type: ignore[union-attr]
    fields = {"kind": "visit", "link": link, "text": "Vorrei un rimborso", "shop": "milano-duomo", "hint": "returns"}
    status, where, _ = await counter.post(**fields, submission="a" * 24)
    assert status == 303
    done = await counter.scene.page(where.removeprefix("/console"), counter.agent)
    assert re.search(r"R-[2-9A-Z]{10}", done.css_first("[data-draft-done]").text())  # type: ignore[union-attr]
    data = await counter.envelope(id_of(where))
    assert (data["kind"], data["channel"], data["text"]) == ("visit", "api", "Vorrei un rimborso")
    assert data["fields"] == {"shop": "milano-duomo", "colleague": counter.name, "reason": "returns"}
    assert data["customer_id"] in where, "the customer who was chosen"
    # The same once more is the same contact; another one under the same key is none.
    again = await counter.post(**fields, submission="a" * 24)
    assert again[:2] == (303, where)
    status, _, page = await counter.post(**(fields | {"text": "Altro"}), submission="a" * 24)
    assert (status, page.css_first("textarea").text().strip()) == (409, "Altro")  # type: ignore[union-attr]
    assert page.css_first("[name=submission]").attributes["value"] != "a" * 24  # type: ignore[union-attr]
    acts = [row for row in await counter.scene.audit() if row[1] == "contact.new"]
    assert (counter.agent.person.id, "contact.new", id_of(where), "done") in acts  # type: ignore[union-attr]


async def test_a_call_of_somebody_new_with_where_to_answer(counter: Counter) -> None:
    typed = {
        "kind": "call",
        "name": "Marco",
        "phone": "347 1112223",
        "email": "Marco@Example.it",
        "reply": "email",
        "text": "Dov'è?",
    }
    _, where, _ = await counter.post(**typed, submission="b" * 24)
    data = await counter.envelope(id_of(where))
    assert (data["kind"], data["call"]) == (
        "call",
        {"direction": "inbound", "state": "answered", "duration": None, "recording": None},
    )
    assert data["reply"]["via"] == {"kind": "email", "value": "marco@example.it", "proof": "claimed"}  # type: ignore[index]
    assert data["sender"]["handle"] == {"kind": "phone", "value": "+393471112223", "proof": "claimed"}  # type: ignore[index]


async def test_somebody_who_says_nothing_of_themselves(counter: Counter) -> None:
    _, where, _ = await counter.post(kind="visit", text="Solo uno sguardo", submission="c" * 24)
    data = await counter.envelope(id_of(where))
    assert data["sender"]["handle"]["kind"] == "unknown_visitor"  # type: ignore[index]


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"kind": "visit"}, "text"),
        ({"kind": "visit", "text": "x", "phone": "12"}, "phone"),
        ({"kind": "visit", "text": "x", "email": "no address"}, "email"),
        ({"kind": "visit", "text": "x", "phone": "+393331234567", "email": "no address"}, "email"),
        ({"kind": "call", "text": "x", "reply": "email"}, "reply"),
        ({"kind": "visit", "text": "x", "where": "nothing/demo/api"}, "where"),
        ({"kind": "visit", "text": "x" * 30_000}, None),
    ],
)
async def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(
    counter: Counter, fields: dict[str, str], wrong: str | None
) -> None:
    status, _, page = await counter.post(**{"name": "Più & <b>", "shop": "roma"} | fields)
    assert status in (400, 413, 422)
    assert page.css_first(f"#e-{wrong}" if wrong else ".notice.bad") is not None
    assert page.css_first("[name=name]").attributes["value"] == "Più & <b>"  # type: ignore[union-attr]
    assert page.css_first("textarea").text().strip() == fields.get("text", "")  # type: ignore[union-attr]


async def test_a_telephone_that_rings_is_shown_and_fills_the_form_in(counter: Counter) -> None:
    ringing = await contact_in(counter.scene, sender=ANNA, kind="call", call={"state": "ringing"}, external_id="call-1")
    other = await contact_in(counter.scene, sender=ANNA, kind="call", call={"state": "answered"})
    await settled(counter.scene)
    calls = (await counter.scene.page("/new", counter.agent)).css_first("#calls").html or ""  # type: ignore[union-attr]
    assert ringing in calls
    assert other not in calls
    page = await counter.scene.page(f"/new?call={ringing}", counter.agent)
    assert page.css_first("[name=phone]").attributes["value"] == "+393331234567"  # type: ignore[union-attr]
    assert page.css_first("[name=kind][checked]").attributes["value"] == "call"  # type: ignore[union-attr]
    assert page.css_first("[name=link][checked]") is not None
    assert (await counter.scene.get("/new?call=nobody", counter.agent)).status == 404


async def test_without_a_script_the_search_keeps_what_was_typed(counter: Counter) -> None:
    status, _, page = await counter.post(kind="call", text="Ha chiamato", q="Anna B", search="1")
    assert (status, page.css_first("textarea").text().strip()) == (200, "Ha chiamato")  # type: ignore[union-attr]
    assert "Anna Bianchi" in page.css_first("#found").text()  # type: ignore[union-attr]


async def test_nothing_typed_is_lost_by_a_log_out(counter: Counter) -> None:
    async with chromium() as browser:
        tab = await browser.new_page(locale="it-IT")
        complaints: list[str] = []
        tab.on("console", lambda said: complaints.append(said.text))
        await _log_in(tab, counter, "/console/new")
        await tab.fill("#f-q", "anna")
        await tab.check("#found input[name=link] >> nth=0")
        assert await findings(tab) == []
        await tab.fill("#f-text", "Il coperchio non chiude")
        await tab.select_option("[name=hint]", "returns")
        await tab.context.clear_cookies()  # the login ends meanwhile
        await tab.click("form[data-draft] > button[type=submit]")
        await _fill_log_in(tab, counter)
        await tab.wait_for_url(re.compile(r"/console/new\?said=login_ended$"))
        assert await tab.input_value("#f-text") == "Il coperchio non chiude"
        assert await tab.input_value("[name=hint]") == "returns"
        await tab.click("form[data-draft] > button[type=submit]")
        await tab.wait_for_selector("[data-draft-done]")
        assert await tab.input_value("#f-text") == ""
        where = tab.url
        await tab.reload()
        assert await tab.input_value("#f-text") == ""
    data = await counter.envelope(id_of(where))
    assert data["sender"]["handle"]["value"] == "+393331234567"  # type: ignore[index]
    assert [said for said in complaints if "Content Security" in said or "Error" in said] == []


async def _log_in(tab: Tab, counter: Counter, path: str) -> None:
    await tab.goto(f"{counter.base}{path}")
    await _fill_log_in(tab, counter)
    await tab.wait_for_url(f"**{path}")


async def _fill_log_in(tab: Tab, counter: Counter) -> None:
    await tab.fill("#f-name", counter.name)
    await tab.fill("#f-password", PASSWORD)
    await tab.click("main button[type=submit]")
