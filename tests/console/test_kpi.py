"""The page of figures: what the command line says, over HTTP, for whoever may look."""

import csv
import io
from dataclasses import replace
from datetime import UTC, date, datetime
from urllib.parse import quote

import pytest

from desk.kpi.definitions import KPIS
from desk.kpi.report import Figure, Line
from desk.kpi.rolling import Rolling
from regia.figures import Asked, figures, wanted
from regia.http.console.kpi_parts import GROUPED, PARTS, parts_of
from regia.http.console.kpi_question import Chosen, days_of
from tests.console.scene import Scene, Somebody
from tests.console.test_live import wrote
from web.console.kpi import block, said, tile
from web.console.saying import lasting
from web.console.texts.kpi import KPI


async def counted(scene: Scene, contacts: int) -> Somebody:
    """An agent, after so many contacts were counted."""
    for number in range(contacts):
        await wrote(scene, f"Buongiorno, avete padelle numero {number}?")
    await Rolling(scene.gateway.stores.database).finish(int(datetime.now(UTC).timestamp() * 1000))
    return await scene.logged_in(await scene.person("vera", "agent"))


def test_every_figure_is_called_something_in_every_language() -> None:
    for texts in KPI.values():
        assert set(texts.figures) == set(KPIS)
    assert KPI["it"].periods.keys() == KPI["en"].periods.keys()
    assert KPI["it"].groups.keys() == KPI["en"].groups.keys()
    assert KPI["it"].words.keys() == KPI["en"].words.keys()
    assert KPI["it"].nothing.keys() == KPI["en"].nothing.keys()


async def test_the_page_says_what_the_command_line_says(scene: Scene) -> None:
    viewer = await counted(scene, 3)
    page = await scene.page("/kpi?period=7&whole=1", viewer)
    asked = Asked(names=("reasons", "unheard"), since=None)
    reasons, unheard = await scene.gateway.stores.database.read(lambda one: figures(one, asked, wanted(asked)))
    tiles = [node.text(strip=True) for node in page.css(".tiles .card dd:nth-of-type(1)")]
    assert tiles[0] == str(reasons.all.count) == "3"
    assert tiles[5] == str(unheard.all.count)
    rows = page.css("section[aria-labelledby=h-reasons] tbody tr")
    assert [row.css_first("strong").text() for row in rows] == [str(one.count) for one in reasons.groups]
    plot = page.css_first("section[aria-labelledby=h-plot-reasons] [data-plot]")
    assert sum(map(int, plot.attributes["data-values"].strip("[]").split(","))) == 3  # type: ignore[union-attr]


async def test_a_spreadsheet_has_every_group_and_no_formula(scene: Scene) -> None:
    viewer = await counted(scene, 1)
    answer = await scene.get("/kpi.csv?kpi=reasons&period=1", viewer)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="reasons.csv"'
    rows = list(csv.DictReader(io.StringIO(await answer.text())))
    assert [(row["group"], row["count"]) for row in rows] == [("*", "1"), ("general", "1")]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("since=yesterday", 400),
        ("since=9999-12-31&until=9999-12-31", 400),
        ("since=0001-01-01&by=day", 400),
        ("since=2026-11-02&until=2026-11-01", 400),
        ("field=order", 400),
        ("period=1000000", 200),
        ("since=2026-11-01&until=2026-11-20&tag=x&field=" + quote("order=<script>alert(1)</script>"), 200),
        ("brand=" + quote("\"'><img src=x onerror=alert(1)>"), 200),
        ("channel=%00%ff", 200),
    ],
)
async def test_what_is_not_understood_is_said_on_the_page(scene: Scene, query: str, status: int) -> None:
    viewer = await counted(scene, 0)
    answer = await scene.get(f"/kpi?{query}", viewer)
    text = await answer.text()
    assert answer.status == status, text
    assert ("non si capisce" in text) == (status == 400)
    assert "<script>alert" not in text
    assert "<img src=x" not in text


def test_durations_and_changes_are_said_shortly() -> None:
    said = [lasting(ms, "it") for ms in (None, 0, 45_000, 12 * 60_000, 7_800_000, 7_200_000, 273_600_000)]
    assert said == ["—", "0 s", "45 s", "12 min", "2 h 10 min", "2 h", "3 d 4 h"]
    assert (lasting(6_500, "it"), lasting(6_500, "en")) == ("6,5 s", "6.5 s")
    assert tile("x", "", 50, 100, less_is_better=True).better is True
    assert tile("x", "", 150, 100, less_is_better=True).better is False
    assert tile("x", "", 150, 0, less_is_better=True).change is None
    assert tile("x", "", 100, 100, less_is_better=True).better is None


async def test_the_page_asks_for_its_parts_by_the_same_question(scene: Scene) -> None:
    viewer = await counted(scene, 3)
    question = "period=7&by=channel&across=category&channel=web_form&channel=email&tag=a&tag=b"
    page = await scene.page(f"/kpi?{question}", viewer)
    asked = [node.attributes["hx-get"] or "" for node in page.css("[hx-get]")]
    assert len(asked) == len(PARTS) - 1 + len(GROUPED), "what has groups of its own is not there by others"
    assert all(f"/kpi/part?{question}&part=" in one for one in asked)
    assert [node.attributes["value"] for node in page.css("input[name=tag]")] == ["a", "b", ""]
    assert (page.css_first(".head > .csv").attributes["href"] or "").endswith(f"/kpi.csv?{question}")
    assert page.css_first("noscript").html is not None
    for chosen in (Chosen(period="7"), Chosen(period="7", by="category")):
        for kind, name in parts_of(chosen):
            part = await scene.page(f"/kpi/part?{chosen.query()}&part={kind}-{name}", viewer)
            assert len(part.css("[hx-get]")) == 0
            assert len(part.css(".card")) == 1, name
    for wrong in ("", "tile", "block-", "block-secrets", "plot-sla", "block-unheard"):
        assert (await scene.get(f"/kpi/part?part={wrong}", viewer)).status == 400


