"""What the widget is told about a chat, in the visitor's language: the JSON of `GET /chat/{connector}/config`."""

from dataclasses import asdict
from typing import Any

from connectors.chat.settings import ChatSettings
from normalizer.advice import Language
from normalizer.fields import localised
from web.colours import palette
from web.widget.texts import TEXTS


def render_config(
    settings: ChatSettings,
    language: Language,
    *,
    is_open: bool = True,
    opens_at: str | None = None,
    faq_search: str | None = None,
) -> dict[str, Any]:
    """As the wire has it. `opens_at` is RFC 3339, `faq_search` the address of the search."""
    title = localised(settings.title, language)
    return {
        "name": title,
        "title": title,
        "language": language,
        "languages": [[code, TEXTS[code].own_name] for code in settings.languages],
        "colours": asdict(palette(settings.colours.primary)),
        "logo": settings.logo,
        "open": is_open,
        "opens_at": None if is_open else opens_at,
        "texts": asdict(TEXTS[language]),
        "greeting": _greeting(settings, language, is_open=is_open),
        "flow": settings.flow.localised(language) if settings.flow else None,
        "faq": {"search": faq_search} if faq_search else None,
        "upload": _upload(settings),
        "longest_text": settings.longest_text,
        "email_field": next(iter(settings.fields_of("email")), None),
    }


def _greeting(settings: ChatSettings, language: Language, *, is_open: bool) -> str | None:
    text = settings.greeting.open if is_open else settings.greeting.closed
    return None if text is None else localised(text, language)


def _upload(settings: ChatSettings) -> dict[str, Any] | None:
    rules = settings.upload
    if rules is None:
        return None
    return {
        "max_files": rules.max_files,
        "max_bytes": min(rules.max_bytes, settings.max_body),
        "max_total": settings.max_body,
        "content_types": list(rules.content_types),
    }
