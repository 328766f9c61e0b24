"""Every address of the console that is read, for whom personal data is masked, with every setting of `console.mask`: nothing
of a customer is in what comes. A new line of the table needs a line in `masked_shop`."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import select

from desk.staff.roles import ROLES, Role
from regia.http.console.table import ENTRIES
from regia.rules.live import Rules
from router.load import load
from storage.schema import outgoing
from tests.console.masked_shop import MAIL, RULES, SECRETS, Shop, a_shop
from tests.console.scene import Somebody, a_console
from tests.databases import migrated_sqlite
from tests.http import served

__all__ = ["migrated_sqlite"]

pytestmark = pytest.mark.asyncio(loop_scope="module")

LOOKS = [entry.path for entry in ENTRIES if entry.method == "GET"]
MASKS = [{"viewer": viewer, "agent": agent} for viewer, agent in product((True, False), repeat=2)]
TYPED = re.compile(r'(?:value="|q=)' + re.escape(MAIL) + r"|q=" + re.escape(MAIL.replace("@", "%40")))
"""What somebody asked for stands in the page that answers."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> AsyncIterator[Shop]:
    with pytest.MonkeyPatch.context() as patch:
        found = replace(served.configured(), rules=Rules(live={"*": load([("rules.yaml", RULES)])}))
        patch.setattr(served, "configured", lambda: found)
        async with a_console(tmp_path_factory.mktemp("masked"), migrated_sqlite) as scene:
            yield await a_shop(scene)


async def shown(shop: Shop, path: str, who: Somebody, **headers: str) -> str:
    """What comes, with its headers; of a stream its beginning."""
    answer = await shop.scene.get(path, who, **headers)
    assert answer.status < 500, (path, await answer.text())
    head = "".join(f"{name}: {value}\n" for name, value in answer.headers.items())
    if answer.content_type == "text/event-stream":
        async with asyncio.timeout(10):
            body = await answer.content.readuntil(b"\n\n")
        answer.close()
    else:
        body = await answer.read()
    return TYPED.sub("", head + body.decode(errors="replace"))


async def seen(shop: Shop, role: Role) -> dict[str, set[str]]:
    """Secret to the addresses that show it to somebody of this role, whole or asked for by a script."""
    found: dict[str, set[str]] = {name: set() for name in SECRETS}
    for paths in shop.addresses().values():
        for path, htmx in product(paths, (False, True)):
            text = await shown(shop, path, shop.people[role], **({"HX-Request": "true"} if htmx else {}))
            for name in (name for name, secret in SECRETS.items() if secret in text):
                found[name].add(path)
    return found


async def test_every_address_is_looked_at(shop: Shop) -> None:
    assert set(shop.addresses()) == set(LOOKS)


@pytest.mark.parametrize("mask", MASKS, ids=lambda mask: " ".join(f"{role}={on}" for role, on in mask.items()))
async def test_nothing_of_a_customer_is_shown_to_whom_it_is_masked(shop: Shop, mask: dict[str, bool]) -> None:
    shop.mask(**mask)
    for role in ROLES:
        found = await seen(shop, role)
        if mask.get(role, False):
            assert {name: sorted(paths) for name, paths in found.items() if paths} == {}
        elif role == "agent":
            assert [name for name, paths in found.items() if not paths] == [], "the test would not see a leak of these"


async def test_forms_that_come_back_show_nothing_either(shop: Shop) -> None:
    """A page that says why something was not done is made anew from what is stored."""
    shop.mask(viewer=True, agent=True)
    agent = shop.people["agent"]
    reply = {"message": shop.mail, "key": "k-1", "template": "spedito", "text": ""}
    for path, fields in (
        (f"/customers/{shop.customer}/reply", reply | {"template": "nessuno"}),
        (f"/customers/{shop.customer}/reply", reply | {"key": "k-2", "template": "", "text": " "}),
        ("/new", {"link": "", "q": "", "where": "nowhere", "kind": "call"}),
        (f"/messages/{shop.mail}/reroute", {"queue": "demo.nothing", "note": "x"}),
        ("/queues/dead/redrive", {}),
        ("/queues/quarantine/redrive", {}),
        ("/rules/playground/take", {"name": "rules.yaml", "source": RULES, "id": shop.mail}),
    ):
        answer = await shop.scene.post(path, agent, fields)
        text = await answer.text()
        assert answer.status in (403, 409, 422), (path, answer.status)
        assert [name for name, secret in SECRETS.items() if secret in text] == [], path


async def test_an_empty_placeholder_is_still_filled_in(shop: Shop) -> None:
    """Masked is what is shown, and not what the customer gets."""
    shop.mask(viewer=True, agent=True)
    fields = {"message": shop.mail, "key": "k-masked", "template": "spedito", "field.order": "", "text": ""}
    sent = await shop.scene.post(f"/customers/{shop.customer}/reply", shop.people["agent"], fields)
    assert sent.status == 303
    query = select(outgoing.c.text)
    texts = await shop.scene.gateway.stores.database.read(lambda one: one.execute(query).scalars().all())
    assert f"Ordine {SECRETS['field']} partito." in texts
