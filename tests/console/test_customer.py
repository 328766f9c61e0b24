"""The pages of customers over HTTP: found, looked at, changed, answered, merged, exported and erased."""

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from aiohttp import FormData
from selectolax.lexbor import LexborHTMLParser
from sqlalchemy import select

from desk.transcripts import name_of
from identity.views.search import search
from normalizer.inbound import Handle, Reply, reference_number
from regia.http.console import customer as pages
from regia.rules.live import Rules
from router.load import load
from storage.schema import audit, handles, messages, outgoing, outgoing_files
from tests.console.people_of_a_shop import anna, arrives, customer, from_app, mail, owner
from tests.console.scene import Scene, Somebody, a_console
from tests.contacts import email, phone
from tests.http import served
from web.console.customer import evidence
from web.console.texts.customer import CUSTOMER

pytestmark = pytest.mark.asyncio(loop_scope="module")

RULES = """
fields: {order: text}
categories: {general: {label: Informazioni}}
default: general
templates:
  spedito: {text: {it: "Ordine {{ fields.order }} partito.", en: "Order {{ fields.order }} left."}}
"""
HOSTILE = "<script>alert(1)</script>\"'&{{7*7}}"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> AsyncIterator[Scene]:
    with pytest.MonkeyPatch.context() as patch:
        found = replace(served.configured(), rules=Rules(live={"*": load([("rules.yaml", RULES)])}))
        patch.setattr(served, "configured", lambda: found)
        async with a_console(tmp_path_factory.mktemp("console"), migrated_sqlite) as made:
            yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def people(scene: Scene) -> dict[str, Somebody]:
    return {role: await scene.logged_in(await scene.person(f"{role}.c", role)) for role in ("viewer", "agent", "admin")}


async def rows(scene: Scene, query: Any) -> list[Any]:
    return list(await scene.gateway.stores.database.read(lambda one: one.execute(query).all()))


def text_of(page: LexborHTMLParser, selector: str) -> str:
    node = page.css_first(selector)
    assert node is not None, selector
    return " ".join(node.text().split())


def value_of(page: LexborHTMLParser, selector: str) -> str:
    node = page.css_first(selector)
    assert node is not None, selector
    return node.attributes["value"] or ""


async def test_they_are_found_by_whatever_is_typed(scene: Scene, people: dict[str, Somebody]) -> None:
    by_mail, by_app = await anna(scene, "Nicolò Fabbri", "nicolo.fabbri@cerca.example", "+393385550001")
    (message,) = await rows(scene, select(messages.c.id).where(messages.c.handle_value == "nicolo.fabbri@cerca.example"))
    number = reference_number(UUID(message.id))
    table = [
        ("nicolo.fabbri@cerca.example", by_mail),
        ("NICOLO.FABBRI@cerca.example", by_mail),
        ("nicolo.f", by_mail),
        ("fabbri@cer", by_mail),
        ("+39 338 555 0001", by_app),
        ("338 555", by_app),
        ("5550001", by_app),
        (number, by_mail),
        (number.lower().removeprefix("r-"), by_mail),
        (message.id, by_mail),
        (by_app, by_app),
        ("it 2231", by_mail),
        ("nicolo fabb", by_mail),
        ("fabbri nicolò", by_mail),
    ]
    for typed, expected in table:
        page = await scene.page(f"/customers?q={typed.replace('+', '%2B')}", people["agent"])
        found = {(node.attributes["href"] or "").rpartition("/")[2] for node in page.css("#found th a")}
        assert expected in found, typed
    page = await scene.page("/customers?q=nessuno-qui", people["agent"])
    assert "Nessun cliente" in text_of(page, ".empty")


async def test_who_sees_data_masked_finds_by_the_whole_only(scene: Scene, people: dict[str, Somebody]) -> None:
    await anna(scene, "Rosa Verdi", "rosa@masked.example", "+393385550002")
    part = await scene.page("/customers?q=rosa@mas", people["viewer"])
    assert not part.css("#found th a")
    whole = await scene.page("/customers?q=rosa@masked.example", people["viewer"])
    assert text_of(whole, "#found th a") == "R. V."
    assert "rosa@" not in text_of(whole, "#found table")


