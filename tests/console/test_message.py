"""The page of a message: what it shows to whom, and what people do there."""

import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from selectolax.lexbor import LexborHTMLParser

from connectors.base import Parsed, Unreadable
from regia.runners.adoption import adopt
from router.load import load
from router.testing import run_tests
from storage import lookup, operations
from tests.browser import chromium
from tests.console.contacts_in import a_mail, contact_in, mail_in, settled
from tests.console.scene import Scene, Somebody, a_console
from tests.databases import migrated_sqlite
from tests.web.accessible import findings

__all__ = ["migrated_sqlite"]

pytestmark = pytest.mark.asyncio(loop_scope="module")

PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
HTML = """<p>Vorrei un <b>rimborso</b> <a href="https://evil.example/banca?x=1">https://banca.it</a></p><img src="cid:foto1">
<img src="https://track.example/p.gif"><img src="https://track.example/q.gif"><script>alert(1)</script>"""


@dataclass(frozen=True, slots=True)
class Desk:
    scene: Scene
    viewer: Somebody
    agent: Somebody
    admin: Somebody
    mail: str
    visit: str
    held: str


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> AsyncIterator[Desk]:
    async with a_console(tmp_path_factory.mktemp("desk"), migrated_sqlite) as scene:
        people = {role: await scene.logged_in(await scene.person(f"{role}.one", role)) for role in ("viewer", "agent", "admin")}  # type: ignore[arg-type]
        letter = a_mail(text="", html=HTML, subject="Padella PAN-28")
        letter.add_related(PNG, "image", "png", cid="<foto1>", filename="foto & co.png")
        mail = await mail_in(scene, letter)
        visit = await contact_in(
            scene,
            sender={"handle": {"kind": "phone", "value": "+393331234567"}, "name": "Marco De Luca"},
            kind="visit",
            text="Chiede della macchina rossa",
            visit={"shop": "milano-duomo", "reason": "advice"},
        )
        unreadable = Unreadable(reason="unreadable", raw=b"no mail\n", content_type="message/rfc822", detail="no headers")
        accepted = await scene.gateway.intake.accept("mail", Parsed(unreadable=(unreadable,)))
        await settled(scene)
        yield Desk(scene, *people.values(), mail, visit, str(accepted.everything[0].id))


def words(page: LexborHTMLParser) -> str:
    return " ".join((page.css_first("main") or page.root).text(separator=" ").split())  # type: ignore[union-attr]


async def test_an_agent_sees_what_came_and_why_it_went_there(desk: Desk) -> None:
    page = await desk.scene.page(f"/messages/{desk.mail}", desk.agent)
    said = words(page)
    for shown in ("Anna Bianchi", "Padella PAN-28", "foto & co.png", "anna@example.it", "demo.returns", "demo.partners"):
        assert shown in said, shown
    for shown in ("returns-by-words", "rules.yaml:8", "logistics@demo.example", "2 immagini remote non caricate"):
        assert shown in said, shown
    frame = page.css_first("iframe")
    assert frame is not None
    assert frame.attributes["sandbox"] == "allow-popups allow-popups-to-escape-sandbox"
    assert "Chiede" in words(await desk.scene.page(f"/messages/{desk.visit}", desk.agent))
    assert '"reason": "advice"' in words(await desk.scene.page(f"/messages/{desk.visit}", desk.agent))
    visit = await desk.scene.page(f"/messages/{desk.visit}", desk.agent)
    assert "non corrisponde" in [node.text() for node in visit.css(".outcome")]
    assert (desk.agent.person.id, "message.view", desk.mail, "done") in await desk.scene.audit()  # type: ignore[union-attr]


async def test_a_viewer_sees_nothing_of_the_customer(desk: Desk) -> None:
    for path in (f"/messages/{desk.mail}", f"/messages/{desk.visit}"):
        answer = await desk.scene.get(path, desk.viewer)
        text = await answer.text()
        assert answer.status == 200
        for personal in (
            "Bianchi",
            "anna@",
            "Padella",
            "rimborso<",
            "foto",
            "Marco",
            "macchina",
            "1234567",
            "milano",
            "iframe",
        ):
            assert personal not in text, (path, personal)
    (file,) = await files(desk)
    for path in ("mail", f"files/{file}", "raw"):
        assert (await desk.scene.get(f"/messages/{desk.mail}/{path}", desk.viewer)).status == 403


