"""The description of the HTTP interface (OpenAPI 3.1), from the same models that check it."""

from typing import Any

from aiohttp import web
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode

from connectors.api import USER_TOKEN
from connectors.api_body import MessageBody
from connectors.errors import REJECTIONS
from normalizer.envelope import Envelope
from normalizer.event import Event
from regia.http import (
    openapi_chat,
    openapi_customers,
    openapi_dead,
    openapi_kpi,
    openapi_pages,
    openapi_proofs,
    openapi_replies,
    openapi_tickets,
)
from regia.http.described import SCHEMAS, answer, file, header, operation, parameter, plain, query, ref
from regia.http.examples import EXAMPLES
from regia.http.requests import json_answer


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
    bodies: list[type[BaseModel]] = [
        MessageBody,
        *openapi_customers.BODIES,
        *openapi_proofs.BODIES,
        *openapi_tickets.BODIES,
        *openapi_replies.BODIES,
        *openapi_dead.BODIES,
        *openapi_chat.BODIES,
    ]
    told: list[type[BaseModel]] = [Envelope, Event]
    for model in (*bodies, *told):
        mode: JsonSchemaMode = "serialization" if model in told else "validation"
        schema = model.model_json_schema(ref_template=SCHEMAS, mode=mode)
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
    customers = {**openapi_customers.paths(), **openapi_proofs.paths(), **openapi_tickets.paths(), **openapi_kpi.paths()}
    return {
        **_contacts(),
        **_forms(),
        **openapi_chat.paths(),
        **_stored(),
        **customers,
        **_events(),
        **_queues(),
        **openapi_replies.paths(),
        **openapi_dead.paths(),
        **openapi_pages.paths(),
        **_operations(),
    }


def _contacts() -> dict[str, Any]:
    connector = [parameter("connector")]
    receipts = {
        "202": answer("Accepted: durable, and on its way.", _receipt()),
        "200": answer("Accepted before.", _receipt()),
    }
    hand_over = operation(
        "Hand over one contact: in-app, shop counter, phone desk.",
        receipts,
        parameters=[*connector, header("Idempotency-Key", "Makes a repeated request one contact.")],
        body="MessageBody",
    )
    hand_over["requestBody"]["content"]["application/json"]["examples"] = EXAMPLES
    hand_over["security"] = [{"bearer": []}, {"bearer": [], "user_token": []}, {"user_bearer": []}]
    return {
        "/v1/messages/{connector}": {"post": hand_over},
        "/webhooks/{connector}": {
            "get": operation("A provider's challenge.", plain("Its answer."), parameters=connector),
            "post": operation("A provider's signed delivery.", plain("Accepted: durable."), parameters=connector),
        },
    }


def _forms() -> dict[str, Any]:
    connector = [parameter("connector")]
    receipt = openapi_pages.form_receipt(_receipt())
    taken = {"202": answer("Accepted.", receipt), "200": {"description": "The page that thanks, for browsers."}}
    allowed = {"204": {"description": "The headers say so."}}
    return {
        "/forms/{connector}": {
            "get": operation("The hosted form.", plain("The page."), parameters=connector),
            "post": operation("A contact from the form: JSON, form-encoded or multipart.", taken, parameters=connector),
            "options": operation("Whether a script of another site may post (CORS).", allowed, parameters=connector),
        },
        "/forms/{connector}/theme.css": {"get": file("The form's colours.", *connector)},
        "/static/pages/{name}": {"get": file("Style sheet and script of the pages.", parameter("name"))},
    }


def _stored() -> dict[str, Any]:
    of_id = parameter("id")
    whole = "A message: envelope, targets with their states, answers, and why it went there."
    name = parameter("name")
    signed = (of_id, query("expires"), query("signature"))
    return {
        "/v1/messages/{id}": {"get": operation(whole, plain("The message."), parameters=[of_id], secured=True)},
        "/v1/messages/{id}/raw": {"get": file("The provider's own bytes.", of_id, secured=True)},
        "/v1/attachments/{id}": {"get": file("A file of a message.", of_id, secured=True)},
        "/attachments/{id}": {"get": file("A file, by its signed and expiring link.", *signed)},
        "/files/{id}/{name}": {"get": file("A file of a reply, by the link that its provider was given.", *signed, name)},
    }


def _events() -> dict[str, Any]:
    parameters = [
        query("after", "The `next` of the answer before. Without it: from the oldest that is kept."),
        query("limit", "1 to 1000, 100 if nothing is said."),
        query("type", "Events of this type only; may be given several times."),
        query("wait", "Seconds, 0 to 25, to wait for an event where there is none yet."),
    ]
    listed = {"events": {"type": "array", "items": {"$ref": ref("Event")}}, "next": {"type": "integer"}}
    page = {"200": answer("Events, oldest first.", {"type": "object", "required": list(listed), "properties": listed})}
    return {"/v1/events": {"get": operation("What happened, in order.", page, parameters=parameters, secured=True)}}


def _queues() -> dict[str, Any]:
    receipt = parameter("receipt")
    take = [parameter("queue"), query("limit"), query("lease")]
    messages = plain("The messages, each with a receipt.")
    return {
        "/v1/queues": {"get": operation("Every queue with what waits in it.", plain("The queues."), secured=True)},
        "/v1/queues/{queue}/take": {
            "post": operation("Lease messages of an embedded queue.", messages, parameters=take, secured=True)
        },
        "/v1/queues/receipts/{receipt}/ack": {
            "post": operation("The work is done: remove it.", plain("Removed."), parameters=[receipt], secured=True)
        },
        "/v1/queues/receipts/{receipt}/reject": {
            "post": operation(
                "Give the message back, or bury it with requeue=false.",
                plain("Done."),
                parameters=[receipt, query("requeue")],
                secured=True,
            )
        },
    }


def _operations() -> dict[str, Any]:
    readiness = {"200": {"description": "Ready."}, "503": {"description": "Not ready."}}
    return {
        "/health/live": {"get": operation("The process answers.", plain("Live."))},
        "/health/ready": {"get": operation("Everything works, or what does not.", readiness)},
        "/metrics": {"get": operation("Figures for Prometheus.", plain("Text format."))},
        "/openapi.json": {"get": operation("This description.", plain("OpenAPI 3.1."))},
    }


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
