"""What direct messages and posts of X say.

Source: X developers, "Account Activity API: Data objects", "Message create object", "Post object" (v1.1 and v2), "DM event
object", "Media object".
Texts come HTML-escaped, in messages and posts alike.
"""

import html
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from connectors.kit.content import Content, present, unsupported
from connectors.reading import Misshapen, Part, moment
from connectors.x import links
from normalizer.inbound import Button, FieldValue, InboundAttachment, Location

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
    return Content(kind="text", text=_plain(data.text("text"), links.entities(data)))


def message_v2(event: Part, media: Part) -> Content:
    """A direct message as an object of v2, with the `media` beside it by their keys. Raises `Misshapen`."""
    keys, files = _keys(event), _files(event, media)
    text = None if keys and event.data.get("text") is None else _told(event.text("text"), files, links.entities(event))
    if keys and not files:
        return Content(kind="unsupported", text=text, fields={"x_type": "media"})
    return Content(kind="media" if files else "text", text=(text or None) if files else text, attachments=_attached(files))


def post(tweet: Part, media: Part) -> Content:
    """A post that mentions or answers us, by its v1.1 or v2 object. Raises `Misshapen`."""
    full = _longer(tweet)
    text = full_text(tweet)
    files = _media_of(tweet, full) or _files(tweet, media)
    return Content(kind="comment", text=_told(text, files, links.entities(full, tweet)), attachments=_attached(files))


def full_text(tweet: Part) -> str:
    """What a post says, however long. Raises `Misshapen`."""
    full = _longer(tweet)
    return tweet.text("text") if full is None else full.hint("full_text") or full.text("text")


def _longer(tweet: Part) -> Part | None:
    longer = (("extended_tweet", "full_text"), ("note_tweet", "text"))
    return next((part for name, key in longer if (part := tweet.hints(name)).hint(key)), None)


def quoted(tweet: Part, posts: Part) -> dict[str, FieldValue]:
    """The post that this one quotes, which X shows below it. `posts`: those beside a post of v2, by their ids."""
    referred = next((one.hint("id") for one in tweet.objects("referenced_tweets") if one.hint("type") == "quoted"), None)
    id_ = tweet.hint("quoted_status_id_str") or referred
    if id_ is None:
        return {}
    original = tweet.hints("quoted_status")
    original = original if original.data else posts.hints(id_)
    shown = _longer(original) or original
    text = shown.hint("full_text") or shown.hint("text")
    address = links.to_post(links.entities(_longer(tweet), tweet), id_)
    return present(
        x_quoted_id=id_,
        x_quoted_url=tweet.hints("quoted_status_permalink").hint("expanded") or address,
        x_quoted_text=None if text is None else _plain(text, links.entities(shown)),
    )


def _media_of(tweet: Part, full: Part | None) -> list[Part]:
    """Every file: `entities` has the first one only."""
    places = [part.hints(name) for part in (full, tweet) if part is not None for name in ("extended_entities", "entities")]
    return next((found for place in places if (found := place.objects("media"))), [])


def _keys(event: Part) -> list[str]:
    given = event.hints("attachments").data.get("media_keys")
    return [key for key in given if isinstance(key, str)] if isinstance(given, list) else []


def _files(event: Part, media: Part) -> list[Part]:
    """The files of an object of v2 that stand beside it. Their links are in its text, with their keys."""
    short = {link.hint("media_key"): link.hint("url") for link in links.entities(event)}
    found = [_as_before(media.hints(key), short) for key in _keys(event)]
    return [one for one in found if one.hint("media_url_https") or _forms(one)]


def _as_before(media: Part, short: Mapping[str | None, str | None]) -> Part:
    """A file of v2 in the words of v1.1."""
    forms = [{**form.data, "bitrate": form.whole("bit_rate")} for form in media.objects("variants")]
    link = short.get(media.hint("media_key"))
    return Part({"media_url_https": media.hint("url"), "video_info": {"variants": forms}, "url": link}, media.path)


def _attached(files: list[Part]) -> tuple[InboundAttachment, ...]:
    return tuple(_file(one) for one in files)


def words(data: Part, key: str) -> str | None:
    """An escaped text, None where there is none. Raises `Misshapen`."""
    text = data.optional_text(key)
    return None if text is None else _plain(text, links.entities(data))


def _plain(text: str, entities: list[Part]) -> str:
    return links.expanded(html.unescape(text), entities)


def _told(text: str, files: list[Part], entities: list[Part]) -> str:
    return _plain(links.without(text, (one.hint("url") for one in files)), entities)


def _media(data: Part, attached: Part) -> Content:
    media = attached.part("media")
    text = _told(data.optional_text("text") or "", [media], links.entities(data))
    return Content(kind="media", text=text or None, attachments=(_file(media),))


def _forms(media: Part) -> list[Part]:
    return [one for one in media.hints("video_info").objects("variants") if one.hint("content_type") == "video/mp4"]


def _file(media: Part) -> InboundAttachment:
    """A photo, or the best of a video's forms that is one file: X sends previews and playlists beside it."""
    forms = _forms(media)
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
    """In whichever field it stands: milliseconds, or `created_at` in the form of v1.1 or v2."""
    counted = (moment(tweet.data.get(name)) for name in ("timestamp_ms", "created_timestamp"))
    return next(filter(None, counted), None) or _parsed(tweet.data.get("created_at"))


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
