"""The description of the HTTP interface (OpenAPI 3.1), from the same models that check it."""

from typing import Any, Final

from aiohttp import web

from connectors.api_body import MessageBody
from connectors.errors import REJECTIONS
from normalizer.envelope import Envelope
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
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "schemas": _models() | {"Rejection": _rejection()},
        },
    }


def _models() -> dict[str, Any]:
    schemas: dict[str, Any] = {}
    for model, mode in ((MessageBody, "validation"), (Envelope, "serialization")):
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
    connector, message_id = _parameter("connector"), _parameter("id")
    return {
        "/v1/messages/{connector}": {
            "post": _operation(
                "Hand over one contact: in-app, shop counter, phone desk.",
                {
                    "202": _answer("Accepted: durable, and on its way.", _receipt()),
                    "200": _answer("Accepted before.", _receipt()),
                },
                parameters=[connector, _header("Idempotency-Key", "Makes a repeated request one contact.")],
                body="MessageBody",
                secured=True,
            )
        },
        "/forms/{connector}": {
            "get": _operation("The hosted form.", {"200": {"description": "The page."}}, parameters=[connector]),
            "post": _operation(
                "A contact from the form: JSON, form-encoded or multipart.",
                {"202": _answer("Accepted.", _receipt()), "200": {"description": "The page that thanks, for browsers."}},
                parameters=[connector],
            ),
        },
        "/webhooks/{connector}": {
            "get": _operation("A provider's challenge.", {"200": {"description": "Its answer."}}, parameters=[connector]),
            "post": _operation(
                "A provider's delivery, signed as the provider documents it.",
                {"200": {"description": "Accepted: durable."}},
                parameters=[connector],
            ),
        },
        "/v1/messages/{id}": {
            "get": _operation(
                "A message: envelope, targets with their states, and why it went there.",
                {"200": {"description": "The message."}},
                parameters=[message_id],
                secured=True,
            )
        },
        "/v1/messages/{id}/raw": {"get": _file("The provider's own bytes.", message_id, secured=True)},
        "/v1/attachments/{id}": {"get": _file("A file of a message.", message_id, secured=True)},
        "/attachments/{id}": {
            "get": _file("A file, by its signed and expiring link.", message_id, _query("expires"), _query("signature"))
        },
        "/v1/queues": {
            "get": _operation("Every queue with what waits in it.", {"200": {"description": "The queues."}}, secured=True)
        },
        "/v1/queues/{queue}/take": {
            "post": _operation(
                "Lease messages of an embedded queue.",
                {"200": {"description": "The messages, each with a receipt."}},
                parameters=[_parameter("queue"), _query("limit"), _query("lease")],
                secured=True,
            )
        },
        "/v1/queues/receipts/{receipt}/ack": {
            "post": _operation(
                "The work is done: remove the message.",
                {"200": {"description": "Removed."}},
                parameters=[_parameter("receipt")],
                secured=True,
            )
        },
        "/v1/queues/receipts/{receipt}/reject": {
            "post": _operation(
                "Give the message back, or bury it with requeue=false.",
                {"200": {"description": "Done."}},
                parameters=[_parameter("receipt"), _query("requeue")],
                secured=True,
            )
        },
        "/health/live": {"get": _operation("The process answers.", {"200": {"description": "Live."}})},
        "/health/ready": {
            "get": _operation(
                "Everything works, or what does not.", {"200": {"description": "Ready."}, "503": {"description": "Not ready."}}
            )
        },
        "/metrics": {"get": _operation("Figures for Prometheus.", {"200": {"description": "Text format."}})},
    }


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
    return _operation(summary, {"200": {"description": "The bytes."}}, parameters=list(parameters), secured=secured)


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


def _query(name: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": {"type": "string"}}


def _header(name: str, description: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "description": description, "schema": {"type": "string"}}
