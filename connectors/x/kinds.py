"""What direct messages and posts of X say.

Source: X developers, "Account Activity API: Data objects", "Message create object", "Post object" (v1.1 and v2).
Texts come HTML-escaped, in messages and posts alike.
"""

import html
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from connectors.kit.content import Content, unsupported
from connectors.reading import Misshapen, Part, moment
from normalizer.inbound import Button, InboundAttachment, Location

_POINT: Final = 2
_YEARS: Final = range(2006, 2200)
"""From the first post on; a time beyond is damage."""
_CREATED: Final = "%a %b %d %H:%M:%S %z %Y"
"""`Sat Nov 21 18:02:36 +0000 2026`"""


def message(data: Part) -> Content:
    """A direct message, by its `message_data`. Raises `Misshapen`."""
    answer, attached = data.hints("quick_reply_response"), data.hints("attachment")
    if answer.data:
        text = words(data, "text")
        return Content(kind="postback", text=text, button=Button(id=answer.hint("metadata"), title=text))
    if attached.data:
        reader = _ATTACHED.get(attached.hint("type") or "", _unknown)
        return reader(data, attached)
    return Content(kind="text", text=html.unescape(data.text("text")))


def post(tweet: Part) -> Content:
    """A post that mentions or answers us, by its v1.1 or v2 object. Raises `Misshapen`."""
    longer = (("extended_tweet", "full_text"), ("note_tweet", "text"))
    full = next((part for name, key in longer if (part := tweet.hints(name)).hint(key)), None)
    text = tweet.text("text") if full is None else full.hint("full_text") or full.text("text")
    media = _media_of(tweet, full)
    files = tuple(_file(one) for one in media)
    return Content(kind="comment", text=html.unescape(_without_links(text, media)), attachments=files)


def _media_of(tweet: Part, full: Part | None) -> list[Part]:
    """Every file: `entities` has the first one only."""
    places = [part.hints(name) for part in (full, tweet) if part is not None for name in ("extended_entities", "entities")]
    return next((found for place in places if (found := place.objects("media"))), [])


def words(data: Part, key: str) -> str | None:
    """An escaped text, None where there is none. Raises `Misshapen`."""
    text = data.optional_text(key)
    return None if text is None else html.unescape(text)


def _without_links(text: str, media: list[Part]) -> str:
    """X puts a short link to each file behind the text: those are not the customer's words."""
    for one in media:
        link = one.hint("url")
        text = text.removesuffix(link).rstrip() if link and text.endswith(link) else text
    return text


def _media(data: Part, attached: Part) -> Content:
    media = attached.part("media")
    text = _without_links(data.optional_text("text") or "", [media])
    return Content(kind="media", text=html.unescape(text) or None, attachments=(_file(media),))


def _file(media: Part) -> InboundAttachment:
    """A photo, or the best of a video's forms that is one file: X sends previews and playlists beside it."""
    forms = [one for one in media.hints("video_info").objects("variants") if one.hint("content_type") == "video/mp4"]
    if forms:
        best = max(forms, key=lambda form: form.whole("bitrate") or 0)
        return InboundAttachment(reference=best.ident("url"), content_type="video/mp4")
    return InboundAttachment(reference=media.ident("media_url_https"))


def _location(data: Part, attached: Part) -> Content:
    """GeoJSON: the longitude comes first. A place that has a name and no point is words."""
    point = attached.hints("location").hints("shared_coordinate").hints("coordinates")
    if not point.data:
        return _unknown(data, attached)
    pair = point.array("coordinates")
    if len(pair) != _POINT:
        raise Misshapen(point.at("coordinates"), "two numbers")
    numbers = Part(dict(zip(("longitude", "latitude"), pair, strict=True)), point.at("coordinates"))
    place = Location(latitude=numbers.number("latitude"), longitude=numbers.number("longitude"))
    return Content(kind="location", text=words(data, "text"), location=place)


def _unknown(data: Part, attached: Part) -> Content:
    kept = unsupported("x", attached.optional_ident("type"))
    return Content(kind=kept.kind, text=words(data, "text"), fields=kept.fields)


_ATTACHED: Final[Mapping[str, Callable[[Part, Part], Content]]] = MappingProxyType({"media": _media, "location": _location})


def written_at(tweet: Part) -> datetime | None:
    """`timestamp_ms`, or `created_at` in the form of v1.1 or v2."""
    return moment(tweet.data.get("timestamp_ms")) or _parsed(tweet.data.get("created_at"))


def _parsed(value: Any) -> datetime | None:
    if not isinstance(value, str):
        return None
    for read in (datetime.fromisoformat, lambda text: datetime.strptime(text, _CREATED)):  # noqa: DTZ007  # %z is in the form
        try:
            time = read(value)
            return time.astimezone(UTC) if time.tzinfo is not None and time.year in _YEARS else None
        except ValueError:
            continue
    return None
