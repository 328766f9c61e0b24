"""What comes into pages of the console while they are open: rows, findings, previews, what a rule decides."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from playwright.async_api import BrowserContext
from playwright.async_api import Page as Tab
from sqlalchemy import select

from storage.schema import messages
from tests.http import served
from tests.web.injected import examine
from tests.web.injected_contacts import Hostile, contact
from tests.web.injection_words import groups, line
from tests.web.injections import INJECTIONS, Injection

RULES: Final = f"""
fields: {{order: text}}
{served.RULES}
  - name: by-subject
    when: {{subject: nothing at all}}
    then: {{tags: [asked]}}
templates:
  parcel: {{text: {{it: "Ordine {{{{ fields.order }}}} partito."}}, subject: {{it: "{{{{ fields.order }}}}"}}}}
"""
"""Those of all tests, a rule whose explanation says the subject, and a template whose field an agent fills in."""
_PLACES: Final = {
    "live": "/",
    "new": "/new",
    "customers": "/customers",
    "merge": "/customers/{}/merge",
    "reply": "/customers/{}",
    "playground": "/rules/playground",
}


async def appearing(
    hostile: Hostile,
    context: BrowserContext,
    base: str,
    *,
    some: Sequence[Injection] = INJECTIONS,
    before: Callable[[], None] = lambda: None,
) -> dict[str, list[str]]:
    """What has become markup in each place, all of them open at once; `before` is called when they are open and hold nothing of
    it yet. `some` come in; the customers that are found have all of them."""
    customer, said = await _who_mailed(hostile), " ".join(map(line, some))
    tabs = {name: await context.new_page() for name in _PLACES}
    for name, tab in tabs.items():
        await tab.goto(f"{base}/console{_PLACES[name].format(customer)}")
        if name == "live":
            await tab.wait_for_selector("#live.good")
    before()
    await _rows(hostile, tabs["live"], some)
    await _found(tabs["new"], "#found .picks")
    await _found(tabs["customers"], "#found th a")
    await _found(tabs["merge"], "#others a, #others button")
    await _preview(tabs["reply"], said)
    await _decided(tabs["playground"], said)
    return {name: (await examine(tab)).markup for name, tab in tabs.items()}


async def _who_mailed(hostile: Hostile) -> str:
    """A customer who can be answered: their name is an injection."""
    query = select(messages.c.customer_id).where(messages.c.id == next(iter(hostile.mails)))
    return str(await hostile.scene.gateway.stores.database.read(lambda one: one.execute(query).scalar_one()))


async def _rows(hostile: Hostile, tab: Tab, some: Sequence[Injection]) -> None:
    """Messages that come in now."""
    for id_ in await asyncio.gather(*(contact(hostile.scene, group) for group in groups(some))):
        await tab.wait_for_selector(f"#m-{id_}", state="attached")


async def _found(tab: Tab, selector: str) -> None:
    """Customers, by words of their names. Where these are markup, whatever they have made of the page is enough."""
    await tab.fill("#f-q", "script")
    await tab.wait_for_selector(f"{selector}, main script, main base", state="attached")


async def _preview(tab: Tab, said: str) -> None:
    """A template's words, with these in its field."""
    await tab.select_option("#reply-template", "parcel")
    await tab.wait_for_selector("#reply-field-order")
    await tab.fill("#reply-field-order", said[:4_000])
    await tab.dispatch_event("#reply-field-order", "change")
    await tab.wait_for_function("!document.querySelector('.drafted').textContent.includes('Ordine  partito')")


async def _decided(tab: Tab, said: str) -> None:
    """What the rules say to a message of these words."""
    await tab.fill("#f-channel", said[:200])
    await tab.fill("#f-subject", said[:2_000])
    await tab.fill("#f-text", said)
    await tab.wait_for_selector("#result .why details", state="attached")
