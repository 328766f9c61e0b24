"""What the widget needs to know of its channel, as the JSON of `GET /chat/{connector}/config`."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from normalizer.advice import Language
from normalizer.fields import Text, localised
from web.colours import palette
from web.widget.texts import TEXTS


def render_config(
    *,
    name: str,
    language: Language,
    languages: Sequence[Language],
    primary: str,
    longest_text: int,
    title: Text | None = None,
    greeting: Text | None = None,
    closed: Text | None = None,
    logo: str | None = None,
    is_open: bool = True,
    opens_at: datetime | None = None,
    flow: Mapping[str, Any] | None = None,
    faq_search: str | None = None,
    upload: Mapping[str, Any] | None = None,
    email_field: str | None = None,
) -> dict[str, Any]:
    """The document, in `language`.

    `primary` is `#rrggbb`, `flow` is what `connectors.chat.flow.Flow.localised` gives, `faq_search` the address of the FAQ's
    search, `upload` has `max_files`, `max_bytes`, `max_total` and `content_types`. `opens_at` and `closed` are said while it is
    closed, `greeting` where there is no flow. `email_field` is the name of the field in which the address for an answer goes.
    """
    own = {"greeting": greeting, "by_email": closed}
    texts = asdict(TEXTS[language]) | {key: localised(text, language) for key, text in own.items() if text}
    return {
        "name": name,
        "title": localised(title, language) if title else texts["title"],
        "language": language,
        "languages": [[code, TEXTS[code].own_name] for code in languages],
        "colours": asdict(palette(primary)),
        "logo": logo,
        "open": is_open,
        "opens_at": opens_at.isoformat() if opens_at and not is_open else None,
        "texts": texts,
        "flow": flow,
        "faq": {"search": faq_search} if faq_search else None,
        "upload": upload,
        "longest_text": longest_text,
        "email_field": email_field,
    }
