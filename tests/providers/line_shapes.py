"""LINE message objects as the Messaging API reference tables them (Message objects, Actions, Flex components).

Lengths are UTF-16 code units, which is how LINE counts the characters of a text. Not here, so refused: imagemap, textV2
and coupon messages.
"""

from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from tests.providers.shapes import BOOL, INT, Schema, by, const, like, many, obj, text

MOST_MESSAGES = 5
MOST_TEXT = 5000
NUMBER: Schema = {"type": "number"}


def https(most: int) -> Schema:
    """Media and icons are fetched over TLS only."""
    return like(r"https://\S+", most)


def _typed(shapes: dict[str, tuple[Schema, Schema]]) -> Schema:
    return by("type", {name: obj({"type": const(name), **must}, may) for name, (must, may) in shapes.items()})


def action(label: int, *, label_needed: bool = True, quick: bool = False) -> Schema:
    """An action object; the longest label and the kinds allowed hang on where it stands."""
    must, may = ({"label": text(label)}, {}) if label_needed else ({}, {"label": text(label)})
    postback = {
        "displayText": text(300),
        "inputOption": const("openKeyboard", "closeKeyboard", "openRichMenu", "openVoice"),
        "fillInText": text(300),
    }
    shapes: dict[str, tuple[Schema, Schema]] = {
        "message": ({**must, "text": text(300)}, may),
        "postback": ({**must, "data": text(300)}, {**may, **postback}),
        "uri": (
            {**must, "uri": like(r"(?:https?|line|tel):\S+", 1000)},
            {**may, "altUri": obj({"desktop": like(r"https?://\S+", 1000)})},
        ),
        "datetimepicker": (
            {**must, "data": text(300), "mode": const("date", "time", "datetime")},
            {**may, "initial": text(), "max": text(), "min": text()},
        ),
        "clipboard": ({**must, "clipboardText": text(1000)}, may),
    }
    if quick:  # these three exist as quick replies only
        shapes |= dict.fromkeys(("camera", "cameraRoll", "location"), (must, may))
    return _typed(shapes)


QUICK_REPLY = obj(
    {"items": many(obj({"type": const("action"), "action": action(20, quick=True)}, {"imageUrl": https(2000)}), 13)}
)
COMMON: Schema = {"quickReply": QUICK_REPLY, "sender": obj({}, {"name": text(20), "iconUrl": https(2000)})}

_LOOKS: Schema = {
    "imageAspectRatio": const("rectangle", "square"),
    "imageSize": const("cover", "contain"),
    "imageBackgroundColor": like("#[0-9A-Fa-f]{6}"),
}
_COLUMN_MAY: Schema = {
    "thumbnailImageUrl": https(2000),
    "imageBackgroundColor": like("#[0-9A-Fa-f]{6}"),
    "title": text(40),
    "defaultAction": action(20, label_needed=False),
}
_LOOKS_OF_CAROUSEL: Schema = {key: _LOOKS[key] for key in ("imageAspectRatio", "imageSize")}
TEMPLATE = _typed(
    {
        "buttons": ({"text": text(160), "actions": many(action(20), 4)}, {**_LOOKS, **_COLUMN_MAY}),
        "confirm": ({"text": text(240), "actions": many(action(20), 2, least=2)}, {}),
        "carousel": (
            {"columns": many(obj({"text": text(120), "actions": many(action(20), 3)}, _COLUMN_MAY), 10)},
            _LOOKS_OF_CAROUSEL,
        ),
        "image_carousel": (
            {"columns": many(obj({"imageUrl": https(2000), "action": action(12, label_needed=False)}), 10)},
            {},
        ),
    }
)

