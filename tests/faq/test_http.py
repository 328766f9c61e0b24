"""A FAQ over HTTP: what is read, what is counted, who may ask, and what becomes of a folder that changes."""

import asyncio
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from selectolax.lexbor import LexborHTMLParser

from connectors.form_settings import RateLimit
from regia.faq_settings import Faq
from storage.faq_counts import most_viewed
from tests.faq.shop import ARTICLES, Shop, shop, until, write
from tests.faq.test_articles import PNG
from tests.http.served import worked_off

JSON = {"Accept": "application/json"}
HTML = {"Accept": "text/html,application/xhtml+xml"}
SITE = {"Origin": "https://shop.example"}


async def read(opened: Shop) -> dict[str, tuple[int, int, int]]:
    found = await opened.gateway.stores.database.read(most_viewed)
    return {one.article: (one.views, one.helped, one.not_helped) for one in found}


async def helped(opened: Shop, article: str = "return-item", status: int = 200, **body: Any) -> Any:
    answer = await opened.client.post(f"/faq/shop/articles/{article}/helped", json=body)
    assert answer.status == status, await answer.text()
    return await answer.json()


async def test_search_and_articles_for_scripts(shop: Shop) -> None:
    answer = await shop.client.get("/faq/shop/search?q=RESI&lang=it", headers=SITE)
    assert await answer.json() == {
        "articles": [{"id": "return-item", "title": "Come faccio un reso?", "summary": "Hai 30 giorni.", "language": "it"}]
    }
    assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    answer = await shop.client.get("/faq/shop/articles/return-item?lang=en", headers=JSON)
    html = "<p>You have <strong>30 days</strong>.</p>\n"
    assert await answer.json() == {"id": "return-item", "title": "How do I return it?", "html": html, "language": "en"}
    answer = await shop.client.get("/faq/shop/articles/parcel?lang=en", headers=JSON)
    assert (await answer.json())["language"] == "it"


async def test_pages_hold_nothing_inline_and_name_their_language(shop: Shop) -> None:
    for path in ("/faq/shop?lang=en", "/faq/shop?lang=en&q=30", "/faq/shop/articles/parcel?lang=en"):
        answer = await shop.client.get(path, headers=HTML)
        page = LexborHTMLParser(await answer.text())
        assert answer.status == 200
        assert not page.css("[style], style, [onclick], script:not([src])")
        root = page.css_first("html")
        assert root is not None
        assert root.attributes["lang"] == "en"
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
    assert [node.attributes["lang"] for node in page.css("h1, article")] == ["it", "it"]


async def test_an_index_lists_by_category_and_a_search_works_without_a_script(shop: Shop) -> None:
    page = LexborHTMLParser(await (await shop.client.get("/faq/shop?lang=it", headers=HTML)).text())
    assert [node.text() for node in page.css("h2")] == ["Ordini", "Resi"]
    page = LexborHTMLParser(await (await shop.client.get("/faq/shop?lang=it&q=corriere", headers=HTML)).text())
    found = page.css("#found a")
    assert [node.attributes["href"] for node in found] == ["/faq/shop/articles/parcel?lang=it"]
    page = LexborHTMLParser(await (await shop.client.get("/faq/shop?q=zzzz&lang=it", headers=HTML)).text())
    said = page.css_first("#said")
    assert said is not None
    assert said.text() == "Nessuna risposta trovata"


async def test_two_hundred_readers_at_once_are_counted_exactly(shop: Shop) -> None:
    async def one(number: int) -> None:
        path = f"/faq/shop/articles/{('return-item', 'parcel')[number % 2]}"
        view = str(uuid4())
        for _ in range(2):  # each loads it again
            answer = await shop.client.get(f"{path}?lang=it&view={view}", headers=JSON)
            assert answer.status == 200
        if number < 30:
            await shop.client.post(f"{path}/helped", json={"helped": number < 20, "view": view})

    await asyncio.gather(*(one(number) for number in range(200)))
    assert await read(shop) == {"return-item": (100, 10, 5), "parcel": (100, 10, 5)}


async def test_a_page_alone_and_what_is_no_reading_count_nothing(shop: Shop) -> None:
    for headers in (HTML, JSON, {"User-Agent": "Googlebot", **HTML}):
        for more in ("", "?view=", "?view=1", "?view=zzzzzzzz-zzzz-zzzz-zzzz-zzzzzzzzzzzz", f"?view={'9' * 500}"):
            answer = await shop.client.get(f"/faq/shop/articles/parcel{more}", headers=headers)
            assert answer.status == 200
    assert await read(shop) == {}


