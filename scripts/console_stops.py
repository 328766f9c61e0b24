"""Every page of the console that has a picture, and those addresses that need none, each with its reason.

A test compares both with the console's table of addresses, so that a page without a picture is found.
"""

from collections.abc import Mapping
from typing import Final

from scripts.console_tour import STOPS, Stop

MORE: Final = (
    Stop("login", "/login"),
    Stop("customer-audit", "/customers/{together}/audit"),
    Stop("customer-others", "/customers/{customer}/merge?q=rossi"),
    Stop("customer-merge", "/customers/{customer}/merge?with={twin}"),
    Stop("customer-unmerge", "/customers/{merged}/unmerge"),
    Stop("customer-erase", "/customers/{customer}/erase"),
    Stop("message-why", "/messages/{message}#h-why"),
    Stop("message-held", "/messages/{held}"),
    Stop("rules-version", "/rules/show?brand=*&to={version}"),
    Stop("rules-compare", "/rules/compare?brand=*&to=draft"),
    Stop("dead", "/queues/dead"),
    Stop("letter", "/queues/dead/{letter}"),
    Stop("quarantine", "/queues/quarantine"),
    Stop("held", "/queues/quarantine/{held}"),
)
"""Pages that show one thing, or are opened now and then."""

PICTURED: Final = (*STOPS, *MORE)
STRANGER: Final = "login"
"""The one that is seen by who is not logged in."""
DARK: Final = ("live", "customer", "message", "queues", "kpi")
PHONE: Final = ("live", "customer", "message", "queues", "kpi", "login")

NO_PAGE: Final[Mapping[str, str]] = {
    "/static/{name:.+}": "style sheets and scripts",
    "/live": "server-sent events, for the page Live",
    "/customers/{id}/reply": "a part of a customer's page",
    "/customers/{id}/replies/{reply}": "a part of a customer's page",
    "/messages/{id}/mail": "the frame in a message's page",
    "/messages/{id}/files/{file}": "a file",
    "/messages/{id}/raw": "a file",
    "/new/customers": "a part of the page New contact",
    "/new/live": "server-sent events, for the page New contact",
    "/new/caller": "a part of the page New contact",
    "/queues/figures": "a part of the page Queues",
    "/rules/check": "leads back to the page Rules",
    "/rules/version": "a file",
    "/rules/marked.yaml": "a file",
    "/kpi/part": "a part of the page Figures",
    "/kpi.csv": "a file",
    "/{rest:.*}": "says that there is nothing at this address",
}