async def test_an_address_that_was_only_typed_is_shown_and_found(scene: Scene, people: dict[str, Somebody]) -> None:
    visitor = Handle("chat", "site:XBmfB6ed0MLypzp2Y", "verified")
    claims = (email("luisa.nuova@typed.example"), Handle("email", HOSTILE, "claimed"))
    await arrives(scene, "chat", from_app("typed-1", visitor, channel="chat", claims=claims))
    who = await owner(scene, "chat", visitor.value)
    page = await scene.page(f"/customers/{who}", people["agent"])
    assert "E-mail luisa.nuova@typed.example dichiarato" in text_of(page, "#claimed ~ ul")
    (message,) = await rows(scene, select(messages.c.id).where(messages.c.handle_value == visitor.value))
    assert (page.css_first("#claimed ~ ul a").attributes["href"] or "").endswith(f"/messages/{message.id}")  # type: ignore[union-attr]
    assert HOSTILE in text_of(page, "#claimed ~ ul")
    assert not page.css("#claimed ~ ul script")
    masked = text_of(await scene.page(f"/customers/{who}", people["viewer"]), "#claimed ~ ul")
    assert "l…@typed.example" in masked
    assert "luisa.nuova" not in masked
    for role in ("agent", "viewer"):
        found = await scene.page("/customers?q=luisa.nuova@typed.example", people[role])
        assert (found.css_first("#found th a").attributes["href"] or "").endswith(who)  # type: ignore[union-attr]
        assert "trovato per recapito solo dichiarato" in text_of(found, "#found tbody th")


async def test_a_visitor_without_a_name_is_called_one(scene: Scene, people: dict[str, Somebody]) -> None:
    value = "site:AbcdefGhijklmnopQrstuv"
    await arrives(scene, "chat", from_app("visitor-1", Handle("chat", value, "verified"), channel="chat", text="Ehi"))
    who = await owner(scene, "chat", value)
    (message,) = await rows(scene, select(messages.c.id).where(messages.c.handle_value == value))
    for path in ("/", f"/customers/{who}", f"/messages/{message.id}", "/customers"):
        for role in ("viewer", "agent"):
            answer = await scene.get(path, people[role])
            html = await answer.text()
            assert answer.status == 200, path
            assert "Visitatore …Qrstuv" in html, path
            assert value not in html, path


async def test_what_a_contact_gathered_is_in_the_timeline(scene: Scene, people: dict[str, Somebody]) -> None:
    said = {"order": "IT-7788", "product": HOSTILE, "empty": None}
    await arrives(scene, "app", from_app("gathered-1", phone("+393385550301"), text=None, kind="form", fields=said))
    who = await owner(scene, "phone", "+393385550301")
    page = await scene.page(f"/customers/{who}", people["agent"])
    assert text_of(page, "#timeline details.gathered summary") == "Dati raccolti (2)"
    shown = text_of(page, "#timeline details.gathered")
    assert "IT-7788" in shown
    assert HOSTILE in shown
    assert not page.css("#timeline script")
    assert text_of(page, "#timeline li.in p.quiet") == "modulo"
    masked = text_of(await scene.page(f"/customers/{who}", people["viewer"]), "#timeline details.gathered")
    assert "IT-7788" not in masked
    assert "••-••••" in masked


async def test_wildcards_are_letters(scene: Scene) -> None:
    for typed in ("%%%", "___", "a%b_c", "\\", "'", '"'):
        found = await scene.gateway.stores.database.read(lambda one, typed=typed: search(one, typed, spaces=["demo"]))
        assert found == ()


