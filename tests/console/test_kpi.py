"""The page of figures: what the command line says, over HTTP, for whoever may look."""

import csv
import io
from datetime import UTC, datetime
from urllib.parse import quote

import pytest

from desk.kpi.definitions import KPIS
from desk.kpi.rolling import Rolling
from regia.figures import Asked, figures, wanted
from tests.console.scene import Scene, Somebody
from tests.console.test_live import wrote
from web.console.kpi import lasting, tile
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
    assert KPI["it"].days.keys() == KPI["en"].days.keys()
    assert KPI["it"].words.keys() == KPI["en"].words.keys()
    assert KPI["it"].nothing.keys() == KPI["en"].nothing.keys()


async def test_the_page_says_what_the_command_line_says(scene: Scene) -> None:
    viewer = await counted(scene, 3)
    page = await scene.page("/kpi?days=7", viewer)
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
    answer = await scene.get("/kpi.csv?kpi=reasons&days=1", viewer)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="reasons.csv"'
    rows = list(csv.DictReader(io.StringIO(await answer.text())))
    assert [(row["group"], row["count"]) for row in rows] == [("*", "1"), ("general", "1")]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("since=yesterday", 400),
        ("since=2026-11-02&until=2026-11-01", 400),
        ("field=order", 400),
        ("days=1000000", 200),
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
    said = [lasting(ms) for ms in (None, 0, 45_000, 12 * 60_000, 7_800_000, 7_200_000, 273_600_000)]
    assert said == ["—", "0 s", "45 s", "12 min", "2 h 10 min", "2 h", "3 d 4 h"]
    assert tile("x", "", 50, 100, less_is_better=True).better is True
    assert tile("x", "", 150, 100, less_is_better=True).better is False
    assert tile("x", "", 150, 0, less_is_better=True).change is None
    assert tile("x", "", 100, 100, less_is_better=True).better is None
