"""WhatsApp Cloud API: sending, marking as read, media download.

Sources: CHANNELS 1.2 (limits, BSUID recipient, error classes), developers.facebook.com "Cloud API: Messages", "Media",
"Groups", "Error codes": 100 unknown parameter or too long, 131008 missing, 131009 invalid value, 131021 sender is recipient.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from aiohttp import web

from tests.providers.base import PATH, Accepted, Route, Sent, only
from tests.providers.graph_core import MetaGraph
from tests.providers.graph_whatsapp_shapes import MARK_READ, MESSAGES, TO_GROUPS
from tests.providers.shapes import Violation, const

CODE_OF_RULE = {"required": 131008, "additionalProperties": 100, "maxLength": 100, "maxItems": 100}
"""Everything else is 131009, an invalid value."""

ATTACHMENTS = "/whatsapp_business/attachments/"


class WhatsAppGraph(MetaGraph):
    """One phone number. `files` maps media ids to content, `mime_types` their types.

    `templates` maps (name, language code) to the number of body parameters; None takes every template.
    """

    def __init__(
        self, token: str, phone_number_id: str, *, templates: Mapping[tuple[str, str], int] | None = None, **graph: Any
    ) -> None:
        super().__init__(token, **graph)
        self.phone_number_id = phone_number_id
        self.templates = templates
        self.mime_types: dict[str, str] = {}
        self.marked_read: list[str] = []
        self.scopes = ("whatsapp_business_management", "whatsapp_business_messaging")
        self._issued: set[str] = set()

    def product_routes(self) -> Iterable[Route]:
        return [
            Route("POST", self.under("(?P<sender>[^/]+)/messages"), send=self._messages),
            Route("GET", self.under("(?P<media>[^/]+)"), handler=self._media),
            Route("GET", ATTACHMENTS, handler=self._attachment),
        ]

    def refuse_shape(self, wrong: Violation) -> NoReturn:
        titles = {100: "Invalid parameter", 131008: "Required parameter is missing", 131009: "Parameter value is not valid"}
        code = CODE_OF_RULE.get(wrong.rule, 131009)
        self.refuse(code, titles[code], details=str(wrong))

    async def _messages(self, request: web.Request) -> Sent:
        self.authorised(request)
        if request[PATH]["sender"] != self.phone_number_id:
            self.refuse_object("post", request[PATH]["sender"])
        body = await self.json_object(request)
        if "status" in body:
            self.check(MARK_READ, body)
            self.marked_read.append(body["message_id"])
            return [], web.json_response({"success": True})
        return self._message(body)

    def _message(self, body: dict[str, Any]) -> Sent:
        kind = body.get("type", "text")
        shapes = TO_GROUPS if body.get("recipient_type") == "group" else MESSAGES
        self.check({"type": "string", **const(*shapes)}, kind)
        self.check(shapes[kind], body)
        CHECKS.get(kind, _nothing)(self, body[kind])
        message = Accepted(
            id=f"wamid.FAKE{self.next_number():08}",
            to=body.get("to") or body["recipient"],
            kind=kind,
            text=_text(kind, body[kind]),
            buttons=_buttons(body[kind]) if kind == "interactive" else (),
            media=body[kind].get("link") or body[kind].get("id"),
            reply_to=body.get("context", {}).get("message_id"),
            extra={name: body[name] for name in ("biz_opaque_callback_data", "recipient_type") if name in body}
            | {kind: body[kind]},
        )
        known_as = {"wa_id": body["to"]} if "to" in body else {"user_id": body["recipient"]}
        contacts = [{"input": message.to, **known_as}]
        answer = {"messaging_product": "whatsapp", "contacts": contacts, "messages": [{"id": message.id}]}
        return [message], web.json_response(answer)

    def check_interactive(self, part: dict[str, Any]) -> None:
        """What the schema cannot say: 10 rows over all sections, section titles when there are several, ids unique."""
        sections = part["action"].get("sections", [])
        if sum(len(section["rows"]) for section in sections) > 10:
            self.refuse(131009, "Parameter value is not valid", details="Total row count exceed max allowed count: 10")
        if len(sections) > 1 and not all(section.get("title") for section in sections):
            self.refuse(131009, "Parameter value is not valid", details="Section title is required with several sections")
        ids = [name for name, _ in _buttons(part)]
        if len(ids) != len(set(ids)):
            self.refuse(131009, "Parameter value is not valid", details="Duplicated button or row id")

    def check_template(self, part: dict[str, Any]) -> None:
        if self.templates is None:
            return
        expected = self.templates.get((part["name"], part["language"]["code"]))
        if expected is None:
            self.refuse(132001, "Template name does not exist in the translation", details=part["name"])
        bodies = [piece for piece in part.get("components", []) if piece["type"].lower() == "body"]
        found = sum(len(piece["parameters"]) for piece in bodies)
        if found != expected:
            self.refuse(132000, "Number of parameters does not match", details=f"body has {found}, expected {expected}")

    async def _media(self, request: web.Request) -> web.Response:
        """The first step of a download; the address is good for this server only and needs the token again."""
        self.authorised(request, "phone_number_id")
        media = request[PATH]["media"]
        if media not in self.files:
            self.refuse_object("get", media)
        content = self.files[media]
        self._issued.add(media)
        return web.json_response(
            {
                "messaging_product": "whatsapp",
                "url": f"{self.url}{ATTACHMENTS}?mid={media}&ext=1767226000&hash={_hash(media)}",
                "mime_type": self.mime_types.get(media, "application/octet-stream"),
                "sha256": hashlib.sha256(content).hexdigest(),
                "file_size": len(content),
                "id": media,
            }
        )

    async def _attachment(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            self.refuse(190, "The media address needs the bearer token in the header")
        media = request.query.get("mid", "")
        if only(request, "mid", "ext", "hash") or media not in self._issued or request.query.get("hash") != _hash(media):
            self.refuse_object("get", media)
        return web.Response(body=self.files[media], content_type=self.mime_types.get(media, "application/octet-stream"))


def _hash(media: str) -> str:
    return hashlib.sha256(f"address of {media}".encode()).hexdigest()[:24]


def _nothing(_: WhatsAppGraph, __: dict[str, Any]) -> None:
    """For kinds whose schema says everything."""


CHECKS = {"interactive": WhatsAppGraph.check_interactive, "template": WhatsAppGraph.check_template}


def _text(kind: str, part: dict[str, Any]) -> str | None:
    """The words of a message, wherever its kind keeps them."""
    if kind == "interactive":
        return str(part["body"]["text"])
    if kind == "template":
        return str(part["name"])
    return part.get("body") or part.get("caption") or part.get("emoji") or part.get("name")


def _buttons(part: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """Reply buttons, or the rows of a list in the order shown."""
    action = part["action"]
    replies = [button["reply"] for button in action.get("buttons", [])]
    rows = [row for section in action.get("sections", []) for row in section["rows"]]
    return tuple((choice["id"], choice["title"]) for choice in replies or rows)
