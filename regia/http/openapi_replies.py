"""The description of replies."""

from typing import Any, Final

from pydantic import BaseModel

from regia.http.described import answer, operation, parameter, query
from regia.http.reply_body import ReplyBody
from storage.outgoing import FAILED, QUEUED, SENDING, SENT, UNKNOWN

BODIES: Final[tuple[type[BaseModel], ...]] = (ReplyBody,)
_TEXT: Final = {"type": ["string", "null"]}
_TIME: Final = {"type": ["string", "null"], "format": "date-time"}


def paths() -> dict[str, Any]:
    """The addresses of replies."""
    asked = {
        "202": answer("Kept: it will be sent.", _queued()),
        "200": answer("It was asked for before, by the same key.", _queued()),
    }
    shown = {"200": answer("How far it is.", _shown())}
    return {
        "/v1/replies": {"post": operation("Answer a customer.", asked, body="ReplyBody", secured=True)},
        "/v1/templates": {
            "get": operation(
                "Templates of the rules that a reply can have.",
                {"200": answer("By brand and name.", _templates())},
                parameters=[
                    query("brand", "Those of one brand."),
                    query("message", "Those for this message, each with a preview."),
                ],
                secured=True,
            )
        },
        "/v1/replies/{id}": {"get": operation("What became of a reply.", shown, parameters=[parameter("id")], secured=True)},
    }


def _queued() -> dict[str, Any]:
    properties = {
        "id": {"type": "string"},
        "message": {"type": "string", "description": "The envelope it answers."},
        "conversation": {"type": "string"},
        "repeat": {"type": "boolean", "description": "Whether it was asked for before."},
    }
    return {"type": "object", "required": list(properties), "properties": properties}


def _templates() -> dict[str, Any]:
    preview = {"subject": _TEXT, "text": _TEXT, "refused": _TEXT}
    properties: dict[str, Any] = {
        "brand": _TEXT | {"description": "null: of every brand without rules of its own."},
        "name": {"type": "string"},
        "languages": {"type": "array", "items": {"type": "string"}, "description": "The first is that of messages in others."},
        "fields": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "What it asks for, with its type.",
        },
        "whatsapp": _TEXT | {"description": "The approved template that leaves where the time for free texts is over."},
    }
    shown = {"preview": {"type": "object", "required": list(preview), "properties": preview}}
    one = {"type": "object", "required": list(properties), "properties": properties | shown}
    return {"type": "object", "required": ["templates"], "properties": {"templates": {"type": "array", "items": one}}}


def _shown() -> dict[str, Any]:
    file: dict[str, Any] = {name: {"type": "string"} for name in ("id", "filename", "content_type")}
    file["size"] = {"type": "integer", "description": "Bytes."}
    status = {"state": {"type": "string"}, "at": _TIME, "error": _TEXT}
    properties = {
        "id": {"type": "string"},
        "state": {"type": "string", "enum": [QUEUED, SENDING, SENT, FAILED, UNKNOWN]},
        "author": {"type": "string"},
        "automatic": {"type": "boolean"},
        "attempts": {"type": "integer"},
        "provider_code": _TEXT,
        "error": _TEXT,
        "key": _TEXT,
        "message": {"type": "string"},
        "conversation": {"type": "string"},
        "queued_at": _TIME,
        "due_at": _TIME,
        "ended_at": _TIME,
        "files": {"type": "array", "items": {"type": "object", "required": list(file), "properties": file}},
        "waits_for": _TEXT | {"description": "An earlier reply of its conversation that must end first."},
        "statuses": {
            "type": "array",
            "items": {"type": "object", "required": list(status), "properties": status},
            "description": "What the channel told of it, in the order in which it came.",
        },
    }
    return {"type": "object", "required": list(properties), "properties": properties}
