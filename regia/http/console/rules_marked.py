"""Messages that people marked with their right category, as tests of the rules, to be kept."""

from aiohttp import web

from connectors.errors import Rejected
from regia.http.console import rules_found
from regia.http.console.visit import Visit
from regia.rules.marked import MOST, as_tests
from storage import marks


async def tests(visit: Visit) -> web.StreamResponse:
    """`GET /console/rules/marked.yaml?brand=`: those of the brands that these rules decide about, personal data replaced."""
    if visit.frame.masked:
        raise Rejected("scope_missing", "this role sees personal data masked, and tests have what customers wrote")
    brand, rules = rules_found.brand_of(visit), visit.gateway.versions.rules
    visit.what = brand
    rows = await visit.read(lambda connection: marks.marked(connection, MOST))
    written = as_tests([row for row in rows if rules.slot(row["brand"]) == brand], rules.of)
    return visit.file(written.text.encode(), content_type="application/yaml; charset=utf-8", name="marked.yaml")
