"""The log of what was done and looked at: for admins."""

from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import web
from sqlalchemy import Connection

from regia.http.console.visit import Visit
from storage import staff, staff_audit
from storage.staff_audit import Entry
from web.console.texts.audit import AUDIT

SHOWN: Final = 100


async def page(visit: Visit) -> web.StreamResponse:
    """`GET /console/audit?staff=&act=&what=&before=`: the audit log, newest first."""
    wanted = {name: value for name in ("staff", "act", "what") if (value := visit.word(name))}
    before = visit.number("before")

    def work(connection: Connection) -> tuple[list[Entry], dict[str, str]]:
        fits = {"staff_id": wanted.get("staff"), "act": wanted.get("act"), "what": wanted.get("what")}
        rows = staff_audit.listed(connection, limit=SHOWN, before=before, **fits)
        return list(rows), {person.id: person.display for person in staff.everybody(connection)}

    rows, names = await visit.read(work)
    older = rows[-1].position if len(rows) == SHOWN else None
    query = urlencode(wanted)
    values: dict[str, Any] = {
        "rows": rows,
        "names": names,
        "wanted": wanted,
        "query": query,
        "older": older,
        "acts": _acts(),
        "before": before,
    }
    return visit.page("audit.html", AUDIT, **values)


def _acts() -> list[str]:
    """All that the table of addresses can write down."""
    from regia.http.console.table import ENTRIES

    return sorted({entry.audit for entry in ENTRIES if entry.audit})
