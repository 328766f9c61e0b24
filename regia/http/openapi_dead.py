"""The description of dead letters, of quarantine, and of the log of what people did by hand."""

from typing import Any, Final, get_args

from pydantic import BaseModel

from dispatcher.letters import Reason, Where
from regia.http.dead_bodies import DiscardBody, RedriveBody
from regia.http.described import choice, file, operation, parameter, plain, query
from regia.http.quarantine import DiscardHeldBody, HeldBody
from storage.operations import ACTIONS

BODIES: Final[tuple[type[BaseModel], ...]] = (RedriveBody, DiscardBody, HeldBody, DiscardHeldBody)


def paths() -> dict[str, Any]:
    """Their addresses."""
    return {**_letters(), **_quarantine()}


def _quarantine() -> dict[str, Any]:
    of_id = parameter("id")
    edit = operation("Other bytes, to be read instead of those that came.", plain("Edited."), parameters=[of_id], secured=True)
    edit["requestBody"] = {"required": True, "content": {"application/octet-stream": {}}}
    driven = plain("How many were read now, and how many are still held.")
    return {
        "/v1/quarantine": {
            "get": operation(
                "What was accepted and could not be read.",
                plain("The oldest."),
                parameters=[query("limit"), query("all")],
                secured=True,
            )
        },
        "/v1/quarantine/{id}": {"get": operation("One of it.", plain("Without its bytes."), parameters=[of_id], secured=True)},
        "/v1/quarantine/{id}/raw": {"get": file("The bytes that came.", of_id, query("edited"), secured=True), "put": edit},
        "/v1/quarantine/redrive": {"post": operation("Read it again.", driven, body="HeldBody", secured=True)},
        "/v1/quarantine/discard": {
            "post": operation("Nobody is to look at it any more.", plain("Done."), body="DiscardHeldBody", secured=True)
        },
    }


def _letters() -> dict[str, Any]:
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