async def test_the_newest_in_pages_and_the_unheard(
    scene: Scene, people: dict[str, Somebody], monkeypatch: pytest.MonkeyPatch
) -> None:
    from regia.http.console import customers as list_pages

    monkeypatch.setattr(list_pages, "_PAGE", 2)
    for number in range(3):
        await arrives(scene, "app", from_app(f"page-{number}", phone(f"+3933855502{number:02}")))
    first = await scene.page("/customers", people["agent"])
    newest = await owner(scene, "phone", "+393385550202")
    assert len(first.css("#found tbody tr")) == 2
    assert (first.css("#found th a")[0].attributes["href"] or "").endswith(newest)
    more = (first.css_first(".more a").attributes["href"] or "").removeprefix("/console")  # type: ignore[union-attr]
    second = await scene.page(more, people["agent"])
    links = [{node.attributes["href"] for node in page.css("#found th a")} for page in (first, second)]
    assert not links[0] & links[1]
    waiting = await scene.page("/customers?unheard=1", people["agent"])
    assert waiting.css("#found .badge.warn")


async def test_looking_is_in_the_log_and_viewers_see_it_masked(scene: Scene, people: dict[str, Somebody]) -> None:
    by_mail, _ = await anna(scene, "Carla Neri", "carla@look.example", "+393385550003")
    page = await scene.page(f"/customers/{by_mail}", people["viewer"])
    viewer = people["viewer"].person
    assert viewer is not None
    assert (viewer.id, "customer.look", by_mail, "done") in await scene.audit()
    whole = page.html or ""
    assert "carla@look" not in whole
    assert "Carla" not in whole
    assert "graffiato" not in whole
    assert not page.css("form[action*='/reply'], form[action*='/profile'], form[action*='accept']")
    seen = await scene.page(f"/customers/{by_mail}", people["agent"])
    assert "manico graffiato" in text_of(seen, ".timeline")
    assert "da un messaggio" in text_of(seen, ".handles")
    answer = await scene.get("/customers/cus_nobody", people["agent"])
    assert answer.status == 404


async def test_what_customers_write_is_text(scene: Scene, people: dict[str, Somebody]) -> None:
    await arrives(scene, "mail", mail("hostile", "hostile@bad.example", text=HOSTILE, subject=HOSTILE, sender_name=HOSTILE))
    id_ = await owner(scene, "email", "hostile@bad.example")
    for path in (f"/customers/{id_}", "/customers?q=hostile@bad", f"/customers/{id_}/merge", f"/customers/{id_}/erase"):
        answer = await scene.get(path, people["admin"])
        body = await answer.text()
        assert "<script>alert" not in body
        assert "49" not in text_of(LexborHTMLParser(body), "h1")


async def test_a_profile_is_changed_once_and_never_over_somebody_elses_change(
    scene: Scene, people: dict[str, Somebody]
) -> None:
    id_, _ = await anna(scene, "Dora Blu", "dora@profile.example", "+393385550004")
    path, agent = f"/customers/{id_}", people["agent"]
    page = await scene.page(path, agent)
    names = ("name", "language", "tier", "tags", "competence", "crm_id")
    typed = {name: value_of(page, f"#f-{name}") for name in names} | {"mark": value_of(page, "input[name=mark]")}
    changed = typed | {"tier": "gold", "tags": "vip, b2b", "competence": "Ufficio resi"}
    assert (await scene.post(f"{path}/profile", agent, changed)).status == 303
    row = await customer(scene, id_)
    assert (row.tier, row.tags) == ("gold", '["b2b","vip"]')
    (act,) = await rows(
        scene, select(audit.c.actor, audit.c.detail).where(audit.c.customer_id == id_, audit.c.action == "profile")
    )
    assert act.actor == f"staff/{agent.person.id if agent.person else ''}"
    assert '"tier","tags","competence"' in act.detail

    answer = await scene.post(f"{path}/profile", agent, typed | {"tier": "silver"})
    again = LexborHTMLParser(await answer.text())
    assert answer.status == 409
    assert value_of(again, "#f-tier") == "silver"
    assert "gold" in text_of(again, "#profile form")
    assert (await customer(scene, id_)).tier == "gold"
    kept = {name: value_of(again, f"#f-{name}") for name in names} | {"mark": value_of(again, "input[name=mark]")}
    assert (await scene.post(f"{path}/profile", agent, kept)).status == 303
    assert (await customer(scene, id_)).tier == "silver"

    mark = value_of(await scene.page(path, agent), "input[name=mark]")
    wrong = await scene.post(f"{path}/profile", agent, kept | {"mark": mark, "language": "italiano"})
    assert wrong.status == 422
    assert "due lettere" in text_of(LexborHTMLParser(await wrong.text()), "#e-language")


