"""Every page on which something of customers is shown: a new page is a line of `VIEWS`."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from sqlalchemy import Connection, select

from regia.http.console.table import ENTRIES
from storage.schema import messages
from tests.web.injected_contacts import Hostile
from tests.web.injected_figures import GROUPED
from tests.web.injection_words import line, quoted_lines
from tests.web.injections import INJECTIONS

Paths = Callable[[Hostile], Awaitable[list[str]]]


@dataclass(frozen=True, slots=True)
class View:
    """Pages of one address. `paths` are within the gateway."""

    address: str
    paths: Paths


def _each(form: str, number: int = 1_000) -> Paths:
    async def paths(hostile: Hostile) -> list[str]:
        return [form.format(id_) for id_ in list(hostile.contacts)[:number]]

    return paths


async def _live(hostile: Hostile) -> list[str]:
    """Everything, 50 a page."""

    def work(connection: Connection) -> list[int]:
        times = select(messages.c.received_ms).order_by(messages.c.received_ms.desc())
        return list(connection.execute(times).scalars())

    times = await hostile.scene.gateway.stores.database.read(work)
    return ["/console/", *(f"/console/?before={at}" for at in times[45::45])]


async def _mails(hostile: Hostile) -> list[str]:
    """Some, with their frames: all of them are looked at as frames."""
    return [f"/console/messages/{id_}" for id_ in list(hostile.mails)[::15]]


async def _customers(hostile: Hostile) -> list[str]:
    """Some of those with one contact, and of those with some mails: each contact has a page of its own."""
    return [f"/console/customers/{id_}" for id_ in (await hostile.customers())[::3]]


async def _new(hostile: Hostile) -> list[str]:
    """Those who ring, and the form that is filled in from a call, or by the address."""
    calls = [f"/console/new?call={id_}" for id_ in list(hostile.calls)[::3]]
    return ["/console/new", *calls, *(f"/console/new/customers?q={said}" for said in quoted_lines())]


async def _queries(_hostile: Hostile) -> list[str]:
    """What stands in an address."""
    brands = [f"/console/?brand={said}" for said in quoted_lines()]
    return [*brands, *(f"/console/messages/{quote(line(one), safe='')}" for one in INJECTIONS[::20])]


def _plain(*paths: str) -> Paths:
    """Pages as they are."""

    async def found(_hostile: Hostile) -> list[str]:
        return [f"/console{path}" for path in paths]

    return found


def _asked(form: str) -> Paths:
    """A page that takes words of its address, with all injections in them."""

    async def found(_hostile: Hostile) -> list[str]:
        return [form.format(said) for said in quoted_lines()]

    return found


async def _grouped(_hostile: Hostile) -> list[str]:
    return list(GROUPED)


async def _merges(hostile: Hostile) -> list[str]:
    """Both sides of the previews, what is before an erase, and the log."""
    some = (await hostile.customers())[:3]
    of_one = [f"/console/customers/{id_}/{what}" for id_ in some for what in ("audit", "merge", "unmerge", "erase")]
    return [*of_one, f"/console/customers/{some[0]}/merge?with={some[1]}"]


async def _letters(hostile: Hostile) -> list[str]:
    """Some dead letters; the lists have all of them."""
    rows = (await hostile.scene.page("/queues/dead", hostile.who)).css("a[href*='/queues/dead/']")
    return sorted({str(row.attributes["href"]) for row in rows})[:6]


async def _held(_hostile: Hostile) -> list[str]:
    """Some of what could not be read; a message's page shows the same for those that have one."""
    ids = [f"desk-{number}" for number in range(0, len(INJECTIONS), 12)]
    return [f"/console/{of}/{id_}" for id_ in ids for of in ("queues/quarantine", "messages")]


VIEWS: Final = (
    View("/", _live),
    View("/messages/{id}", _each("/console/messages/{}")),
    View("/messages/{id}", _mails),
    View("/new", _new),
    View("/{rest:.*}", _queries),
    View("/customers/{id}", _customers),
    View("/customers/{id}/merge", _merges),
    View("/customers", _plain("/customers")),
    View("/customers", _asked("/console/customers?q={0}")),
    View("/kpi", _asked("/console/kpi?tag={0}")),
    View("/kpi", _grouped),
    View("/queues", _plain("/queues")),
    View("/queues/dead", _plain("/queues/dead")),
    View("/queues/dead/{id}", _letters),
    View("/queues/quarantine", _plain("/queues/quarantine")),
    View("/queues/quarantine/{id}", _held),
    View("/queues/dead", _asked("/console/queues/dead?queue={0}")),
    View("/queues/quarantine", _asked("/console/queues/quarantine?connector={0}")),
    View("/rules", _plain("/rules", "/rules/check")),
    View("/users", _plain("/users")),
    View("/audit", _plain("/audit", "/audit?what=%3Cscript%3Efire()%3C/script%3E&act=%22%3E%3Cimg src=x onerror=fire()%3E")),
)
"""The pages on which something of customers stands. An address that this Regia does not have is left out."""

PAGES_OF_CUSTOMERS: Final = {
    "/forms/{connector}": "tests/faq/test_injected.py, tests/web/test_public_injections.py",
    "/faq/{faq}": "tests/faq/test_injected.py",
    "/faq/{faq}/articles/{id}": "tests/faq/test_injected.py",
    **dict.fromkeys(
        ("/faq/{faq}/search", "/faq/{faq}/articles/{id}/viewed", "/faq/{faq}/articles/{id}/helped"),
        "tests/web/test_public_injections.py: the page of a refusal",
    ),
    "/state/{token}": "tests/faq/test_injected.py, tests/web/test_public_injections.py",
    "/survey/{token}": "tests/web/test_public_injections.py",
    "/proof/{token}": "tests/web/test_public_injections.py",
}
"""Every address beside the console's that answers a page, and where it is looked at. The widget is a script in pages of others:
tests/web/test_chat_injection.py."""

NOTHING_OF_CUSTOMERS: Final = frozenset(
    {
        "/static/{name:.+}",
        "/login",
        "/account",
        "/rules/check",
        "/rules/show",
        "/rules/version",
        "/rules/compare",
        "/rules/playground",
    }
)
AS_A_FILE: Final = frozenset({"/rules/marked.yaml", "/messages/{id}/files/{file}", "/messages/{id}/raw", "/kpi.csv"})
AS_A_FRAME: Final = frozenset({"/messages/{id}/mail"})
PARTS: Final = frozenset(
    {
        "/live",
        "/new/live",
        "/new/caller",
        "/new/customers",
        "/kpi/part",
        "/queues/figures",
        "/customers/{id}/reply",
        "/customers/{id}/replies/{reply}",
        "/customers/{id}/audit",
        "/customers/{id}/unmerge",
        "/customers/{id}/erase",
    }
)
"""Fragments of pages above, and those that `_merges` looks at."""


def views() -> list[View]:
    known = {entry.path for entry in ENTRIES}
    return [view for view in VIEWS if view.address in known]


async def pages(hostile: Hostile) -> list[str]:
    """All paths of all views."""
    return [path for view in views() for path in await view.paths(hostile)]
