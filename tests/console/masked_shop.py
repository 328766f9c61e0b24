"""A console full of one customer, whose name, addresses, words and files are strings that stand nowhere else; and where each
address of the console shows something of them."""

import base64
import json
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Connection, select, update

from desk.staff.roles import Role
from normalizer.inbound import Page
from regia.console_settings import Console, Mask
from storage import drafts
from storage.drafts import Draft
from storage.schema import messages, outgoing, quarantine
from tests.console.at_work import hold, reject
from tests.console.contacts_in import a_mail, contact_in, mail_in, settled
from tests.console.people_of_a_shop import arrives, from_app, mail, owner
from tests.console.scene import Scene, Somebody
from tests.contacts import email, phone

RULES: Final = """
fields: {order: text}
categories:
  returns: {label: Resi}
  general: {label: Informazioni}
queues: [partners]
default: general
rules:
  - name: by-order
    when: {fields.order: {starts_with: [IT-1]}}
    then: {category: returns}
  - name: by-words
    when: {text: {words: [rimborso]}}
    then: {category: returns, copy_to: [partners]}
templates:
  spedito: {text: {it: "Ordine {{ fields.order }} partito.", en: "Order {{ fields.order }} left."}}
"""
SECRETS: Final = {
    "first name": "Ermenegarda",
    "last name": "Quagliozzi",
    "address": "zqlocalpart",
    "phone": "3335550123",
    "subject": "Soggettounico",
    "words": "Parolesegrete",
    "markup": "Marcatounico",
    "file": "Allegatounico",
    "field": "Campounico",
    "page": "Paginaunica",
    "visit": "Visitaunica",
    "call": "Squillounico",
    "answer": "Rispostaunica",
    "error": "Erroreunico",
    "detail": "Dettagliounico",
    "held": "Trattenutounico",
    "note": "Notaunica",
}
MAIL, PHONE = f"{SECRETS['address']}@example.it", f"+39{SECRETS['phone']}"
NAME = f"{SECRETS['first name']} {SECRETS['last name']}"
BELOW = f"{SECRETS['address']}.due@example.it"
PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")


@dataclass(frozen=True, slots=True)
class Shop:
    """Ids of what is there. `customer` has everything; `below` was merged into it; `other` is suggested as the same."""

    scene: Scene
    people: dict[Role, Somebody]
    customer: str
    other: str
    below: str
    mail: str
    html: str
    visit: str
    call: str
    file: str
    letter: str
    held: str
    reply: str

    def mask(self, **masked: bool) -> None:
        """Other settings of `console.mask`, while it works."""
        gateway = self.scene.gateway
        changed = gateway.configured.settings.model_copy(update={"console": Console(mask=Mask(**masked))})
        gateway.configured = replace(gateway.configured, settings=changed)

    def addresses(self) -> dict[str, tuple[str, ...]]:
        """Path in the table of addresses to what is asked: every one with something of the customer behind it."""
        customer, message = f"/customers/{self.customer}", f"/messages/{self.mail}"
        search = f"q={SECRETS['last name'][:6]}"
        return {
            "/static/{name:.+}": ("/static/console.css",),
            "/login": ("/login",),
            "/account": ("/account",),
            "/": ("/", "/?channel=email"),
            "/live": ("/live?after=0",),
            "/customers": ("/customers", f"/customers?{search}", f"/customers?q={MAIL}", "/customers?unheard=1"),
            "/customers/{id}": (
                customer,
                f"{customer}?template=spedito",
                f"/customers/{self.other}",
                f"{customer}?reply={self.reply}",
            ),
            "/customers/{id}/audit": (f"{customer}/audit",),
            "/customers/{id}/reply": tuple(
                f"{customer}/reply?message={self.mail}&template=spedito{more}" for more in ("", "&edit=1", "&language=en")
            ),
            "/customers/{id}/replies/{reply}": (f"{customer}/replies/{self.reply}",),
            "/customers/{id}/merge": (
                f"{customer}/merge",
                f"{customer}/merge?with={self.other}",
                f"{customer}/merge?{search}",
                f"{customer}/merge?q={MAIL}",
            ),
            "/customers/{id}/unmerge": (f"/customers/{self.below}/unmerge",),
            "/customers/{id}/erase": (f"{customer}/erase",),
            "/messages/{id}": (
                message,
                f"/messages/{self.html}",
                f"/messages/{self.visit}",
                f"/messages/{self.call}",
                f"/messages/{self.held}",
                f"{message}?dead=1",
            ),
            "/messages/{id}/mail": (f"/messages/{self.html}/mail",),
            "/messages/{id}/files/{file}": (f"/messages/{self.html}/files/{self.file}",),
            "/messages/{id}/raw": (f"/messages/{self.html}/raw", f"/messages/{self.visit}/raw"),
            "/new": ("/new", f"/new?call={self.call}", f"/new?{search}", f"/new?q={MAIL}", f"/new?customer={self.customer}"),
            "/new/customers": (f"/new/customers?{search}", f"/new/customers?q={MAIL}"),
            "/new/live": ("/new/live",),
            "/new/caller": (f"/new/caller?call={self.call}",),
            "/queues": ("/queues",),
            "/queues/figures": ("/queues/figures",),
            "/queues/dead": ("/queues/dead",),
            "/queues/dead/{id}": (f"/queues/dead/{self.letter}",),
            "/queues/quarantine": ("/queues/quarantine",),
            "/queues/quarantine/{id}": (f"/queues/quarantine/{self.held}",),
            "/rules": ("/rules",),
            "/rules/check": ("/rules/check",),
            "/rules/show": ("/rules/show",),
            "/rules/version": ("/rules/version",),
            "/rules/marked.yaml": ("/rules/marked.yaml",),
            "/rules/compare": ("/rules/compare?to=draft",),
            "/rules/playground": ("/rules/playground",),
            "/kpi": ("/kpi", "/kpi?whole=1", "/kpi?field=order", "/kpi?whole=1&by=field.order"),
            "/kpi/part": tuple(f"/kpi/part?part=block-reasons{more}" for more in ("", "&by=field.order", "&field=order")),
            "/kpi.csv": ("/kpi.csv", "/kpi.csv?kpi=contacts&field=order"),
            "/users": ("/users",),
            "/audit": ("/audit",),
            "/{rest:.*}": (f"/nothing/{self.customer}",),
        }


