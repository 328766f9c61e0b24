"""The methods of the Bot API as tables: parameters, which of them are mandatory, and the shape of nested values.

Source: CHANNELS 2, core.telegram.org/bots/api (Bot API 10.0). Telegram itself ignores unknown parameters; the fake
refuses them. Only the parts a gateway has use for are listed.
"""

from dataclasses import dataclass

from tests.providers.shapes import BOOL, INT, LINK, Schema, by, const, like, many, obj, text

CHAT: Schema = {"anyOf": [INT, like("@[A-Za-z][A-Za-z0-9_]{3,31}")]}
UPDATE_KINDS = (
    *("message", "edited_message", "channel_post", "edited_channel_post", "business_connection", "business_message"),
    *("edited_business_message", "deleted_business_messages", "message_reaction", "message_reaction_count", "inline_query"),
    *("chosen_inline_result", "callback_query", "shipping_query", "pre_checkout_query", "purchased_paid_media", "poll"),
    *("poll_answer", "my_chat_member", "chat_member", "chat_join_request", "chat_boost", "removed_chat_boost"),
    *("managed_bot", "guest_message"),
)
NOT_BY_DEFAULT = frozenset({"chat_member", "message_reaction", "message_reaction_count"})

REPLY = obj({"message_id": INT}, {"chat_id": CHAT, "allow_sending_without_reply": BOOL, "quote": text(1024)})
INLINE_BUTTON = {
    **obj({"text": text()}, {"callback_data": {**text(), "maxBytes": 64}, "url": like(r"(https?|tg)://\S+")}),
    "oneOf": [{"required": ["callback_data"]}, {"required": ["url"]}],
}
KEY = {"anyOf": [text(), obj({"text": text()}, {"request_contact": BOOL, "request_location": BOOL})]}
MARKUP: Schema = {
    "oneOf": [
        obj({"inline_keyboard": many(many(INLINE_BUTTON, 8), 100, least=0)}),
        obj(
            {"keyboard": many(many(KEY, 12), 100)},
            {
                "resize_keyboard": BOOL,
                "one_time_keyboard": BOOL,
                "is_persistent": BOOL,
                "selective": BOOL,
                "input_field_placeholder": text(64),
            },
        ),
        obj({"remove_keyboard": const(True)}, {"selective": BOOL}),
        obj({"force_reply": const(True)}, {"selective": BOOL, "input_field_placeholder": text(64)}),
    ]
}
_SPAN = {"offset": {"type": "integer", "minimum": 0}, "length": {"type": "integer", "minimum": 1}}
_PLAIN_ENTITIES = ("bold", "italic", "underline", "strikethrough", "spoiler", "code", "blockquote", "url", "email")
ENTITIES = many(
    by(
        "type",
        {name: obj({"type": const(name), **_SPAN}) for name in _PLAIN_ENTITIES}
        | {"pre": obj({"type": const("pre"), **_SPAN}, {"language": text()})}
        | {"text_link": obj({"type": const("text_link"), "url": LINK, **_SPAN})},
    ),
    100,
    least=0,
)
PREVIEW = obj(
    {}, {"is_disabled": BOOL, "url": text(), "prefer_small_media": BOOL, "prefer_large_media": BOOL, "show_above_text": BOOL}
)
KINDS_OF_UPDATES = many(const(*UPDATE_KINDS), least=0)
LIMIT: Schema = {"type": "integer", "minimum": 1, "maximum": 100}
SECONDS: Schema = {"type": "integer", "minimum": 0}
FILE = {"type": "string", "minLength": 1}
"""A link, a file id, `attach://name`, or the upload itself, which stands as its name here."""


@dataclass(frozen=True)
class Method:
    """`parameters` says of which type a value is; in forms numbers, booleans and JSON arrive as text."""

    required: dict[str, Schema]
    optional: dict[str, Schema]
    media: str | None = None
    """The parameter with the file, which is also the kind of the message."""

    @property
    def schema(self) -> Schema:
        return obj(self.required, self.optional)


def _send(required: dict[str, Schema], optional: dict[str, Schema], media: str | None = None) -> Method:
    common = {
        "business_connection_id": text(),
        "message_thread_id": INT,
        "direct_messages_topic_id": INT,
        "parse_mode": const("HTML"),
        "disable_notification": BOOL,
        "protect_content": BOOL,
        "message_effect_id": text(),
        "reply_parameters": REPLY,
        "reply_markup": MARKUP,
    }
    return Method({"chat_id": CHAT, **required}, {**common, **optional}, media)


def _send_file(kind: str, **optional: Schema) -> Method:
    words = {"caption": text(least=0), "caption_entities": ENTITIES}
    return _send({kind: FILE}, {**words, **optional}, kind)


METHODS: dict[str, Method] = {
    "getMe": Method({}, {}),
    "getWebhookInfo": Method({}, {}),
    "getUpdates": Method({}, {"offset": INT, "limit": LIMIT, "timeout": SECONDS, "allowed_updates": KINDS_OF_UPDATES}),
    "setWebhook": Method(
        {"url": text(least=0)},
        {
            "certificate": FILE,
            "ip_address": text(),
            "max_connections": {"type": "integer", "minimum": 1, "maximum": 100},
            "allowed_updates": KINDS_OF_UPDATES,
            "drop_pending_updates": BOOL,
            "secret_token": like("[A-Za-z0-9_-]{1,256}"),
        },
    ),
    "deleteWebhook": Method({}, {"drop_pending_updates": BOOL}),
    "sendMessage": _send({"text": text(least=0)}, {"entities": ENTITIES, "link_preview_options": PREVIEW}),
    "sendPhoto": _send_file("photo", show_caption_above_media=BOOL, has_spoiler=BOOL),
    "sendDocument": _send_file("document", thumbnail=FILE, disable_content_type_detection=BOOL),
    "sendVideo": _send_file(
        "video", duration=INT, width=INT, height=INT, thumbnail=FILE, has_spoiler=BOOL, supports_streaming=BOOL
    ),
    "sendVoice": _send_file("voice", duration=INT),
    "sendAudio": _send_file("audio", duration=INT, performer=text(), title=text(), thumbnail=FILE),
    "answerCallbackQuery": Method(
        {"callback_query_id": text()}, {"text": text(200, least=0), "show_alert": BOOL, "url": LINK, "cache_time": INT}
    ),
    "getFile": Method({"file_id": text()}, {}),
}
