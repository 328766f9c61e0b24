"""What each message and event of WeChat says, as tables.

Source: WeChat official account documents, "Receiving common messages" and "Receiving event pushes".
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from connectors.kit.content import Content, Kinds, present, unsupported
from connectors.reading import Misshapen, Part
from normalizer.inbound import Button, InboundAttachment, Location

EVENT: Final = "event"
"""The `MsgType` of everything that is no message."""


def message(part: Part, word: str) -> Content:
    """What a message says. Of a kind that is not known (a file, a card of a mini program) the title is kept as words: its
    file cannot be had. Raises `Misshapen`."""
    reader = MESSAGES.get(word)
    return _titled(part, word) if reader is None else reader(part)


def event(part: Part, word: str) -> Content | None:
    """What an event says, None where it is no contact (subscribe, SCAN, LOCATION, VIEW …). Raises `Misshapen`."""
    reader = EVENTS.get(word)
    return None if reader is None else reader(part)


def _titled(part: Part, word: str) -> Content:
    kept = unsupported("wechat", word)
    page = present(wechat_mini_program=part.hint("AppId"), wechat_page=part.hint("PagePath"))
    lines = (part.hint("Title"), part.hint("Description"))
    return msgspec.structs.replace(kept, text="\n".join(line for line in lines if line) or None, fields={**kept.fields, **page})


def _text(part: Part) -> Content:
    """Also the tap on a choice of a menu we sent, which brings the choice's number along."""
    return Content(kind="text", text=part.text("Content"), fields=present(wechat_menu_choice=part.hint("bizmsgmenuid")))


def _image(part: Part) -> Content:
    """`PicUrl` needs no token; the media id is gone after three days."""
    return Content(kind="media", attachments=(_file(part.optional_ident("PicUrl") or part.ident("MediaId")),))


def _media(part: Part) -> Content:
    return Content(kind="media", attachments=(_file(part.ident("MediaId")),))


def _voice(part: Part) -> Content:
    """With the words that WeChat heard, where the account has recognition switched on."""
    return Content(
        kind="media",
        text=part.optional_text("Recognition"),
        attachments=(_file(part.ident("MediaId")),),
        fields=present(wechat_format=part.hint("Format")),
    )


def _file(reference: str) -> InboundAttachment:
    return InboundAttachment(reference=reference)


def _location(part: Part) -> Content:
    """X is the latitude."""
    place = Location(latitude=_degrees(part, "Location_X"), longitude=_degrees(part, "Location_Y"), address=part.hint("Label"))
    return Content(kind="location", location=place)


def _degrees(part: Part, key: str) -> float:
    try:
        return Part({key: float(part.text(key))}).number(key)
    except ValueError as error:
        raise Misshapen(part.at(key), "a number") from error


def _link(part: Part) -> Content:
    """A shared page is words: nothing of it is loaded."""
    lines = (part.hint("Title"), part.hint("Description"), part.text("Url"))
    return Content(kind="text", text="\n".join(line for line in lines if line))


def _click(part: Part) -> Content:
    return Content(kind="postback", button=Button(id=part.text("EventKey")))


MESSAGES: Final[Kinds] = MappingProxyType(
    {
        "text": _text,
        "image": _image,
        "voice": _voice,
        "video": _media,
        "shortvideo": _media,
        "location": _location,
        "link": _link,
    }
)
EVENTS: Final[Mapping[str, Callable[[Part], Content]]] = MappingProxyType({"CLICK": _click})
