"""The description of dead letters, and of the log of what people did by hand."""

from typing import Any, Final, get_args

from pydantic import BaseModel

from dispatcher.letters import Reason, Where
from regia.http.dead_bodies import DiscardBody, RedriveBody
from regia.http.described import choice, operation, parameter, plain, query
from storage.operations import ACTIONS

BODIES: Final[tuple[type[BaseModel], ...]] = (RedriveBody, DiscardBody)


def paths() -> dict[str, Any]:
    """Their addresses."""
    letter = [parameter("id")]
    chosen = [choice("from", get_args(Where)), choice("reason", get_args(Reason))]
    chosen += [query(name) for name in ("queue", "category", "since", "before", "limit")]
    edit = operation(
        "Another body for a letter. An envelope stays one, under its id.", plain("Edited."), parameters=letter, secured=True
    )
    edit["requestBody"] = {"required": True, "content": {"application/json": {"schema": {}}}}
    done = plain("How many, how many are left, and the id of the row in the log.")
    log = [query("cursor"), query("limit"), choice("action", ACTIONS)]
    return {
        "/v1/dead": {
            "get": operation("Dead letters, and what no queue took.", plain("The oldest."), parameters=chosen, secured=True)
        },
        "/v1/dead/{id}": {
            "get": operation("One letter with its body.", plain("The letter."), parameters=letter, secured=True),
            "put": edit,
        },
        "/v1/dead/redrive": {
            "post": operation("Publish letters to their queues again.", done, body="RedriveBody", secured=True)
        },
        "/v1/dead/discard": {"post": operation("Take letters away for good.", done, body="DiscardBody", secured=True)},
        "/v1/operations": {
            "get": operation("What people did by hand, newest first.", plain("A page."), parameters=log, secured=True)
        },
    }