async def reply_form(scene: Scene, who: Somebody, id_: str) -> dict[str, str]:
    page = await scene.page(f"/customers/{id_}", who)
    return {name: value_of(page, f".reply input[name={name}]") for name in ("message", "key", "newest")}


async def test_a_reply_is_sent_once_to_who_wrote(scene: Scene, people: dict[str, Somebody]) -> None:
    id_, other = await anna(scene, "Elsa Riva", "elsa@reply.example", "+393385550005")
    agent, path = people["agent"], f"/customers/{id_}/reply"
    form = await reply_form(scene, agent, id_) | {"text": "Gentile Elsa, la sostituiamo."}
    answers = await asyncio.gather(*(scene.post(path, agent, form) for _ in range(3)))
    assert {answer.status for answer in answers} == {303}
    assert len({answer.headers["Location"] for answer in answers}) == 1
    (row,) = await rows(scene, select(outgoing).where(outgoing.c.handle_value == "elsa@reply.example"))
    assert (row.text, row.author, row.message_id) == (form["text"], f"staff/{agent.person.id}", form["message"])  # type: ignore[union-attr]

    shown = await scene.page(answers[0].headers["Location"].removeprefix("/console"), agent)
    assert "elsa@reply.example" in text_of(shown, "#watched")
    state = await scene.get(f"/customers/{id_}/replies/{row.id}", agent, **{"HX-Request": "true"})
    assert "elsa@reply.example" in await state.text()

    table = [
        (form | {"text": "Un'altra"}, 422, CUSTOMER["it"].refusals["key_used"]),
        (form | {"key": "k-2", "text": "  "}, 422, CUSTOMER["it"].refusals["no_text"]),
        (form | {"key": "k-3", "template": "nessuno", "text": ""}, 422, CUSTOMER["it"].refusals["unknown_template"]),
        (form | {"key": ""}, 400, "non si capisce"),
        (form | {"key": "k-4", "message": "nothing"}, 404, "Questo messaggio non esiste"),
    ]
    for body, status, words in table:
        answer = await scene.post(path, agent, body)
        assert (answer.status, words in " ".join(LexborHTMLParser(await answer.text()).text().split())) == (status, True), body
    answer = await scene.post(f"/customers/{other}/reply", agent, form | {"key": "k-5"})
    assert answer.status == 404, "a message of somebody else is not answered from this page"
    assert len(await rows(scene, select(outgoing.c.id).where(outgoing.c.handle_value == "elsa@reply.example"))) == 1


async def test_whoever_has_no_name_of_their_own_answers_as_the_team(scene: Scene) -> None:
    """The widget writes the team's name where there is none (`desk.transcripts`); colleagues read who it was."""
    id_, _ = await anna(scene, "Lia Bassi", "lia@reply.example", "+393385550019")
    agent = await scene.logged_in(await scene.person("l.login", "agent", display=""))
    form = await reply_form(scene, agent, id_) | {"text": "Gentile Lia, arriva domani."}
    assert (await scene.post(f"/customers/{id_}/reply", agent, form)).status == 303
    (row,) = await rows(scene, select(outgoing).where(outgoing.c.handle_value == "lia@reply.example"))
    assert agent.person is not None
    assert row.author == f"staff/{agent.person.id}"
    assert name_of(row.author, automatic=False) is None
    for path in (f"/customers/{id_}", f"/messages/{form['message']}"):
        assert "l.login" in (await scene.page(path, agent)).css_first("main").text()  # type: ignore[union-attr]


