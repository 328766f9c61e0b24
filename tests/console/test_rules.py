"""Rules in the console: the playground and its bounds, drafts, what another version would change, going live, hits, and what is
told of files that are wrong."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser

from config.problems import ConfigError, Problem
from regia.http.console import playground
from regia.http.console.parts import CONSOLE
from regia.http.console.playground_sample import of_message
from regia.rules.hits import Matched, RuleHits
from regia.trying import attempt
from regia.trying.bench import Bench, NotTried, Superseded
from router.load import load, load_to_try, ruleset_hash
from storage import drafts, rule_hits
from storage.rule_hits import ALL, DAY_MS
from tests.console.at_work import looking, routing, send
from tests.console.scene import Scene, Somebody, a_console
from tests.http.served import RULES
from tests.web.accessible import findings

NAME = "rules.yaml"
DOVE = RULES + "  - name: dove\n    when: {text: {words: [dove]}}\n    then: {category: returns}\n"
FAILS = DOVE + "tests:\n  - {message: {text: dove}, expect: {category: general}}\n"
SLOW = "lists:\n" + "".join(f"  l{n}: [{', '.join(f'w{n}x{m}' for m in range(60))}]\n" for n in range(900))


@pytest.fixture
async def plain(tmp_path: Path, migrated_sqlite: Path) -> AsyncIterator[Scene]:
    """A console on plain http, for Chromium too."""
    async with a_console(tmp_path, migrated_sqlite, public_url=None) as made:
        yield made


@pytest.fixture(scope="module")
def process() -> Iterator[Bench]:
    """The process that tries rules, started once: that takes as long as all that it is asked here."""
    bench = Bench()
    asyncio.run(bench.warm())
    yield bench
    asyncio.run(bench.close())


@pytest.fixture
def at_hand(process: Bench, request: pytest.FixtureRequest) -> Iterator[None]:
    """The console of this test uses it."""
    made: Scene = request.getfixturevalue("scene" if "scene" in request.fixturenames else "plain")
    bench = made.client.app[CONSOLE].bench  # type: ignore[union-attr]
    bench._pool = process._pool
    yield
    process._pool, bench._pool = bench._pool, None


async def admin(scene: Scene) -> Somebody:
    return await scene.logged_in(await scene.person("lia", "admin"))


def fields(rules: str, **more: str) -> dict[str, str]:
    return {"brand": "*", "base": "sha256:x", "name": NAME, "source": rules} | more


async def tried(scene: Scene, who: Somebody, rules: str, **more: str) -> LexborHTMLParser:
    answer = await scene.post("/rules/playground/try", who, fields(rules, **more), **{"HX-Request": "true"})
    assert answer.status == 200, await answer.text()
    return LexborHTMLParser(await answer.text())


def words(page: LexborHTMLParser, selector: str) -> list[str]:
    return [" ".join(one.text(separator=" ").split()) for one in page.css(selector)]


async def test_the_playground_and_its_drafts(scene: Scene, at_hand: None) -> None:
    lia = await admin(scene)
    page = await tried(scene, lia, DOVE, text="Dove siete?", channel="email")
    assert words(page, ".moves tbody tr")[0] == "Categoria general returns"
    assert words(page, ".why .matched strong") == ["dove"]
    page = await tried(scene, lia, DOVE, text="Ciao", facts="customer.tier: gold\n")
    assert words(page, ".verdict") == ["Come con le regole in uso"]

    page = await tried(scene, lia, RULES.replace("[rimborso]", "[rimborso"))
    (wrong,) = page.css(".problems a")
    assert (wrong.attributes["href"], wrong.attributes["data-goto"]) == ("#source-0", "9:26")
    page = await tried(scene, lia, DOVE, text="dove", facts="customer.teir: gold\n")
    assert [one.attributes["href"] for one in page.css(".problems a")] == ["#facts"]
    assert "customer.tier" in words(page, ".problems em")[0]

    opened = await scene.page("/rules/playground", lia)
    assert opened.css_first("#source-0").text(deep=True).strip() == DOVE.strip(), "the last that was written is the draft"
    other = await scene.logged_in(await scene.person("ugo", "agent"))
    assert "dove" not in (await scene.page("/rules/playground", other)).css_first("#source-0").text()
    await scene.post("/rules/playground/reset", lia, {"brand": "*"})
    assert "dove" not in (await scene.page("/rules/playground", lia)).css_first("#source-0").text()
    assert [act for _, act, _, _ in await scene.audit()] == ["rules.reset"], "trying is no act"


async def test_a_stored_message_is_taken_as_it_was_decided(scene: Scene, at_hand: None) -> None:
    id_ = await send(scene, "Vorrei un rimborso \u2028 \U0001f600")
    lia = await admin(scene)
    answer = await scene.post("/rules/playground/take", lia, fields(RULES, id=id_))
    page = LexborHTMLParser(await answer.text())
    assert words(page, ".problems") == []
    assert words(page, ".why .matched strong") == ["returns-by-words"]
    rules = scene.gateway.versions.rules.of("demo")
    sample = await scene.gateway.stores.database.read(lambda one: of_message(one, id_, rules.fields))
    assert sample is not None
    facts = load_to_try(rules.sources)[1].read(sample.facts, "m")
    assert {**facts, "text": sample.text, "channel": sample.channel}["sender.handle"] == "anna@example.it"
    assert (await scene.post("/rules/playground/take", lia, fields(RULES, id="nobody"))).status == 200
    assert ("rules.take", "nobody", "not_found") in [row[1:] for row in await scene.audit()]


@pytest.mark.parametrize(
    ("posted", "status"),
    [
        ({}, 400),
        ({"name": NAME}, 400),
        ({"name": NAME, "source": "x", "brand": "nobody"}, 404),
        ({"name": NAME, "source": "#" * 900}, 413),
    ],
)
async def test_what_the_playground_refuses(
    scene: Scene, posted: dict[str, str], status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(playground, "LARGEST", 800)
    assert (await scene.post("/rules/playground/try", await admin(scene), posted)).status == status


async def test_going_live_is_bound_to_what_was_looked_at(scene: Scene, at_hand: None) -> None:
    lia, versions = await admin(scene), scene.gateway.versions
    live = versions.rules.of("demo").hash
    await tried(scene, lia, FAILS)
    page = await scene.page("/rules/compare?to=draft", lia)
    assert page.css(".go-live input[name=anyway]"), "a test fails"
    given = {name: page.css_first(f".go-live [name={name}]").attributes["value"] or "" for name in ("hash", "live")}
    asked = {"brand": "*", "to": "draft", **given}
    assert (await scene.post("/rules/activate", lia, asked)).status == 422
    assert (await scene.post("/rules/activate", lia, asked | {"live": "sha256:other", "anyway": "yes"})).status == 409
    assert (await scene.post("/rules/activate", lia, asked | {"hash": "sha256:other", "anyway": "yes"})).status == 409
    assert versions.rules.of("demo").hash == live
    done = await scene.post("/rules/activate", lia, asked | {"anyway": "yes"})
    assert (done.status, versions.rules.of("demo").hash) == (303, given["hash"])
    assert (await routing(scene, await send(scene, "dove")))["ruleset"] == given["hash"]
    assert await scene.gateway.stores.database.read(lambda one: drafts.find(one, lia.person.id, "*")) is None  # type: ignore[union-attr]
    shown = await scene.page("/rules", lia)
    assert "Lia" in shown.css_first("#h-live").parent.text()  # type: ignore[union-attr]
    results = [(act, result) for _, act, _, result in await scene.audit() if act == "rules.activate"]
    assert results == [("rules.activate", one) for one in ("done", "moved", "moved", "tests_fail")]


async def test_rules_that_cannot_be_loaded_do_not_go_live(scene: Scene, at_hand: None) -> None:
    lia = await admin(scene)
    await tried(scene, lia, "rules: [")
    page = await scene.page("/rules/compare?to=draft", lia)
    assert page.css(".problems a")
    assert not page.css(".go-live")
    wrong = ruleset_hash(["rules: ["])
    live = scene.gateway.versions.rules.of("demo").hash
    asked = {"brand": "*", "to": "draft", "hash": wrong, "live": live, "anyway": "yes"}
    assert (await scene.post("/rules/activate", lia, asked)).status == 422
    assert scene.gateway.versions.rules.of("demo").hash == live


async def test_hits_are_counted_by_rule_and_day(scene: Scene) -> None:
    ids = [await send(scene, text) for text in ("Vorrei un rimborso", "Ciao", "Un rimborso!")]
    assert len(set(ids)) == 3
    taken = scene.gateway.rule_hits.take()
    assert {rule: one.messages for (_, rule, _), one in taken.items()} == {ALL: 3, "returns-by-words": 2, "default": 1}
    for _ in range(2):  # twice: added up, not replaced
        await scene.gateway.stores.database.write(lambda one: rule_hits.add(one, taken))
    page = await scene.page("/rules", await admin(scene))
    row = page.css_first("table.rules tbody tr")
    assert [" ".join(cell.text().split()) for cell in row.css("td.number")] == ["1", "4", "66,7"]
    assert len(row.css("svg rect")) == 1


def test_what_could_not_be_stored_is_counted_later() -> None:
    hits, decision = RuleHits(), load([(NAME, RULES)]).route({"text": "un rimborso"})
    hits.add([Matched.of("*", 5 * DAY_MS, decision)] * 2)
    taken = hits.take()
    hits.add([Matched.of("*", 5 * DAY_MS + 7, decision)])
    hits.put_back(taken)
    one = hits.take()["*", "returns-by-words", 5]
    assert (one.messages, one.last_ms, hits.take()) == (3, 5 * DAY_MS + 7, {})


async def test_files_that_are_wrong_are_told_with_their_places(scene: Scene) -> None:
    lia = await admin(scene)
    problem = Problem("/etc/regia/rules.yaml", 12, 7, "rules[0].then", "unknown key", "did you mean category?")
    await scene.gateway.versions.refuse(ConfigError([problem]))
    page = await scene.page("/rules", lia)
    (told,) = words(page, ".broken .problems li")
    assert told == "rules.yaml:12:7 rules[0].then: chiave sconosciuta forse intendevi category?"
    await scene.gateway.versions.bring(scene.gateway.versions.files)
    assert not (await scene.page("/rules", lia)).css(".broken")


async def test_dead_rules_are_found(scene: Scene, at_hand: None) -> None:
    lia = await admin(scene)
    await tried(scene, lia, RULES + "  - name: again\n    when: {text: {words: [rimborso]}}\n    then: {category: general}\n")
    page = await scene.page("/rules/compare?to=draft", lia)
    given = {name: page.css_first(f".go-live [name={name}]").attributes["value"] or "" for name in ("hash", "live")}
    await scene.post("/rules/activate", lia, {"brand": "*", "to": "draft", **given})
    assert (await scene.get("/rules/check", lia)).status == 303
    dead = (await scene.page("/rules", lia)).css_first("tr.dead")
    assert "again" in dead.text()
    assert "returns-by-words" in dead.css_first(".finding").text()


async def test_pages_are_accessible_and_fit_a_phone(plain: Scene, at_hand: None) -> None:
    async with looking(plain, await admin(plain), viewport={"width": 390, "height": 844}) as (tab, complaints):
        for path in ("/rules", "/rules/show?to=live", "/rules/playground", "/rules/compare?to=live"):
            await tab.goto(str(plain.client.make_url(f"/console{path}")))
            assert await findings(tab) == [], path
            assert await tab.evaluate("document.documentElement.scrollWidth") <= 390, path
        assert complaints == []


async def test_the_playground_works_without_script(plain: Scene, at_hand: None) -> None:
    options: dict[str, Any] = {"java_script_enabled": False}
    async with looking(plain, await admin(plain), **options) as (tab, _):
        await tab.goto(str(plain.client.make_url("/console/rules/playground")))
        await tab.fill("#f-text", "vorrei un rimborso")
        await tab.click('text="Prova"')
        assert await tab.inner_text(".why .matched strong") == "returns-by-words"
        assert await tab.inner_text("#tests .verdict") == "Queste regole non hanno test."
        assert await tab.input_value("#f-text") == "vorrei un rimborso"


async def test_of_what_one_person_types_only_the_last_is_tried(process: Bench) -> None:
    bench = Bench()
    bench._pool = process._pool
    async with bench._turn:
        asked = [asyncio.create_task(bench.run(attempt.ready, key="lia")) for _ in range(3)]
        await asyncio.sleep(0)
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(one) for one in found] == [Superseded, Superseded, bool]


async def test_an_attempt_that_takes_too_long_is_ended_and_the_next_one_works(process: Bench) -> None:
    bench = Bench(seconds=0.4)
    bench._pool = process._pool
    with pytest.raises(NotTried, match="time"):
        await bench.run(attempt.problems_of, ((NAME, SLOW),))
    assert await bench.run(attempt.ready) is True
