"""The hosted chat: a page for whoever has no site to put the widget on, or a link on a parcel to lead somewhere."""

from dataclasses import dataclass
from typing import Final

from connectors.chat.settings import ChatSettings
from normalizer.advice import Language
from normalizer.fields import localised
from web.pages.chat_texts import CHAT_TEXTS
from web.pages.form import TEMPLATES
from web.pages.look import Look
from web.pages.texts import TEXTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """Where the page finds its parts."""

    theme: str
    script: str


def chat_look(settings: ChatSettings, paths: Paths) -> Look:
    """What the chat's sites may frame, and its colours."""
    return Look(theme=paths.theme, logo=settings.logo, frame_origins=settings.origins)


def render_chat(settings: ChatSettings, language: Language, paths: Paths) -> str:
    """The page. The widget says everything else: whether somebody is there, and what was written before."""
    return _TEMPLATE.render(
        view=chat_look(settings, paths),
        language=language,
        languages=[(code, TEXTS[code].own_name) for code in settings.languages],
        other_language=TEXTS[language].other_language,
        title=localised(settings.title, language),
        texts=CHAT_TEXTS[language],
        script=paths.script,
    )


_TEMPLATE: Final = TEMPLATES.get_template("chat.html")