async def a_shop(scene: Scene) -> Shop:
    """With something of the customer at every address. The scene has the rules `RULES`."""
    roles: tuple[Role, ...] = ("viewer", "agent", "admin")
    people = {role: await scene.logged_in(await scene.person(f"{role}.m", role)) for role in roles}
    ids = await _contacts(scene)
    customer, other, below = [
        await owner(scene, kind, value) for kind, value in (("email", MAIL), ("phone", PHONE), ("email", BELOW))
    ]
    admin = people["admin"]
    merged = await scene.post(f"/customers/{customer}/merge", admin, {"with": below, "top": customer})
    assert merged.headers["Location"].startswith(f"/console/customers/{customer}")
    noted = await scene.post(f"/messages/{ids['visit']}/reroute", admin, {"queue": "demo.partners", "note": SECRETS["note"]})
    assert noted.status == 303, await noted.text()
    reply = await _answer(scene, admin, customer, ids["mail"])
    await hold(scene, f"{SECRETS['held']} {MAIL}".encode())
    about = {"detail": f"{SECRETS['detail']} of {MAIL}"}
    await scene.gateway.stores.database.write(lambda one: one.execute(update(quarantine).values(about)))
    await _drafts(scene, people)
    page = await scene.page("/queues/dead", admin)
    letter = page.css_first("tbody input[name=id]")
    file = (await scene.page(f"/messages/{ids['html']}", admin)).css_first(".files a")
    assert letter is not None
    assert file is not None
    return Shop(
        scene=scene,
        people=people,
        customer=customer,
        other=other,
        below=below,
        **ids,
        file=(file.attributes["href"] or "").rpartition("/")[2],
        letter=letter.attributes["value"] or "",
        held="desk-0",
        reply=reply,
    )


async def _contacts(scene: Scene) -> dict[str, str]:
    letter = a_mail(sender=f"{NAME} <{MAIL}>", subject=SECRETS["subject"], text="", html=f"<p>rimborso {SECRETS['markup']}</p>")
    letter.add_attachment(PNG, maintype="image", subtype="png", filename=f"{SECRETS['file']}.png")
    html = await mail_in(scene, letter)
    given: dict[str, Any] = {"subject": SECRETS["subject"], "text": SECRETS["words"], "sender_name": NAME}
    place = {"page": Page(url=f"https://shop.example/{SECRETS['page']}", title=SECRETS["page"])}
    await arrives(scene, "mail", mail("m-1", MAIL, fields={"order": SECRETS["field"]}, **place, **given))
    await arrives(scene, "mail", mail("m-2", BELOW, **given))
    await arrives(scene, "app", from_app("a-1", phone(PHONE), claims=(email(MAIL),), **given))
    who = {"handle": {"kind": "phone", "value": PHONE}, "name": NAME}
    told = {"shop": "milano", "reason": SECRETS["visit"]}
    visit = await contact_in(scene, sender=who, kind="visit", text=SECRETS["words"], visit=told)
    call = await contact_in(scene, sender=who, kind="call", text=SECRETS["call"], call={"state": "ringing"}, external_id="c-1")
    await settled(scene)
    await reject(scene)
    query = select(messages.c.id).where(messages.c.external_id == "m-1")
    first = await scene.gateway.stores.database.read(lambda one: one.execute(query).scalar_one())
    return {"mail": first, "html": html, "visit": visit, "call": call}


async def _answer(scene: Scene, who: Somebody, customer: str, message: str) -> str:
    """One that the provider did not take, and said why."""
    fields = {"message": message, "key": "k-1", "text": SECRETS["answer"]}
    sent = await scene.post(f"/customers/{customer}/reply", who, fields)
    assert sent.status == 303, await sent.text()
    failed = {"state": "failed", "error": f"{SECRETS['error']}: {MAIL} is full", "provider_code": "refused"}
    await scene.gateway.stores.database.write(lambda one: one.execute(update(outgoing).values(failed)))
    return str(await scene.gateway.stores.database.read(lambda one: one.execute(select(outgoing.c.id)).scalar_one()))


async def _drafts(scene: Scene, people: dict[Role, Somebody]) -> None:
    """Rules by which the messages would go elsewhere."""
    sources = json.dumps([["rules.yaml", RULES.replace("default: general", "default: returns")]])
    live = scene.gateway.versions.rules.live["*"].hash

    def work(connection: Connection) -> None:
        for who in people.values():
            assert who.person is not None
            drafts.save(connection, Draft(staff_id=who.person.id, brand="*", base=live, sources=sources))

    await scene.gateway.stores.database.write(work)