async def files(desk: Desk) -> list[str]:
    page = await desk.scene.page(f"/messages/{desk.mail}", desk.agent)
    return [(node.attributes["href"] or "").rpartition("/")[2] for node in page.css(".files a")]


async def test_the_frame_of_a_mail(desk: Desk) -> None:
    answer = await desk.scene.get(f"/messages/{desk.mail}/mail", desk.agent)
    policy, html = answer.headers["Content-Security-Policy"], await answer.text()
    assert policy.startswith("sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'sha256-")
    assert "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'" in policy
    assert (answer.headers["X-Frame-Options"], answer.headers["Referrer-Policy"]) == ("SAMEORIGIN", "no-referrer")
    assert "track.example" not in html
    assert "alert" not in html
    assert '<span class="to">[evil.example/banca?…]</span>' in html
    assert 'rel="noopener noreferrer nofollow"' in html
    image = LexborHTMLParser(html).css_first("img[src]")
    assert image is not None
    picture = await desk.scene.client.get(image.attributes["src"] or "")
    assert (picture.status, await picture.read()) == (200, PNG)


async def test_files_and_raw_bytes_are_downloads_of_this_message(desk: Desk) -> None:
    (file,) = await files(desk)
    answer = await desk.scene.get(f"/messages/{desk.mail}/files/{file}", desk.agent)
    assert (answer.status, await answer.read()) == (200, PNG)
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert (await desk.scene.get(f"/messages/{desk.visit}/files/{file}", desk.agent)).status == 404
    assert (await desk.scene.get(f"/messages/{desk.mail}/raw", desk.agent)).status == 403
    raw = await desk.scene.get(f"/messages/{desk.mail}/raw", desk.admin)
    assert (raw.status, (await raw.read())[:5]) == (200, b"From:")
    assert raw.headers["Content-Disposition"].startswith("attachment")
    done = [(act, what) for _, act, what, _ in await desk.scene.audit()]
    assert {("message.file", f"{desk.mail} {file}"), ("message.raw", desk.mail)} <= set(done)


async def test_the_right_category_is_kept_and_becomes_a_test_of_the_rules(desk: Desk) -> None:
    scene, address = desk.scene, f"/messages/{desk.visit}"
    assert (await scene.post(f"{address}/mark", desk.viewer, {"category": "returns"})).status == 403
    wrong = await scene.post(f"{address}/mark", desk.agent, {"category": "nothing"})
    assert (wrong.status, "Questa categoria non c" in await wrong.text()) == (422, True)
    assert (await scene.post(f"{address}/mark", desk.agent, {"category": "returns"})).status == 303
    assert "Agent.One dice che è giusta: Resi" in words(await scene.page(address, desk.admin))
    text = await (await scene.get("/rules/marked.yaml", desk.admin)).text()
    assert "Marco" not in text
    assert "1234567" not in text
    rules = desk.scene.gateway.versions.rules.of("demo")
    assert "# " in text.splitlines()[0]
    (found,) = run_tests(load([*rules.sources, ("marked.yaml", text)]))
    (wrong_field,) = found.mismatches
    assert (wrong_field.field, wrong_field.expected, wrong_field.actual) == ("category", "returns", "general"), (
        "that is what it is for"
    )
    row = await scene.gateway.stores.database.read(lambda one: lookup.message(one, desk.visit))
    assert row is not None
    assert row["category"] == "general", "what was decided stays"
    assert (await scene.post(f"{address}/mark", desk.agent, {"category": ""})).status == 303
    assert (await scene.get("/rules/marked.yaml", desk.agent)).status == 403
    assert "/rules/marked.yaml" in await (await scene.get("/rules", desk.admin)).text()
    assert "/rules/marked.yaml" not in await (await scene.get("/rules", desk.agent)).text()


