"""The description of the HTTP interface (OpenAPI 3.1), from the same models that check it."""

from typing import Any, Final

from aiohttp import web

from connectors.api import USER_TOKEN
from connectors.api_body import MessageBody
from connectors.errors import REJECTIONS
from normalizer.envelope import Envelope
from normalizer.event import Event
from regia.http.examples import EXAMPLES
from regia.http.requests import json_answer

_SCHEMAS: Final = "#/components/schemas/{model}"


async def document(_request: web.Request) -> web.Response:
    """`/openapi.json`"""
    return json_answer(openapi())


def openapi() -> dict[str, Any]:
    """The whole document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Regia",
            "version": "1",
            "description": "Contacts of every channel come in, are linked to one customer, and are routed to queues.",
        },
        "paths": _paths(),
        "components": {
            "securitySchemes": _schemes(),
            "schemas": _models() | {"Rejection": _rejection()},
        },
    }


def _schemes() -> dict[str, Any]:
    user = "A JWT that your server signed for its user"
    return {
        "bearer": {"type": "http", "scheme": "bearer"},
        "user_token": {
            "type": "apiKey",
            "in": "header",
            "name": USER_TOKEN,
            "description": f"{user}, beside a program's token.",
        },
        "user_bearer": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": f"{user}, from the app itself: the connector's users.direct lets it in.",
        },
    }


def _models() -> dict[str, Any]:
    schemas: dict[str, Any] = {}
    for model, mode in ((MessageBody, "validation"), (Envelope, "serialization"), (Event, "serialization")):
        schema = model.model_json_schema(ref_template=_SCHEMAS, mode=mode)  # type: ignore[arg-type]  # a literal above
        schemas |= schema.pop("$defs", {})
        schemas[model.__name__] = schema
    return schemas


def _rejection() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["error", "detail"],
        "properties": {
            "error": {"type": "string", "enum": list(REJECTIONS)},
            "detail": {"type": "string", "description": "What is wrong and what to do."},
            "fields": {"type": "object", "additionalProperties": {"type": "string"}},
        },
    }


def _paths() -> dict[str, Any]:
    return {**_contacts(), **_forms(), **_stored(), **_events(), **_queues(), **_operations()}


def _contacts() -> dict[str, Any]:
    connector = [_parameter("connector")]
    receipts = {
        "202": _answer("Accepted: durable, and on its way.", _receipt()),
        "200": _answer("Accepted before.", _receipt()),
    }
    hand_over = _operation(
        "Hand over one contact: in-app, shop counter, phone desk.",
        receipts,
        parameters=[*connector, _header("Idempotency-Key", "Makes a repeated request one contact.")],
        body="MessageBody",
    )
    hand_over["requestBody"]["content"]["application/json"]["examples"] = EXAMPLES
    hand_over["security"] = [{"bearer": []}, {"bearer": [], "user_token": []}, {"user_bearer": []}]
    return {
        "/v1/messages/{connector}": {"post": hand_over},
        "/webhooks/{connector}": {
            "get": _operation("A provider's challenge.", _plain("Its answer."), parameters=connector),
            "post": _operation("A provider's signed delivery.", _plain("Accepted: durable."), parameters=connector),
        },
    }


def _forms() -> dict[str, Any]:
    connector = [_parameter("connector")]
    taken = {"202": _answer("Accepted.", _receipt()), "200": {"description": "The page that thanks, for browsers."}}
    allowed = {"204": {"description": "The headers say so."}}
    return {
        "/forms/{connector}": {
            "get": _operation("The hosted form.", _plain("The page."), parameters=connector),
            "post": _operation("A contact from the form: JSON, form-encoded or multipart.", taken, parameters=connector),
            "options": _operation("Whether a script of another site may post (CORS).", allowed, parameters=connector),
        },
        "/forms/{connector}/theme.css": {"get": _file("The form's colours.", *connector)},
        "/static/pages/{name}": {"get": _file("Style sheet and script of the pages.", _parameter("name"))},
    }


def _stored() -> dict[str, Any]:
    of_id = _parameter("id")
    whole = "A message: envelope, targets with their states, and why it went there."
    signed = (of_id, _query("expires"), _query("signature"))
    return {
        "/v1/messages/{id}": {"get": _operation(whole, _plain("The message."), parameters=[of_id], secured=True)},
        "/v1/messages/{id}/raw": {"get": _file("The provider's own bytes.", of_id, secured=True)},
        "/v1/attachments/{id}": {"get": _file("A file of a message.", of_id, secured=True)},
        "/attachments/{id}": {"get": _file("A file, by its signed and expiring link.", *signed)},
    }


def _events() -> dict[str, Any]:
    parameters = [
        _query("after", "The `next` of the answer before. Without it: from the oldest that is kept."),
        _query("limit", "1 to 1000, 100 if nothing is said."),
        _query("type", "Events of this type only; may be given several times."),
        _query("wait", "Seconds, 0 to 25, to wait for an event where there is none yet."),
    ]
    listed = {"events": {"type": "array", "items": {"$ref": _ref("Event")}}, "next": {"type": "integer"}}
    page = {"200": _answer("Events, oldest first.", {"type": "object", "required": list(listed), "properties": listed})}
    return {"/v1/events": {"get": _operation("What happened, in order.", page, parameters=parameters, secured=True)}}


def _queues() -> dict[str, Any]:
    receipt = _parameter("receipt")
    take = [_parameter("queue"), _query("limit"), _query("lease")]
    messages = _plain("The messages, each with a receipt.")
    return {
        "/v1/queues": {"get": _operation("Every queue with what waits in it.", _plain("The queues."), secured=True)},
        "/v1/queues/{queue}/take": {
            "post": _operation("Lease messages of an embedded queue.", messages, parameters=take, secured=True)
        },
        "/v1/queues/receipts/{receipt}/ack": {
            "post": _operation("The work is done: remove it.", _plain("Removed."), parameters=[receipt], secured=True)
        },
        "/v1/queues/receipts/{receipt}/reject": {
            "post": _operation(
                "Give the message back, or bury it with requeue=false.",
                _plain("Done."),
                parameters=[receipt, _query("requeue")],
                secured=True,
            )
        },
    }


def _operations() -> dict[str, Any]:
    readiness = {"200": {"description": "Ready."}, "503": {"description": "Not ready."}}
    return {
        "/health/live": {"get": _operation("The process answers.", _plain("Live."))},
        "/health/ready": {"get": _operation("Everything works, or what does not.", readiness)},
        "/metrics": {"get": _operation("Figures for Prometheus.", _plain("Text format."))},
        "/openapi.json": {"get": _operation("This description.", _plain("OpenAPI 3.1."))},
    }


def _plain(description: str) -> dict[str, Any]:
    return {"200": {"description": description}}


def _operation(
    summary: str,
    responses: dict[str, Any],
    *,
    parameters: list[dict[str, Any]] | None = None,
    body: str | None = None,
    secured: bool = False,
) -> dict[str, Any]:
    rejected = {"description": "Refused.", "content": {"application/json": {"schema": {"$ref": _ref("Rejection")}}}}
    operation: dict[str, Any] = {"summary": summary, "responses": responses | {"default": rejected}}
    if parameters:
        operation["parameters"] = parameters
    if body:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": {"$ref": _ref(body)}}}}
    if secured:
        operation["security"] = [{"bearer": []}]
    return operation


def _file(summary: str, *parameters: dict[str, Any], secured: bool = False) -> dict[str, Any]:
    return _operation(summary, _plain("The bytes."), parameters=list(parameters), secured=secured)


def _answer(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _receipt() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["id", "reference", "repeat"],
        "properties": {
            "id": {"type": "string", "format": "uuid", "description": "The envelope's id."},
            "reference": {"type": "string", "description": "The number a customer may quote."},
            "repeat": {"type": "boolean", "description": "Whether it was accepted before."},
        },
    }


def _ref(model: str) -> str:
    return _SCHEMAS.format(model=model)


def _parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _query(name: str, description: str = "") -> dict[str, Any]:
    return {"name": name, "in": "query", "description": description, "schema": {"type": "string"}}


def _header(name: str, description: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "description": description, "schema": {"type": "string"}}
