"""Queues, dead letters and quarantine in the console: what is shown to whom, what is done in bulk, and what is written down."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser

from dispatcher.base import QueueState
from regia.http.console import depths
from regia.http.console.depths import Depths
from tests.console.at_work import bury, hold, looking, send
from tests.console.scene import Scene, Somebody, a_console
from tests.http.served import worked_off
from tests.web.accessible import findings

LONG = "x" * 4000


@pytest.fixture
async def plain(tmp_path: Path, migrated_sqlite: Path) -> AsyncIterator[Scene]:
    """A console on plain http, for Chromium."""
    async with a_console(tmp_path, migrated_sqlite, public_url=None) as made:
        yield made


async def login(scene: Scene, role: Any) -> Somebody:
    return await scene.logged_in(await scene.person(f"one.{role}", role))


def words(page: LexborHTMLParser, selector: str) -> list[str]:
    return [" ".join(one.text(separator=" ").split()) for one in page.css(selector)]


async def posted(scene: Scene, path: str, who: Somebody, fields: dict[str, str], status: int = 200) -> LexborHTMLParser:
    answer = await scene.post(path, who, fields)
    assert answer.status == status, await answer.text()
    return LexborHTMLParser(await answer.text())


async def test_depths_are_shown_and_what_is_not_known_says_so(scene: Scene) -> None:
    await bury(scene, "Buongiorno")
    await send(scene, "Vorrei un rimborso")
    page = await scene.page("/queues", await login(scene, "viewer"))
    rows = {row.css_first("th").text(): words(row, "td") for row in page.css("table.queues tbody tr")}  # type: ignore[arg-type]
    ready, taken, _, into, out, consumers, oldest = rows["demo.returns"]
    assert (ready, taken, into, out, consumers) == ("1", "0", "0,00", "—", "?")
    assert oldest.startswith("20")
    assert rows["demo.general"][0] == "0"
    assert words(page, ".depth-figures strong") == ["1", "0", "2"]
    part = await scene.get("/queues/figures", await login(scene, "agent"), **{"HX-Request": "true"})
    assert (await part.text()).strip().startswith('<div id="figures"')


async def test_what_went_out_is_what_the_depth_lacks() -> None:
    class Queues:
        def __init__(self, ready: list[int]) -> None:
            self.ready = ready

        async def states(self) -> list[QueueState]:
            return [QueueState(name="demo.general", ready=self.ready.pop(0), leased=-1)]

    known = Depths(Queues([7, 4]))  # type: ignore[arg-type]
    await known.now()
    known.looks[-1] = depths.Look(known.looks[-1].at - 20, known.looks[-1].depths)
    await known.now()
    await known.close()
    assert (known.change("demo.general", 300), round(known.window(300)), known.course("demo.general")) == (-3, 20, [7, 4])
    assert known.window(10) == 0, "nothing is known of the last ten seconds alone"


async def test_viewers_see_dead_letters_masked_and_do_nothing(scene: Scene) -> None:
    (id_,) = await bury(scene, "Sono Anna")
    viewer = await login(scene, "viewer")
    page = await scene.page("/queues/dead", viewer)
    assert words(page, "td.preview") == ["•••• ••••"]
    assert not page.css("input[type=checkbox]")
    assert (await scene.get(f"/queues/dead/{id_}", viewer)).status == 403
    assert (await scene.post("/queues/dead/redrive", viewer, {"all": "yes"})).status == 403


async def test_letters_are_driven_again_by_tick_and_by_filter(scene: Scene) -> None:
    await bury(scene, "Uno", "Due", LONG)
    agent = await login(scene, "agent")
    page = await scene.page("/queues/dead?reason=rejected", agent)
    ids = [one.attributes["value"] or "" for one in page.css("tbody input[name=id]")]
    assert len(ids) == 3
    assert (await scene.page("/queues/dead?reason=expired", agent)).css("tbody input") == []
    page = await posted(scene, "/queues/dead/redrive", agent, {"id": ids[0]})
    assert words(page, ".notice strong") == ["1 rispedite."]
    page = await posted(scene, "/queues/dead/redrive", agent, {"all": "yes", "reason": "rejected"})
    assert words(page, ".notice strong") == ["2 rispedite."]
    assert not page.css("tbody tr")
    await posted(scene, "/queues/dead/redrive", agent, {}, status=422)
    found = [(what, result) for _, act, what, result in await scene.audit() if act == "dead.redrive"]
    assert found == [("", "nothing_chosen"), ("filter", "done"), (ids[0], "done")]


async def test_letters_are_discarded_only_when_asked_twice_with_a_reason(scene: Scene) -> None:
    await bury(scene, "Uno", "Due")
    admin, agent = await login(scene, "admin"), await login(scene, "agent")
    assert (await scene.post("/queues/dead/discard", agent, {"all": "yes"})).status == 403
    page = await posted(scene, "/queues/dead/discard", admin, {"all": "yes"})
    assert words(page, "#h-sure") == ["Lettere da eliminare: 2"]
    await posted(scene, "/queues/dead/discard", admin, {"all": "yes", "sure": "yes"}, status=422)
    assert len((await scene.page("/queues/dead", admin)).css("tbody tr")) == 2, "nothing was done yet"
    page = await posted(scene, "/queues/dead/discard", admin, {"all": "yes", "sure": "yes", "why": "prova"})
    assert words(page, ".notice strong") == ["2 eliminate."]
    assert [row[1:] for row in await scene.audit()] == [
        ("dead.discard", "filter", "done"),
        ("dead.discard", "", "scope_missing"),
    ]


async def test_a_letter_is_looked_at_and_edited(scene: Scene) -> None:
    (id_,) = await bury(scene, "Buongiorno <script>alert(1)</script>")
    admin = await login(scene, "admin")
    body = (await scene.page(f"/queues/dead/{id_}", admin)).css_first("#f-body").text()
    page = await posted(scene, f"/queues/dead/{id_}/edit", admin, {"body": body.replace(id_, "other")}, status=422)
    assert "another id" in words(page, ".error")[0]
    changed = {"body": body.replace("Buongiorno", "Buonasera")}
    assert (await scene.post(f"/queues/dead/{id_}/edit", admin, changed)).status == 303
    page = await scene.page(f"/queues/dead/{id_}", admin)
    assert "Buonasera" in page.css_first("#f-body").text()
    assert not page.css("main script")
    acts = [(act, what, result) for _, act, what, result in await scene.audit()]
    assert ("dead.view", id_, "done") in acts
    assert [one for one in acts if one[0] == "dead.edit"] == [("dead.edit", id_, "done"), ("dead.edit", id_, "malformed")]


async def test_what_is_held_is_edited_and_read_again(scene: Scene) -> None:
    good = b'{"text": "Ciao", "sender": {"handle": {"kind": "email", "value": "a@b.it"}}}'
    await hold(scene, b'{"text": 7}', b"\xff\xfe\x00")
    admin = await login(scene, "admin")
    page = await scene.page("/queues/quarantine?reason=unreadable", admin)
    assert len(page.css("tbody tr")) == 2
    page = await posted(scene, "/queues/quarantine/redrive", admin, {"all": "yes", "reason": "unreadable"})
    assert words(page, ".notice")[0].startswith("0 riletti e accettati. 2 non si possono ancora leggere.")
    assert not (await scene.page("/queues/quarantine/desk-1", admin)).css("#f-body"), "these bytes are no text"
    assert (await scene.post("/queues/quarantine/desk-0/edit", admin, {"body": good.decode()})).status == 303
    page = await posted(scene, "/queues/quarantine/redrive", admin, {"id": "desk-0"})
    assert words(page, ".notice strong") == ["1 riletti e accettati."]
    page = await posted(scene, "/queues/quarantine/discard", admin, {"id": "desk-1"})
    assert words(page, "#h-sure") == ["Da mettere da parte: 1"]
    await posted(scene, "/queues/quarantine/discard", admin, {"id": "desk-1", "sure": "yes", "why": "prova"})
    assert words(await scene.page("/queues/quarantine", admin), ".empty")[0].startswith("La quarantena è vuota")
    await worked_off(scene.gateway)


async def test_pages_are_accessible_and_fit_a_phone(plain: Scene) -> None:
    (id_, *_) = await bury(plain, "Buongiorno", LONG, "مرحبا، أين طلبي؟")
    await hold(plain, b'{"text": 7}', b"7" * 4000)
    admin = await login(plain, "admin")
    paths = ("/queues", "/queues/dead", f"/queues/dead/{id_}", "/queues/quarantine", "/queues/quarantine/desk-0")
    async with looking(plain, admin, viewport={"width": 390, "height": 844}) as (tab, complaints):
        for path in paths:
            await tab.goto(str(plain.client.make_url(f"/console{path}")))
            assert await findings(tab) == [], path
            assert await tab.evaluate("document.documentElement.scrollWidth") <= 390, path
        assert complaints == []
