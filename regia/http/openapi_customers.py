"""The description of customers: what is known of them, and what people do to them."""

from typing import Any, Final, get_args

from pydantic import BaseModel

from identity.facts import GIVEN
from identity.links import Outcome
from identity.merging import Guard
from identity.views import queue
from regia.http.bodies import FactsBody, MergeBody
from regia.http.described import answer, choice, file, operation, parameter, plain, query
from storage.surveys import STATES

BODIES: Final[tuple[type[BaseModel], ...]] = (FactsBody, MergeBody)
_PAGE: Final = (query("cursor"), query("limit"))


def paths() -> dict[str, Any]:
    """The addresses of customers and of suggestions."""
    return {**_looked_at(), **_done(), **_suggested(), **_surveys(), **_unheard(), **_promised()}


def _looked_at() -> dict[str, Any]:
    customer = parameter("id")
    times = [query(name) for name in ("since", "until", "channel")]
    address = [query(name) for name in ("kind", "value", "brand", "region")]
    return {
        "/v1/customers": {
            "get": _read("Who owns an address, who claims it, and whose it was.", "The customers.", *address),
        },
        "/v1/customers/{id}": {
            "get": _read(
                "Everything about a customer.", "The customer at the top; merged_into where that is another.", customer
            ),
            "patch": operation(
                "Set what is known of a customer.",
                {"200": answer("What changed.", _changed())},
                parameters=[customer],
                body="FactsBody",
                secured=True,
            ),
            "delete": operation(
                "Erase a customer.", plain("What was erased, in numbers."), parameters=[customer], secured=True
            ),
        },
        "/v1/customers/{id}/export": {"get": file("Everything of a customer, as a ZIP.", customer, secured=True)},
        "/v1/customers/{id}/timeline": {
            "get": _read(
                "What came in and went out, newest first.", "A page, and the next one's cursor.", customer, *_PAGE, *times
            )
        },
        "/v1/customers/{id}/audit": {
            "get": _read("What was done to a customer, newest first.", "A page, and the next one's cursor.", customer, *_PAGE)
        },
    }


def _done() -> dict[str, Any]:
    customer, merged = parameter("id"), {"200": answer("Done.", _act())}
    released = [customer, parameter("link")]
    return {
        "/v1/customers/{id}/merge": {
            "post": operation("Two customers are one.", merged, parameters=[customer], body="MergeBody", secured=True)
        },
        "/v1/customers/{id}/unmerge": {
            "post": operation("Undo the merge that put a customer below another.", merged, parameters=[customer], secured=True)
        },
        "/v1/customers/{id}/links/{link}/release": {
            "post": operation("An address is not the customer's any more.", plain("Done."), parameters=released, secured=True)
        },
    }


def _suggested() -> dict[str, Any]:
    which = [query("brand"), choice("reason", queue.REASONS), choice("state", queue.STATES)]
    suggestion = [parameter("id")]
    merged = {"200": answer("They are one.", _act())}
    return {
        "/v1/suggestions": {
            "get": _read("Pairs who may be one customer, the most likely first.", "A page of them.", *which, *_PAGE)
        },
        "/v1/suggestions/{id}/accept": {
            "post": operation("The two are one: merge them.", merged, parameters=suggestion, secured=True)
        },
        "/v1/suggestions/{id}/reject": {
            "post": operation("The two are not one.", plain("Done."), parameters=suggestion, secured=True)
        },
    }


def _surveys() -> dict[str, Any]:
    which = [query("name"), choice("state", STATES), *(query(name) for name in ("brand", "since", "until"))]
    chosen, token = query("a"), parameter("token")
    return {
        "/v1/surveys": {"get": _read("Surveys with what was answered, newest first.", "A page of them.", *which, *_PAGE)},
        "/survey/{token}": {
            "get": operation("The page of a survey. It answers nothing.", plain("The page."), parameters=[token, chosen]),
            "post": operation("Its button: the answers are kept.", plain("The page that thanks."), parameters=[token]),
        },
    }


def _unheard() -> dict[str, Any]:
    which = [query(name) for name in ("brand", "channel", "category", "until", "least")]
    return {
        "/v1/unheard": {
            "get": _read(
                "Customers with contacts that nobody has answered, who waits longest first.", "A page of them.", *which, *_PAGE
            )
        }
    }


def _promised() -> dict[str, Any]:
    which = [query(name) for name in ("brand", "category", "promise", "since")]
    return {
        "/v1/sla": {
            "get": _read(
                "Promised times that hold now, whatever is over or due first before the others.",
                "A page of them.",
                *which,
                query("breached"),
                *_PAGE,
            )
        },
        "/v1/sla/kept": {"get": _read("How many promised times were kept and missed.", "By category and promise.", *which)},
    }


def _read(summary: str, answered: str, *parameters: dict[str, Any]) -> dict[str, Any]:
    return operation(summary, plain(answered), parameters=list(parameters), secured=True)


def _act() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["act", "customer"],
        "properties": {
            "act": {"type": "string", "description": "The id in the audit log and of the event."},
            "customer": {"type": "string", "description": "The customer at the top; after an unmerge the one taken out."},
        },
    }


def _changed() -> dict[str, Any]:
    crm = {
        "type": ["object", "null"],
        "properties": {
            "outcome": {"type": "string", "enum": list(get_args(Outcome))},
            "customer": {"type": "string"},
            "guard": {"type": ["string", "null"], "enum": [*get_args(Guard), None]},
        },
    }
    return {
        "type": "object",
        "required": ["customer", "changed", "crm"],
        "properties": {
            "customer": {"type": "string", "description": "The customer at the top."},
            "changed": {"type": "array", "items": {"type": "string", "enum": list(GIVEN)}},
            "crm": {**crm, "description": "What became of a CRM id that the customer did not have."},
        },
    }
