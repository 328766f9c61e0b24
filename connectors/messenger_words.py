"""What a comment, a post, a review or a mention says, by its verb; and who wrote it.

Source: Meta for Developers, "Webhooks reference: Page" (feed, ratings, mention). It lists the names of the three fields
together, and real requests mix them: `from` here, `sender_id` or `reviewer_id` there. So each is looked for in every place.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import msgspec

from connectors.kit.content import Content, present
from connectors.kit.place import fingerprint
from connectors.meta import known_identifier
from connectors.reading import Part
from normalizer.inbound import InboundAttachment, Page

_PEOPLE: Final = ("from", "reviewer", "sender")
"""Objects with `id` and `name`; or both beside each other, as `<word>_id` and `<word>_name`."""
_BELOW: Final = ("from", "sender", "reviewer")
"""Below a review, the reviewer may be named beside the one who comments on it."""
_WORDS: Final = ("message", "review_text")
_COMMENT: Final = "comment"
_FILM_OR_PICTURE: Final = frozenset({"photo", "video"})
"""Items whose `link` is the file itself; that of others is what was shared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Both are None where the app may not be told."""

    id: str | None
    name: str | None


def author(value: Part) -> Author:
    words = _BELOW if value.hint("item") == _COMMENT else _PEOPLE
    named = [(value.hints(word), "id", "name") for word in words] + [(value, f"{w}_id", f"{w}_name") for w in words]
    return Author(
        id=next((known for part, key, _ in named if (known := known_identifier(part, key))), None),
        name=next((known for part, _, key in named if (known := part.hint(key))), None),
    )


def _added(value: Part, about: str) -> tuple[Content, str]:
    url = value.hint("permalink_url") or value.hints("post").hint("permalink_url")
    words = _WORDS[:1] if value.hint("item") == _COMMENT else _WORDS
    content = Content(
        kind="comment",
        text=next((text for word in words if (text := value.optional_text(word))), None),
        attachments=tuple(InboundAttachment(reference=address) for address in _files(value)),
        page=None if url is None else Page(url=url),
        fields=present(
            meta_link=None if value.hint("item") in _FILM_OR_PICTURE else value.hint("link"),
            meta_rating=value.whole("rating"),
            meta_recommendation=value.hint("recommendation_type"),
        ),
    )
    return content, about


def _edited(value: Part, about: str) -> tuple[Content, str]:
    content = msgspec.structs.replace(_added(value, about)[0], kind="edit", about=about)
    files = [file.reference for file in content.attachments]
    # A review changes from yes to no without another word.
    said = [content.text, files, value.data.get("created_time"), *([content.fields] if content.fields else [])]
    return content, f"{about}:edited:{fingerprint(*said)}"


def _removed(_: Part, about: str) -> tuple[Content, str]:
    return Content(kind="delete", about=about), f"{about}:removed"


def _files(value: Part) -> Iterable[str]:
    several = value.data.get("photos")
    given = [value.hint("photo"), value.hint("video"), *(several if isinstance(several, list) else [])]
    if value.hint("item") in _FILM_OR_PICTURE:
        given.append(value.hint("link"))
    return dict.fromkeys(one for one in given if isinstance(one, str) and one)


VERBS: Final[Mapping[str, Callable[[Part, str], tuple[Content, str]]]] = MappingProxyType(
    {"add": _added, "edit": _edited, "edited": _edited, "update": _edited, "remove": _removed, "delete": _removed}
)
"""Content and key. Every other verb is an event: hide, unhide, mute, block …"""
