"""A gateway with a FAQ, a form with topics and a mailbox, in a folder of its own."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from desk.faq.reading import Declared
from regia.compose import configure, open_stores
from regia.gateway import Gateway
from regia.runners.faqs import FaqKeeping
from regia.settings import Data
from storage.journal import Journal
from tests.http.served import SECRETS, Client, is_up, serving

CONFIG = """
links_key: ${KEY}
rules: [rules.yaml]
server: {trusted_proxies: [127.0.0.0/8]}
tokens:
  - {name: helpdesk, token: "${HELPDESK}", scopes: [tickets, replies]}
  - {name: site, token: "${SITE}", scopes: [customers, messages]}
faq:
  shop:
    brand: demo
    folder: faq
    form: form
    rate: {count: 5000, seconds: 60}
    categories: {orders: {it: Ordini, en: Orders}, returns: {it: Resi, en: Returns}}
connectors:
  form:
    type: web_form
    brand: demo
    faq: shop
    rate: {count: 1000, seconds: 60}
    origins: [https://shop.example]
    colours: {primary: "#7a1f3d"}
    fields:
      name: {label: {it: Nome, en: Name}}
      email: {type: email, required: true}
      order: {max_length: 20, label: {it: Ordine, en: Order}}
      bought_on: {type: date, label: {it: Data d'acquisto, en: Date of purchase}}
      message: {required: true, multiline: true, label: {it: Messaggio, en: Message}}
    topics:
      return: {label: {it: Reso, en: Return}, required: [order]}
      warranty: {label: {it: Garanzia, en: Warranty}, fields: [bought_on], required: [bought_on]}
      other: {label: {it: Altro, en: Else}}
  bare: {type: web_form, brand: demo}
  desk: {type: api, brand: demo, tokens: ["${DESK}"], trusted_proofs: [agent]}
"""
RULES = """
categories: {general: {}}
default: general
rules:
  - {name: robots, when: {automated: honeypot}, then: {discard: robot, final: true}}
"""
ARTICLES = {
    "return-item.it.md": "---\ntitle: Come faccio un reso?\ncategory: returns\ntags: [restituire]\n---\nHai **30 giorni**.\n",
    "return-item.en.md": "---\ntitle: How do I return it?\ncategory: returns\n---\nYou have **30 days**.\n",
    "parcel.it.md": "---\ntitle: Dov'è il mio pacco?\ncategory: orders\ntags: [spedizione]\n---\nSegui il corriere.\n",
}


def write(folder: Path, articles: Mapping[str, str | bytes]) -> Path:
    """A folder with these files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in articles.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def told(folder: Path, *categories: str) -> Declared:
    return Declared(folder=folder, languages=("it", "en"), categories=categories, pictures="/faq/shop/images/")


@dataclass(frozen=True, slots=True)
class Shop:
    gateway: Gateway
    client: Client
    folder: Path
    keeping: FaqKeeping

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.client.port}"


def made(folder: Path, migrated: Path, articles: Mapping[str, str | bytes] = ARTICLES, **settings: object) -> Gateway:
    """A gateway that is not started. `settings` take the place of those of the file."""
    write(folder / "faq", articles)
    (folder / "regia.yaml").write_text(CONFIG)
    (folder / "rules.yaml").write_text(RULES)
    known = configure(folder / "regia.yaml", SECRETS)
    (folder / "data").mkdir()
    (folder / "data" / "regia.sqlite").write_bytes(migrated.read_bytes())
    changed = {"node": "n1", "data": Data(path=folder / "data"), **settings}
    known = replace(known, settings=known.settings.model_copy(update=changed))
    return Gateway(known, open_stores(known.settings), Journal.open(folder / "journals" / "n1.sqlite"))


@asynccontextmanager
async def shop(
    folder: Path, migrated: Path, articles: Mapping[str, str | bytes] = ARTICLES, **settings: object
) -> AsyncIterator[Shop]:
    """One that works."""
    gateway = made(folder, migrated, articles, **settings)
    keeping = FaqKeeping(gateway)
    async with serving(gateway) as client:
        gateway.start()
        await is_up(gateway)
        keeping.start()
        yield Shop(gateway, client, folder / "faq", keeping)
        await keeping.stop()


async def until(what: object, seconds: float = 5.0) -> None:
    """Wait until a function gives something true."""
    assert callable(what)
    async with asyncio.timeout(seconds):
        while not what():
            await asyncio.sleep(0.02)