_PLACE: Schema = {
    key: text()
    for key in (
        *("margin", "position", "offsetTop", "offsetBottom", "offsetStart", "offsetEnd", "gravity", "align", "size"),
        *("color", "backgroundColor", "aspectRatio", "aspectMode", "height", "width", "maxHeight", "maxWidth", "spacing"),
        *("borderWidth", "borderColor", "cornerRadius", "justifyContent", "alignItems", "weight", "style", "decoration"),
        *("paddingAll", "paddingTop", "paddingBottom", "paddingStart", "paddingEnd", "lineSpacing", "scaling"),
    )
}
_PLACE |= {
    "flex": {"type": "integer", "minimum": 0},
    "maxLines": INT,
    "wrap": BOOL,
    "animated": BOOL,
    "adjustMode": const("shrink-to-fit"),
}
_FLEX_ACTION = action(40, label_needed=False)
_COMPONENT = {"$ref": "#/$defs/component"}
_BOX = {"$ref": "#/$defs/box"}
_BOX_MUST: Schema = {
    "layout": const("horizontal", "vertical", "baseline"),
    "contents": {"type": "array", "items": _COMPONENT},
}
_BOX_MAY: Schema = {**_PLACE, "action": _FLEX_ACTION, "background": {"type": "object"}}
_SPAN = obj({"type": const("span"), "text": text()}, _PLACE)
_COMPONENTS: dict[str, tuple[Schema, Schema]] = {
    "box": (_BOX_MUST, _BOX_MAY),
    "button": ({"action": action(40)}, _PLACE),
    "image": ({"url": https(2000)}, {**_PLACE, "action": _FLEX_ACTION}),
    "video": ({"url": https(2000), "previewUrl": https(2000), "altContent": _COMPONENT}, {**_PLACE, "action": _FLEX_ACTION}),
    "icon": ({"url": https(2000)}, _PLACE),
    "text": ({}, {**_PLACE, "text": text(), "contents": many(_SPAN), "action": _FLEX_ACTION}),
    "separator": ({}, _PLACE),
    "filler": ({}, _PLACE),
}
DEFS: Schema = {"component": _typed(_COMPONENTS), "box": _typed({"box": (_BOX_MUST, _BOX_MAY)})}
_BUBBLE_MAY: Schema = {
    **dict.fromkeys(("header", "body", "footer"), _BOX),
    "hero": _COMPONENT,
    "size": const("nano", "micro", "deca", "hecto", "kilo", "mega", "giga"),
    "direction": const("ltr", "rtl"),
    "styles": {"type": "object"},
    "action": _FLEX_ACTION,
}
FLEX = _typed({"bubble": ({}, _BUBBLE_MAY), "carousel": ({"contents": many(_typed({"bubble": ({}, _BUBBLE_MAY)}), 12)}, {})})

_EMOJI = obj({"index": INT, "productId": text(), "emojiId": text()})
_MESSAGES: dict[str, tuple[Schema, Schema]] = {
    "text": ({"text": text(MOST_TEXT)}, {"emojis": many(_EMOJI, 20), "quoteToken": text()}),
    "sticker": ({"packageId": text(), "stickerId": text()}, {"quoteToken": text()}),
    "image": ({"originalContentUrl": https(2000), "previewImageUrl": https(2000)}, {}),
    "video": (
        {"originalContentUrl": https(2000), "previewImageUrl": https(2000)},
        {"trackingId": like(r"[A-Za-z0-9\-.=,+*()%$&;:@{}!?<>\[\]]+", 100)},
    ),
    "audio": ({"originalContentUrl": https(2000), "duration": {"type": "integer", "minimum": 1}}, {}),
    "location": ({"title": text(100), "address": text(100), "latitude": NUMBER, "longitude": NUMBER}, {}),
    "template": ({"altText": text(400), "template": TEMPLATE}, {}),
    "flex": ({"altText": text(1500), "contents": FLEX}, {}),
}
MESSAGES = many(_typed({kind: (must, {**COMMON, **may}) for kind, (must, may) in _MESSAGES.items()}), MOST_MESSAGES)

_ALSO: Schema = {"notificationDisabled": BOOL}
REPLY: Schema = {**obj({"replyToken": text(), "messages": MESSAGES}, _ALSO), "$defs": DEFS}
PUSH: Schema = {
    **obj({"to": text(), "messages": MESSAGES}, {**_ALSO, "customAggregationUnits": many(like("[A-Za-z0-9_]+", 30), 1)}),
    "$defs": DEFS,
}


def utf16(value: str) -> int:
    """Length in UTF-16 code units: an emoji outside the basic plane counts as two."""
    return len(value.encode("utf-16-le", "surrogatepass")) // 2


def _max_utf16(_: object, most: int, value: object, __: object) -> Iterator[ValidationError]:
    if isinstance(value, str) and utf16(value) > most:
        yield ValidationError(f"Length must be between 0 and {most}")


_Validator = extend(Draft202012Validator, {"maxLength": _max_utf16})  # type: ignore[no-untyped-call]  # the stubs leave it bare


def faults(schema: Schema, value: Any) -> list[dict[str, str]]:
    """The `details` of LINE's 400: what is wrong and where, `messages[0].text`."""
    return [
        {"message": error.message[:200], "property": error.json_path.removeprefix("$").removeprefix(".")}
        for error in _Validator(schema).iter_errors(value)
    ]