async def test_groups_are_chosen_for_all_figures_at_once(scene: Scene) -> None:
    viewer = await counted(scene, 2)
    by_day = await scene.page("/kpi/part?period=7&by=day&part=block-reasons", viewer)
    assert [row.css_first("strong").text() for row in by_day.css("tbody tr")] == ["2"]
    table = await scene.page("/kpi/part?period=7&by=channel&across=category&part=block-reasons", viewer)
    assert len(table.css("table.crossed tbody th")) == 1
    assert table.css_first("table.crossed td.number strong").text() == "2"
    href = table.css_first("a.csv").attributes["href"] or ""
    rows = list(csv.DictReader(io.StringIO(await (await scene.get(href.partition("/console")[2], viewer)).text())))
    assert [(row["count"], row["across"]) for row in rows] == [("2", ""), ("2", "general")]


@pytest.mark.parametrize(
    ("by", "across", "more"),
    [
        ("", "", []),
        ("category", "", ["first_reply", "closing", "unheard"]),
        ("hour", "product", ["first_reply", "closing", "unheard"]),
        ("agent", "", ["closing"]),
        ("category", "reason", ["closing"]),
        ("question", "", []),
    ],
)
def test_times_and_who_waits_are_there_by_what_they_can_be_grouped_by(by: str, across: str, more: list[str]) -> None:
    blocks = [name for kind, name in parts_of(Chosen(by=by, across=across)) if kind == "block"]
    assert [name for name in blocks if name in GROUPED] == more
    assert ("by-reason" in blocks) is not bool(by)


async def test_times_and_who_waits_are_shown_by_the_chosen_groups_with_what_they_mean(scene: Scene) -> None:
    viewer = await counted(scene, 2)
    page = await scene.page("/kpi?period=7&by=hour&whole=1", viewer)
    assert page.css_first("select[name=by] option[selected]").text() == "ora"
    waits = page.css_first("section[aria-labelledby=h-unheard]")
    assert sum(int(one.text()) for one in waits.css("tbody strong")) == 1, "both were written by one customer"
    assert "nessuno ha risposto finora" in waits.css_first(".meaning").text()
    for named in ("h-first_reply", "h-plot-first_reply"):
        assert "conferme automatiche non contano" in page.css_first(f"section[aria-labelledby={named}] .meaning").text()
    assert page.css("section[aria-labelledby=h-plot-reasons] .meaning") == [], "contacts over time are not by category"


async def test_a_plot_of_too_many_times_does_not_say_that_nothing_came(scene: Scene) -> None:
    viewer = await counted(scene, 1)
    for part in ("plot-reasons", "block-first_reply"):
        shown = await scene.page(f"/kpi/part?period=365&by=hour&part={part}", viewer)
        assert "Troppi gruppi" in shown.css_first(".card .notice").text()
        assert shown.css(".empty") == []


async def test_who_sees_data_masked_learns_nothing_by_fields(scene: Scene) -> None:
    await counted(scene, 1)
    viewer = await scene.logged_in(await scene.person("mario", "viewer"))
    for query in ("field=order=1", "by=field.order", "across=field.order"):
        for path in ("/kpi", "/kpi/part", "/kpi.csv"):
            assert (await scene.get(f"{path}?part=tile-sla&{query}", viewer)).status == 403, (path, query)
    page = await scene.page("/kpi", viewer)
    assert page.css("input[name=field]") == []
    assert not [one for one in page.css("select[name=by] option") if (one.attributes["value"] or "").startswith("field.")]


@pytest.mark.parametrize(
    ("period", "since", "until"),
    [
        ("1", date(2026, 3, 1), None),
        ("7", date(2026, 2, 23), None),
        ("month", date(2026, 3, 1), None),
        ("last-month", date(2026, 2, 1), date(2026, 3, 1)),
    ],
)
def test_the_days_of_a_period(period: str, since: date, until: date | None) -> None:
    assert days_of(period, date(2026, 3, 1)) == (since, until)


def test_durations_of_figures_are_seconds() -> None:
    line = Line(count=1, share=1.0, measured=1, mean=7_800.0, median=7_800, p90=7_800, parts={})
    known = {"kpi": "reply", "unit": "s", "meaning": "", "since_ms": 0, "until_ms": 1, "by": None, "across": None}
    assert said(Figure(**known, all=line, groups=[]), line, "it") == "2 h 10 min"


def test_beside_promises_stands_no_share_that_reads_as_kept() -> None:
    line = Line(group="returns", count=24, share=1.0, parts={"kept": 1, "running": 23})
    known = {"kpi": "sla", "unit": "count", "meaning": "", "since_ms": 0, "until_ms": 1, "by": "category", "across": None}
    found = block(Figure(**known, all=line, groups=[line]), {}, {"kept": "mantenute", "running": "in corso"}, "it")
    assert [(bar.value, bar.detail) for bar in found.bars] == [("24", "mantenute 1, in corso 23")]


def test_groups_are_called_by_their_names() -> None:
    line = Line(group="shop/return-item", count=2, share=1.0, parts={})
    known = {"kpi": "articles", "unit": "count", "meaning": "", "since_ms": 0, "until_ms": 1, "by": "article", "across": None}
    other = replace(line, group="shop/gone")
    labels = {"article": {"shop/return-item": "Come si rende un articolo"}}
    found = block(Figure(**known, all=line, groups=[line, other]), labels, {}, "it")
    assert [bar.label for bar in found.bars] == ["Come si rende un articolo", "shop/gone"]