async def test_a_file_goes_along_where_the_channel_takes_it(scene: Scene, people: dict[str, Somebody]) -> None:
    takes = Reply(allowed=("text", "image", "document"))
    await arrives(scene, "mail", mail("files", "files@reply.example", reply=takes, sender_name="Rita Fois"))
    id_, agent = await owner(scene, "email", "files@reply.example"), people["agent"]
    form = await reply_form(scene, agent, id_) | {"text": "Ecco l'etichetta.", "csrf": agent.csrf}
    body = FormData(form)
    body.add_field("files", b"%PDF-1.4 etichetta", filename="etichetta.pdf", content_type="application/pdf")
    answer = await scene.client.post(
        f"/console/customers/{id_}/reply", data=body, headers=scene.headers(agent), allow_redirects=False
    )
    assert answer.status == 303, await answer.text()
    (file,) = await rows(scene, select(outgoing_files.c.filename, outgoing_files.c.content_type))
    assert tuple(file) == ("etichetta.pdf", "application/pdf")


async def test_a_template_is_shown_before_it_is_sent(scene: Scene, people: dict[str, Somebody]) -> None:
    id_, _ = await anna(scene, "Fede Gallo", "fede@template.example", "+393385550006")
    agent = people["agent"]
    form = await reply_form(scene, agent, id_)
    query = f"/customers/{id_}/reply?message={form['message']}&template=spedito&language=it"
    words = LexborHTMLParser(await (await scene.get(query, agent)).text())
    assert text_of(words, ".drafted .body") == "Ordine IT-2231 partito."
    assert value_of(words, "input[name='field.order']") == "IT-2231"
    other = LexborHTMLParser(await (await scene.get(f"{query}&field.order=IT-9", agent)).text())
    assert text_of(other, ".drafted .body") == "Ordine IT-9 partito."
    as_text = LexborHTMLParser(await (await scene.get(f"{query}&edit=1", agent)).text())
    assert text_of(as_text, "textarea") == "Ordine IT-2231 partito."
    sent = await scene.post(
        f"/customers/{id_}/reply", agent, form | {"template": "spedito", "language": "en", "field.order": "IT-7"}
    )
    assert sent.status == 303
    (row,) = await rows(scene, select(outgoing.c.text).where(outgoing.c.handle_value == "fede@template.example"))
    assert row.text == "Order IT-7 left."


async def test_a_preview_leaves_nothing_and_tells_what_happens(scene: Scene, people: dict[str, Somebody]) -> None:
    one, two = await anna(scene, "Gaia Sala", "gaia@merge.example", "+393385550007")
    agent = people["agent"]
    before = [await customer(scene, id_) for id_ in (one, two)]
    acts = await rows(scene, select(audit.c.id))
    for path in (f"/customers/{one}/merge?with={two}", f"/customers/{one}/merge?with={two}&top={two}"):
        page = await scene.page(path, agent)
        assert len(page.css(".side-by-side")) == 3
    assert [await customer(scene, id_) for id_ in (one, two)] == before
    assert await rows(scene, select(audit.c.id)) == acts

    top = two
    assert (
        (await scene.post(f"/customers/{one}/merge", agent, {"with": two, "top": top}))
        .headers["Location"]
        .startswith(f"/console/customers/{top}")
    )
    moved = await scene.get(f"/customers/{one}", agent)
    assert moved.headers["Location"] == f"/console/customers/{top}"
    apart = await scene.page(f"/customers/{one}/unmerge", agent)
    assert "gaia@merge.example" in text_of(apart, "section[aria-labelledby=h-back]")
    assert (await customer(scene, one)).merged_into == top
    assert (await scene.post(f"/customers/{one}/unmerge", agent)).status == 303
    assert (await customer(scene, one)).merged_into is None
    assert (await scene.post(f"/customers/{one}/unmerge", agent)).status == 409
    assert (await scene.get(f"/customers/{one}/merge?with={one}", agent)).status == 409