async def test_sent_to_another_queue_with_a_note(desk: Desk) -> None:
    scene, address = desk.scene, f"/messages/{desk.visit}"
    for fields in (
        {"queue": "demo.nothing", "note": "x"},
        {"queue": "demo.partners", "note": ""},
        {"queue": "demo.partners", "note": "x" * 501},
    ):
        answer = await scene.post(f"{address}/reroute", desk.agent, fields)
        assert (answer.status, fields["note"] in await answer.text()) == (422, True)
    answer = await scene.post(f"{address}/reroute", desk.agent, {"queue": "demo.partners", "note": "lo segue il fornitore"})
    assert answer.headers["Location"].endswith("said=done")
    page = words(await scene.page(address, desk.agent))
    assert "Agent.One l'ha mandato a demo.partners" in page
    assert "lo segue il fornitore" in page
    (done, *_) = await scene.gateway.stores.database.read(lambda one: operations.listed(one, limit=5))
    assert (done.action, done.state, done.done, done.selection) == (
        "replay",
        "done",
        1,
        {"envelopes": [desk.visit], "to": "demo.partners"},
    )
    assert done.actor == f"staff/{desk.agent.person.id}"  # type: ignore[union-attr]
    taken = await scene.gateway.stores.queues.take("demo.partners", limit=10, lease=60)
    assert desk.visit in {one.envelope_id for one in taken}
    again = await scene.post(f"{address}/reroute", desk.agent, {"queue": "demo.partners", "note": "ancora"})
    assert again.headers["Location"].endswith("said=lay_there")


async def test_a_dead_letter_is_driven_again(desk: Desk) -> None:
    scene, queues = desk.scene, desk.scene.gateway.stores.queues
    for one in await queues.take("demo.returns", limit=10, lease=60):
        await queues.reject(one.receipt, requeue=False)
    page = await scene.page(f"/messages/{desk.mail}", desk.agent)
    letter = page.css_first("input[name=letter]")
    assert letter is not None
    other = await scene.post(f"/messages/{desk.visit}/letters", desk.agent, {"letter": letter.attributes["value"] or ""})
    assert other.status == 404
    done = await scene.post(f"/messages/{desk.mail}/letters", desk.agent, {"letter": letter.attributes["value"] or ""})
    assert done.headers["Location"].endswith("said=done")
    assert [one.envelope_id for one in await queues.take("demo.returns", limit=10, lease=60)] == [desk.mail]
    assert not (await scene.page(f"/messages/{desk.mail}", desk.agent)).css("input[name=letter]")


async def test_what_is_in_quarantine_has_a_page_and_is_read_again(desk: Desk) -> None:
    scene = desk.scene
    assert "no headers" in words(await scene.page(f"/messages/{desk.held}", desk.agent))
    other = await scene.post(f"/messages/{desk.visit}/held", desk.agent, {"held": desk.held})
    assert other.status == 404
    done = await scene.post(f"/messages/{desk.held}/held", desk.agent, {"held": desk.held})
    assert done.headers["Location"].endswith("said=still_held")
    for path in sorted(scene.gateway.journal.path.parent.glob("redrive-*.sqlite")):
        await adopt(scene.gateway, path)


async def test_what_is_not_there_yet_or_never_was(desk: Desk) -> None:
    nobody = "6f1c1b5e-4f0e-5d53-9a52-3a5f4b1c7a10"
    assert (await desk.scene.get(f"/messages/{nobody}", desk.agent)).status == 404
    waiting = await desk.scene.page(f"/messages/{nobody}?accepted=1", desk.agent)
    assert waiting.css_first("[hx-get]") is not None
    assert (await desk.scene.get("/messages/%00", desk.agent)).status == 404


async def test_the_frame_in_chromium_shows_pictures_of_the_mail_and_nothing_from_elsewhere(desk: Desk) -> None:
    scene, asked = desk.scene, []
    async with chromium() as browser:
        context = await browser.new_context(locale="it-IT", timezone_id="Europe/Rome")
        base = f"http://127.0.0.1:{scene.client.port}"
        # The gateway thinks it is behind https, as a browser here does not: its cookie is given by hand.
        await context.set_extra_http_headers({"Cookie": f"{scene.cookie}={desk.agent.secret}"})
        tab = await context.new_page()
        tab.on("response", lambda answer: asked.append((urlsplit(answer.url).path, answer.status)))
        await tab.goto(f"{base}/console/messages/{desk.mail}")
        await tab.frame_locator("iframe.mail").locator("b").wait_for()
        image = tab.frame_locator("iframe.mail").locator("img[src]")
        await image.scroll_into_view_if_needed()
        title = await tab.locator("time").first.get_attribute("title")
        await tab.wait_for_load_state("networkidle")
        assert await findings(tab) == []
    assert [status for path, status in asked if path.startswith("/attachments/")] == [200]
    assert {status for _, status in asked} == {200}
    assert title is not None
    assert title.endswith(" UTC")