async def test_a_reading_is_judged_once_and_a_page_without_a_script_can_do_it(shop: Shop) -> None:
    view = str(uuid4())
    path = "/faq/shop/articles/parcel"
    form = {"view": view, "lang": "it", "helped": "false"}
    answer = await shop.client.post(f"{path}/helped", data=form, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/faq/shop/articles/parcel?lang=it&helped=false")
    page = await (await shop.client.get(answer.headers["Location"], headers=HTML)).text()
    assert "lo miglioreremo" in page
    await shop.client.post(f"{path}/helped", data=form | {"helped": "true"}, allow_redirects=False)
    await helped(shop, "parcel", view=view, helped=True)
    assert await read(shop) == {"parcel": (1, 0, 1)}
    await helped(shop, "return-item", helped=True)
    await helped(shop, "return-item", helped=False)  # the same address, without an id
    assert (await read(shop))["return-item"] == (0, 1, 0)
    viewed = await shop.client.post("/faq/shop/articles/return-item/viewed", json={"view": str(uuid4())})
    assert viewed.status == 204
    assert (await read(shop))["return-item"] == (1, 1, 0)


REFUSED: list[tuple[str, str, dict[str, Any], int, str]] = [
    ("GET", "/faq/other", {}, 404, "not_found"),
    ("GET", "/faq/other/search?q=x", {}, 404, "not_found"),
    ("GET", "/faq/shop/articles/none", {"headers": JSON}, 404, "not_found"),
    ("GET", "/faq/shop/articles/..%2f..%2fregia.yaml", {"headers": JSON}, 404, "not_found"),
    ("GET", "/faq/shop/images/none.png", {}, 404, "not_found"),
    ("GET", "/faq/shop/images/..%2f..%2fregia.yaml", {}, 404, "not_found"),
    ("GET", "/faq/shop/images/%2fetc%2fpasswd", {}, 404, "not_found"),
    ("GET", "/faq/shop/images/parcel.it.md", {}, 404, "not_found"),
    ("GET", "/faq/shop/search?q=x", {"headers": {"Origin": "https://evil.example"}}, 403, "handshake_refused"),
    ("POST", "/faq/shop/articles/parcel/helped", {"json": []}, 400, "malformed"),
    ("POST", "/faq/shop/articles/parcel/helped", {"json": {"helped": "perhaps"}}, 400, "malformed"),
    ("POST", "/faq/shop/articles/parcel/helped", {"json": {"helped": {"a": [1]}}}, 400, "malformed"),
    (
        "POST",
        "/faq/shop/articles/parcel/helped",
        {"data": b"{", "headers": {"Content-Type": "application/json"}},
        400,
        "malformed",
    ),
    (
        "POST",
        "/faq/shop/articles/parcel/helped",
        {"data": b"x" * 3000, "headers": {"Content-Type": "application/json"}},
        413,
        "too_large",
    ),
    (
        "POST",
        "/faq/shop/articles/parcel/helped",
        {"data": b"x", "headers": {"Content-Type": "text/plain"}},
        415,
        "unsupported_media_type",
    ),
    ("POST", "/faq/shop/articles/parcel/viewed", {"json": {"view": "x"}}, 400, "malformed"),
    ("POST", "/faq/shop/articles/none/viewed", {"json": {"view": str(uuid4())}}, 404, "not_found"),
    (
        "OPTIONS",
        "/faq/shop/articles/parcel/helped",
        {"headers": {"Origin": "https://evil.example"}},
        403,
        "handshake_refused",
    ),
]


async def test_refusals(shop: Shop) -> None:
    for method, path, more, status, code in REFUSED:
        answer = await shop.client.request(method, path, **more)
        assert (answer.status, (await answer.json())["error"]) == (status, code), path
    assert await read(shop) == {}


async def test_preflight_and_a_refusal_that_another_site_may_read(shop: Shop) -> None:
    answer = await shop.client.options("/faq/shop/articles/parcel/helped", headers=SITE)
    assert (answer.status, answer.headers["Access-Control-Allow-Headers"]) == (204, "Content-Type, Idempotency-Key")
    answer = await shop.client.get("/faq/shop/articles/none", headers=SITE | JSON)
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (404, "https://shop.example")


async def test_who_asks_too_often_waits(tmp_path: Path, migrated_sqlite: Path) -> None:
    settings = Faq(brand="demo", folder=Path("faq"), rate=RateLimit(count=5, seconds=60))
    async with shop(tmp_path, migrated_sqlite, faq={"shop": settings}) as opened:
        statuses = [(await opened.client.get("/faq/shop/search?q=reso")).status for _ in range(7)]
        assert (statuses[0], statuses[-1]) == (200, 429)
        page = await opened.client.get("/faq/shop", headers=HTML)
        assert (page.status, "Retry-After" in page.headers) == (429, True)


async def test_pictures_are_served_as_what_they_are(tmp_path: Path, migrated_sqlite: Path) -> None:
    article = "---\ntitle: Foto\ncategory: orders\n---\n![la foto](img/label.png)\n"
    files: dict[str, str | bytes] = {"a.it.md": article, "img/label.png": PNG, "x.png": b"<svg onload=alert(1)>"}
    async with shop(tmp_path, migrated_sqlite, files) as opened:
        answer = await opened.client.get("/faq/shop/articles/a", headers=JSON | SITE)
        html = (await answer.json())["html"]
        origin = opened.gateway.configured.settings.server.origin
        assert f'src="{origin}/faq/shop/images/img/label.png?v=' in html
        page = LexborHTMLParser(await (await opened.client.get("/faq/shop/articles/a", headers=HTML)).text())
        image = page.css_first("article img")
        assert image is not None
        answer = await opened.client.get(str(image.attributes["src"]))
        assert (await answer.read(), answer.headers["Content-Type"]) == (PNG, "image/png")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert "immutable" in answer.headers["Cache-Control"]
        assert (await opened.client.get("/faq/shop/images/x.png")).status == 404


async def test_a_change_is_seen_and_a_broken_file_leaves_everything_as_it_was(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("regia.runners.faqs.EVERY", 0.1)
    library = shop.gateway.faqs.shelves["shop"]

    def titles() -> set[str]:
        return {article.title for article in library.library.articles.values()}

    before = titles()
    write(shop.folder, {"new.it.md": "---\ntitle: Nuovo\ncategory: orders\n---\nSì.\n"})
    await until(lambda: "Nuovo" in titles())
    write(
        shop.folder, {"broken.it.md": "---\ntitle: Rotto\n", "parcel.it.md": ARTICLES["parcel.it.md"].replace("Dov'è", "Dove")}
    )
    stamp = library.stamp
    await until(lambda: library.stamp != stamp)
    assert titles() == before | {"Nuovo"}
    (shop.folder / "broken.it.md").unlink()
    await until(lambda: "Dove il mio pacco?" in titles())
    assert await (await shop.client.get("/faq/shop/search?q=nuovo")).json() != {"articles": []}


async def test_one_that_is_wrong_at_the_start_is_left_out(tmp_path: Path, migrated_sqlite: Path) -> None:
    async with shop(tmp_path, migrated_sqlite, {**ARTICLES, "bad.it.md": "no"}) as opened:
        assert opened.gateway.faqs.shelves["shop"].library.ids == {"return-item", "parcel"}


async def test_what_was_read_goes_along_and_only_what_there_is(shop: Shop) -> None:
    told = "parcel, nope,../x,<script>,parcel,return-item," + ",".join(f"a{number}" for number in range(500))
    for form, expected in (("form", ["parcel", "return-item"]), ("bare", [])):
        data = {"name": "Anna", "email": "anna@example.it", "message": "Dove?", "topic": "other", "faq": told}
        answer = await shop.client.post(f"/forms/{form}", data=data)
        assert answer.status == 202, await answer.text()
        id_ = (await answer.json())["id"]
        await worked_off(shop.gateway)
        headers = {"Authorization": "Bearer token-site"}
        stored = await (await shop.client.get(f"/v1/messages/{id_}", headers=headers)).json()
        assert stored["envelope"]["data"]["faq"] == expected
    body = {"email": "a@b.it", "message": "x", "topic": "other", "faq": ["parcel", 1, None, {"a": 1}]}
    assert (await shop.client.post("/forms/form", json=body)).status == 202


async def test_a_search_is_quick(shop: Shop) -> None:
    started = time.perf_counter()
    for _ in range(20):
        await shop.client.get("/faq/shop/search?q=spedizzione&lang=it")
    assert time.perf_counter() - started < 2