async def test_a_suggestion_is_rejected_and_an_address_released(scene: Scene, people: dict[str, Somebody]) -> None:
    one, _ = await anna(scene, "Ivo Testa", "ivo@reject.example", "+393385550008")
    agent = people["agent"]
    page = await scene.page(f"/customers/{one}", agent)
    form = page.css_first("form[action$='/reject']")
    assert form is not None
    path = (form.attributes["action"] or "").removeprefix("/console")
    assert (await scene.post(path, agent, {"customer": one})).headers["Location"].startswith(f"/console/customers/{one}?")
    assert (await scene.post(path, agent, {"customer": one})).status == 409
    assert not (await scene.page(f"/customers/{one}", agent)).css(".suggestion")
    (link,) = await rows(scene, select(handles.c.id).where(handles.c.customer_id == one))
    assert (await scene.post(f"/customers/{one}/links/{link.id}/release", agent)).status == 303
    page = await scene.page(f"/customers/{one}", agent)
    assert "sciolto" in page.text()
    assert CUSTOMER["it"].refusals["address_gone"] in " ".join(page.text().split())
    log = await scene.page(f"/customers/{one}/audit", agent)
    assert "Recapito finito" in log.text()


async def test_a_long_timeline_comes_in_pages_and_by_channel(
    scene: Scene, people: dict[str, Somebody], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "_PAGE", 5)
    for number in range(12):
        await arrives(scene, "mail", mail(f"long-{number}", "long@pages.example", text=f"Messaggio numero {number}"))
    id_, seen, path = await owner(scene, "email", "long@pages.example"), [], ""
    path = f"/customers/{id_}"
    while path:
        answer = await scene.get(path, people["agent"], **({"HX-Request": "true"} if "?" in path else {}))
        page = LexborHTMLParser(await answer.text())
        seen += [node.text().strip() for node in page.css("li.in .body")]
        more = page.css_first("li.more a")
        path = (more.attributes["href"] or "").removeprefix("/console") if more else ""
    assert seen == [f"Messaggio numero {number}" for number in reversed(range(12))]
    other = await scene.page(f"/customers/{id_}?channel=app", people["agent"])
    assert not other.css("li.in")
    assert (await scene.get(f"/customers/{id_}?before=nothing", people["agent"])).status == 400


async def test_export_and_erase(scene: Scene, people: dict[str, Somebody]) -> None:
    id_, _ = await anna(scene, "Lia Moro", "lia@erase.example", "+393385550009")
    answer = await scene.post(f"/customers/{id_}/export", people["agent"])
    with zipfile.ZipFile(io.BytesIO(await answer.read())) as archive:
        assert "customer.json" in archive.namelist()
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{id_}.zip"'
    assert answer.headers["Cache-Control"] == "no-store" or "no-store" in answer.headers["Cache-Control"]
    admin, path = people["admin"], f"/customers/{id_}/erase"
    assert (await scene.get(path, people["agent"])).status == 403
    assert id_[-6:] in text_of(await scene.page(path, admin), "form label")
    wrong = await scene.post(path, admin, {"reference": "qualcosa"})
    assert wrong.status == 422
    assert (await customer(scene, id_)).id == id_
    assert (await scene.post(path, admin, {"reference": id_[-6:].lower()})).headers[
        "Location"
    ] == "/console/customers?said=erased"
    assert (await scene.get(f"/customers/{id_}", admin)).status == 410
    assert [act for _, act, what, result in await scene.audit() if what == id_ and act == "customer.erase" and result == "done"]


@pytest.mark.parametrize(
    ("text", "sort", "what"),
    [
        ("mail/0f0c6c2e-1111-5222-8333-444455556666", "message", "0f0c6c2e-1111-5222-8333-444455556666"),
        ("challenge/chl_1", "challenge", "chl_1"),
        ("import/crm.csv/abc:12", "list", "12"),
        ("agent/staff/stf_1", "actor", "staff/stf_1"),
        ("token/x: l'ha detto al banco", "words", "token/x: l'ha detto al banco"),
    ],
)
async def test_evidence_in_words(text: str, sort: str, what: str) -> None:
    assert (evidence(text).sort, evidence(text).text) == (sort, what)


async def test_both_languages_say_everything() -> None:
    it, en = CUSTOMER["it"], CUSTOMER["en"]
    for name in type(it).__slots__:
        if name != "list":
            assert getattr(it, name).keys() == getattr(en, name).keys(), name
