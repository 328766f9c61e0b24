"""The request bodies of WhatsApp's `/messages`, one closed schema per kind.

Sources: CHANNELS 1.2; limits it does not name (button id 256, row id 200, footer and header 60, list button and section
title 20 and 24, file name 240) are those of developers.facebook.com "Cloud API: Messages".
"""

from typing import Any

from tests.providers.shapes import ANY_OBJECT, BOOL, LINK, Schema, by, const, like, many, obj, text

PHONE = like(r"[1-9]\d{5,14}")
"""Digits without `+`, as WhatsApp ids are."""

BSUID = like(r"[A-Z]{2}\.[A-Za-z0-9]{1,128}")
"""The parent form `US.ENT.…` cannot be sent to."""

GROUP = like(r"[A-Za-z0-9_=+/-]+")
"""What the Groups API calls a group by, and webhooks as `group_id`."""

IN_GROUPS = frozenset({"text", "image", "video", "document", "audio", "sticker", "template"})
"""Kinds that a group takes ("Groups API: Send group messages": texts, media and templates)."""

NUMBER: Schema = {"type": "number"}
MEDIA_ID = like(r"[A-Za-z0-9_.-]+")


def _media(**optional: Schema) -> Schema:
    """Exactly one of `link` and `id`."""
    return {**obj({}, {"link": LINK, "id": MEDIA_ID, **optional}), "oneOf": [{"required": ["link"]}, {"required": ["id"]}]}


CAPTION = text(1024)
FILE_NAME = text(240)

HEADER = by(
    "type",
    {
        "text": obj({"type": const("text"), "text": text(60)}),
        "image": obj({"type": const("image"), "image": _media()}),
        "video": obj({"type": const("video"), "video": _media()}),
        "document": obj({"type": const("document"), "document": _media(filename=FILE_NAME)}),
    },
)
REPLY_BUTTON = obj({"type": const("reply"), "reply": obj({"id": text(256), "title": text(20)})})
ROW = obj({"id": text(200), "title": text(24)}, {"description": text(72)})
SECTION = obj({"rows": many(ROW, 10)}, {"title": text(24)})
CTA = obj({"name": const("cta_url"), "parameters": obj({"display_text": text(20), "url": LINK})})


def _interactive(kind: str, action: Schema) -> Schema:
    optional = {"header": HEADER, "footer": obj({"text": text(60)})}
    return obj({"type": const(kind), "body": obj({"text": text(1024)}), "action": action}, optional)


INTERACTIVE = by(
    "type",
    {
        "button": _interactive("button", obj({"buttons": many(REPLY_BUTTON, 3)})),
        "list": _interactive("list", obj({"button": text(20), "sections": many(SECTION, 10)})),
        "cta_url": _interactive("cta_url", CTA),
    },
)

PARAMETER = by(
    "type",
    {
        "text": obj({"type": const("text"), "text": text(1024)}, {"parameter_name": text()}),
        "payload": obj({"type": const("payload"), "payload": text(128)}),
        "currency": obj({"type": const("currency"), "currency": ANY_OBJECT}),
        "date_time": obj({"type": const("date_time"), "date_time": ANY_OBJECT}),
        "image": obj({"type": const("image"), "image": _media()}),
        "video": obj({"type": const("video"), "video": _media()}),
        "document": obj({"type": const("document"), "document": _media(filename=FILE_NAME)}),
    },
)
PARAMETERS = many(PARAMETER)
BUTTON_INDEX: Schema = {"anyOf": [like(r"\d"), {"type": "integer", "minimum": 0, "maximum": 9}]}
BUTTON_COMPONENT = {
    "type": const("button", "BUTTON"),
    "sub_type": const("quick_reply", "url", "QUICK_REPLY", "URL"),
    "index": BUTTON_INDEX,
    "parameters": PARAMETERS,
}
COMPONENT = by(
    "type",
    {name: obj({"type": const(name), "parameters": PARAMETERS}) for name in ("header", "body", "HEADER", "BODY")}
    | {name: obj(BUTTON_COMPONENT) for name in ("button", "BUTTON")},
)
LANGUAGE = obj({"code": like(r"[a-z]{2,3}(_[A-Z]{2,3})?")}, {"policy": const("deterministic")})
TEMPLATE = obj({"name": like("[a-z0-9_]{1,512}"), "language": LANGUAGE}, {"components": many(COMPONENT, least=0)})

CONTENTS: dict[str, Schema] = {
    "text": obj({"body": text(4096)}, {"preview_url": BOOL}),
    "image": _media(caption=CAPTION),
    "video": _media(caption=CAPTION),
    "document": _media(caption=CAPTION, filename=FILE_NAME),
    "audio": _media(voice=BOOL),
    "sticker": _media(),
    "location": obj({"latitude": NUMBER, "longitude": NUMBER}, {"name": text(), "address": text()}),
    "reaction": obj({"message_id": text(), "emoji": text(least=0)}),
    "interactive": INTERACTIVE,
    "template": TEMPLATE,
}

EITHER_RECIPIENT: Schema = {
    "if": {"required": ["recipient"]},
    "then": {"properties": {"to": False}},
    "else": {"required": ["to"]},
}


def _message(kind: str) -> Schema:
    """`type` may be left out of a text message only; exactly one of `to` and `recipient`."""
    optional = {"recipient_type": const("individual"), "to": PHONE, "recipient": BSUID}
    return {**_addressed(kind, {}, optional), **EITHER_RECIPIENT}


def _to_group(kind: str) -> Schema:
    """A group is named by `to`, and must be called one."""
    return _addressed(kind, {"recipient_type": const("group"), "to": GROUP}, {})


def _addressed(kind: str, required: dict[str, Any], optional: dict[str, Any]) -> Schema:
    required = {"messaging_product": const("whatsapp"), kind: CONTENTS[kind], **required}
    optional = {"context": obj({"message_id": text()}), "biz_opaque_callback_data": text(512), **optional}
    (optional if kind == "text" else required)["type"] = const(kind)
    return obj(required, optional)


MESSAGES = {kind: _message(kind) for kind in CONTENTS}
TO_GROUPS = {kind: _to_group(kind) for kind in CONTENTS if kind in IN_GROUPS}

MARK_READ = obj(
    {"messaging_product": const("whatsapp"), "status": const("read"), "message_id": text()},
    {"typing_indicator": obj({"type": const("text")})},
)
