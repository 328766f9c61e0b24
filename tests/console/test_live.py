"""Live: the list, its filters, the stream that keeps it so, and the system at a glance."""

import time
from typing import Any
from uuid import uuid4

import pytest
from selectolax.lexbor import LexborHTMLParser, LexborNode
from sqlalchemy import insert, update

from regia.http.console.parts import CONSOLE
from storage.alarms import Alarm
from storage.schema import alarms, local_messages, messages, quarantine
from tests.console.scene import Scene, Somebody
from tests.erasing.planted import row as a_row
from tests.http.served import DESK, worked_off
from web.console.masking import masked

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&{{7*7}}"
PHONE = "+393331234567"


async def wrote(scene: Scene, text: str, *, name: str = "Anna Bianchi", phone: str = PHONE, off: bool = True) -> str:
    body = {"sender": {"handle": {"kind": "phone", "value": phone}, "name": name}, "text": text}
    answer = await scene.client.post("/v1/messages/desk", json=body, headers=DESK)
    assert answer.status == 202, await answer.text()
    if off:
        await worked_off(scene.gateway)
    id_: str = (await answer.json())["id"]
    return id_


async def somebody(scene: Scene, role: Any = "agent") -> Somebody:
    return await scene.logged_in(await scene.person(f"{role}.{uuid4().hex}", role))


def texts(row: LexborNode) -> list[str]:
    return [" ".join(cell.text().split()) for cell in row.css("td")]


async def test_a_row_says_who_wrote_what_and_where_it_went(scene: Scene) -> None:
    id_ = await wrote(scene, "Vorrei un rimborso, per favore")
    await wrote(scene, "Buongiorno", name="Marco Neri", phone="+393331234568")
    page = await scene.page("/", await somebody(scene))
    second, first = page.css("#rows tr")
    assert first.attributes["id"] == f"m-{id_}"
    assert texts(first)[1:5] == ["API", "Anna Bianchi Vorrei un rimborso, per favore", "Resi", "returns-by-words"]
    assert texts(first)[5].endswith((" ms", " s"))
    assert texts(second)[2:5] == ["Marco Neri Buongiorno", "Informazioni", "predefinita"]
    links = [link.attributes["href"] for link in first.css("a")]
    assert links[1] == f"/console/messages/{id_}"
    assert links[0] is not None
    assert links[0].startswith("/console/customers/cus_")


async def test_what_customers_wrote_is_escaped_and_masked_by_role(scene: Scene) -> None:
    await wrote(scene, HOSTILE, name=HOSTILE)
    for role in ("viewer", "agent", "admin"):
        answer = await scene.get("/", await somebody(scene, role))
        html = await answer.text()
        assert "<script>alert" not in html
        assert "<img src" not in html
        (row,) = LexborHTMLParser(html).css("#rows tr")
        assert (HOSTILE in row.text()) is (role != "viewer")


@pytest.mark.parametrize(
    ("value", "kind", "shown"),
    [
        ("anna.bianchi@example.it", "email", "a…@example.it"),
        ("a@example.it", "email", "…@example.it"),
        ("+393331234567", "phone", "+39…567"),
        ("12345", "whatsapp", "1…"),
        ("Anna Maria Bianchi", "name", "A. M. B."),
        ("anna@example.it", "name", "a."),
        ("La padella, è rotta!", "text", "•• •••••••, • •••••!"),
        ("", "text", ""),
    ],
)
def test_what_is_masked(value: str, kind: str, shown: str) -> None:
    assert masked(value, kind) == shown


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", 2),
        ("category=returns", 1),
        ("category=general&channel=api", 1),
        ("channel=email", 0),
        ("brand=demo", 2),
        ("brand=%00", 2),
    ],
)
async def test_filters(scene: Scene, query: str, found: int) -> None:
    await wrote(scene, "un rimborso")
    await wrote(scene, "ciao")
    page = await scene.page(f"/?{query}", await somebody(scene))
    assert len(page.css("#rows tr")) == found
    chosen = {
        one.attributes["name"]: [o.attributes["value"] for o in one.css("option[selected]")] for one in page.css("select")
    }
    assert all(f"{name}={values[0]}" in query for name, values in chosen.items() if values and values[0])


