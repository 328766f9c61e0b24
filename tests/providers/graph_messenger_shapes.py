"""The request bodies of Messenger's and Instagram's Send API as closed schemas.

Sources: CHANNELS 1.3; quick replies (13, title 20, payload 1000) and buttons (3, title 20) are those of
developers.facebook.com "Quick Replies", "Button Template"; `reply_to` beside `message` is that of "Send API".
"""

from typing import Any

from tests.providers.shapes import BOOL, LINK, Schema, by, const, like, many, obj, text

USER = obj({"id": like(r"[A-Za-z0-9_-]+")})
USER_REF = obj({"user_ref": text(250)})
"""Somebody whom only a plug-in of the website has named ("Send API": recipient)."""
TITLE = text(20)
PAYLOAD = text(1000)

QUICK_REPLY = by(
    "content_type",
    {
        "text": obj({"content_type": const("text"), "title": TITLE, "payload": PAYLOAD}, {"image_url": LINK}),
        "user_phone_number": obj({"content_type": const("user_phone_number")}),
        "user_email": obj({"content_type": const("user_email")}),
    },
)
BUTTON = by(
    "type",
    {
        "postback": obj({"type": const("postback"), "title": TITLE, "payload": PAYLOAD}),
        "web_url": obj({"type": const("web_url"), "title": TITLE, "url": LINK}),
    },
)
FILE = {
    **obj({}, {"url": LINK, "is_reusable": BOOL, "attachment_id": text()}),
    "oneOf": [{"required": ["url"]}, {"required": ["attachment_id"]}],
}
BUTTONS = obj({"template_type": const("button"), "text": text(640), "buttons": many(BUTTON, 3)})
ATTACHMENT = by(
    "type",
    {name: obj({"type": const(name), "payload": FILE}) for name in ("image", "audio", "video", "file")}
    | {"template": obj({"type": const("template"), "payload": BUTTONS})},
)


def message_of(words: Schema) -> Schema:
    """`text` or `attachment`, never both; quick replies go with either."""
    optional = {
        "text": words,
        "attachment": ATTACHMENT,
        "quick_replies": many(QUICK_REPLY, 13),
        "metadata": text(1000),
    }
    return {**obj({}, optional), "oneOf": [{"required": ["text"]}, {"required": ["attachment"]}]}


_OPTIONAL: dict[str, Any] = {
    "notification_type": const("REGULAR", "SILENT_PUSH", "NO_PUSH"),
    "reply_to": obj({"mid": text()}),
}
_TAGGED = {"messaging_type": const("MESSAGE_TAG"), "tag": const("HUMAN_AGENT")}
_ANY: Schema = {}


def _send(typed: bool) -> Schema:
    """`tag` if and only if the type is MESSAGE_TAG; of the tags only HUMAN_AGENT is left. Messenger alone has a `user_ref`."""
    to_user: dict[str, Any] = {"recipient": {"oneOf": [USER, USER_REF]} if typed else USER, "message": _ANY}
    kind = {"messaging_type": const("RESPONSE", "UPDATE")}
    plain = obj({**to_user, **kind}, _OPTIONAL) if typed else obj(to_user, {**_OPTIONAL, **kind})
    is_tagged = {"properties": {"messaging_type": {"const": "MESSAGE_TAG"}}, "required": ["messaging_type"]}
    return {"type": "object", "if": is_tagged, "then": obj({**to_user, **_TAGGED}, _OPTIONAL), "else": plain}


SEND = {True: _send(typed=True), False: _send(typed=False)}
"""Whether `messaging_type` is mandatory → schema; `message` is checked on its own."""

PRIVATE_REPLY = obj(
    {"recipient": obj({"comment_id": like(r"[0-9_A-Za-z]+")}), "message": _ANY}, {"messaging_type": const("RESPONSE")}
)

ACTION = obj({"recipient": USER, "sender_action": const("typing_on", "typing_off", "mark_seen")})

COMMENT = obj({"message": text(8000)})
