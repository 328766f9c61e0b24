"""What the widget is told about a chat: words, colours and limits, in the visitor's language."""

from typing import Any

from connectors.chat.settings import ChatSettings
from normalizer.advice import Language
from normalizer.fields import localised
from web.pages.colours import shades
from web.widget.texts import NAMES, TEXTS


def render_config(
    settings: ChatSettings,
    language: Language,
    *,
    is_open: bool = True,
    opens_at: str | None = None,
    faq_search: str | None = None,
) -> dict[str, Any]:
    """As the wire has it. `opens_at` is RFC 3339, `faq_search` the address of the search."""
    return {
        "name": localised(settings.title, language),
        "title": localised(settings.title, language),
        "language": language,
        "languages": [[one, NAMES[one]] for one in settings.languages],
        "colours": shades(settings.colours.primary),
        "logo": settings.logo,
        "open": is_open,
        "opens_at": opens_at,
        "texts": dict(TEXTS[language]),
        "greeting": _greeting(settings, language, is_open=is_open),
        "flow": None,
        "faq": None if faq_search is None else {"search": faq_search},
        "upload": _upload(settings),
        "longest_text": settings.longest_text,
        "email_field": bool(settings.fields_of("email")),
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