async def test_older_ones_page_by_page_without_a_script(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    from regia.http.console import live_rows

    monkeypatch.setattr(live_rows, "SHOWN", 2)
    ids = [await wrote(scene, f"n {number}") for number in range(3)]
    who = await somebody(scene)
    first = await scene.page("/", who)
    (older,) = [link.attributes["href"] for link in first.css(".pager a")]
    second = await scene.page(f"/{older}", who)
    assert [[row.attributes["id"] for row in page.css("#rows tr")] for page in (first, second)] == [
        [f"m-{ids[2]}", f"m-{ids[1]}"],
        [f"m-{ids[0]}"],
    ]
    assert (await scene.page("/?before=x&live=off", who)).css("#rows tr")


async def test_of_one_moment_none_is_left_out_between_two_pages(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    from regia.http.console import live_rows

    monkeypatch.setattr(live_rows, "SHOWN", 2)
    ids = {f"m-{await wrote(scene, f'n {number}')}" for number in range(5)}
    same = update(messages).values(received_ms=1_795_284_000_000)
    await scene.gateway.stores.database.write(lambda connection: connection.execute(same))
    who, path, shown = await somebody(scene), "", []
    for _ in range(3):
        page = await scene.page(f"/{path}", who)
        shown += [row.attributes["id"] for row in page.css("#rows tr[id]")]
        path = next((href for link in page.css(".pager a") if "before=" in (href := link.attributes["href"] or "")), "")
    assert (len(shown), set(shown)) == (5, ids)


async def test_the_system_at_a_glance(scene: Scene) -> None:
    await wrote(scene, "un rimborso")
    who = await somebody(scene)
    page = await scene.page("/", who)
    assert "Tutto funziona" in page.text()
    depths = {li.css(".what")[0].text(): li.css(".count")[0].text() for li in page.css(".depths li")}
    assert depths["demo.returns"] == "1 · 0"
    (desk,) = [li for li in page.css(".traffic li") if li.css(".what")[0].text() == "desk"]
    assert (desk.css(".count")[0].text(), len(desk.css("rect"))) == ("1", 1)

    now_ms = time.time_ns() // 1_000_000
    silent = Alarm(connector="form", name="", kind="silent", since_ms=1, raised_ms=1, detail="no contact since yesterday")
    full = Alarm(connector="journal", name="n1", kind="journal_filling", since_ms=1, raised_ms=1, detail=HOSTILE)

    def plant(connection: Any) -> None:
        for alarm in (silent, full):
            connection.execute(insert(alarms), [{name: getattr(alarm, name) for name in alarm.__slots__}])
        dead = {"queue": "demo.returns", "envelope_id": "e", "state": "dead", "dead_ms": now_ms, "receipt": None}
        connection.execute(insert(local_messages), [a_row(local_messages, **dead)])
        connection.execute(insert(quarantine), [a_row(quarantine, id="q", state="held")])

    await scene.gateway.stores.database.write(plant)
    scene.gateway.missing["outbox"] = "another node has it"
    scene.client.app[CONSOLE].feed._glance = None  # type: ignore[union-attr]
    html = await (await scene.get("/", who)).text()
    page = LexborHTMLParser(html)
    assert "Qualcosa non va" in page.text()
    assert [li.text().strip() for li in page.css(".parts .bad")] == ["Uscitaanother node has it"]
    assert [li.css(".what")[0].text() for li in page.css(".traffic li.bad")] == ["form"]
    assert [figure.text() for figure in page.css(".figures .bad dd, .figures .warn dd")] == ["1", "1"]
    assert HOSTILE in page.css(".alarms")[0].text()
    assert "<script>alert" not in html


async def test_without_the_database_there_is_a_page_that_says_so(scene: Scene) -> None:
    who = await somebody(scene)
    await scene.gateway.stores.database.close()
    answer = await scene.get("/", who)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
    assert "Il database non risponde" in await answer.text()
