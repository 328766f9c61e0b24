"""The description of what ticket systems tell."""

from typing import Any, Final

from pydantic import BaseModel

from identity.tickets import EVENTS
from regia.http.bodies import TicketBody
from regia.http.described import answer, operation

BODIES: Final[tuple[type[BaseModel], ...]] = (TicketBody,)


def paths() -> dict[str, Any]:
    """The addresses of tickets."""
    taken = {"200": answer("What was understood; a repeat has the same answer.", _taken())}
    return {
        "/v1/tickets": {"post": operation("Something happened to a ticket.", taken, body="TicketBody", secured=True)},
    }


def _taken() -> dict[str, Any]:
    properties = {
        "brand": {"type": "string"},
        "ticket": {"type": "string"},
        "event": {"type": "string", "enum": list(EVENTS)},
        "at": {"type": "string", "format": "date-time"},
        "conversations": {"type": "array", "items": {"type": "string"}, "description": "Those the ticket is about."},
    }
    return {"type": "object", "required": list(properties), "properties": properties}
