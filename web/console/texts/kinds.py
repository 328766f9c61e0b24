"""Kinds of contacts as agents call them."""

from collections.abc import Mapping
from typing import Final

from normalizer.advice import Language
from normalizer.inbound import Kind

KINDS: Final[Mapping[Kind, Mapping[Language, str]]] = {
    "text": {"it": "testo", "en": "text"},
    "media": {"it": "file", "en": "file"},
    "location": {"it": "luogo", "en": "place"},
    "contact": {"it": "contatto", "en": "contact"},
    "reaction": {"it": "reazione", "en": "reaction"},
    "postback": {"it": "pulsante", "en": "button"},
    "form": {"it": "modulo", "en": "form"},
    "comment": {"it": "commento", "en": "comment"},
    "call": {"it": "chiamata", "en": "call"},
    "visit": {"it": "visita", "en": "visit"},
    "edit": {"it": "modifica", "en": "edit"},
    "delete": {"it": "cancellazione", "en": "deletion"},
    "unsupported": {"it": "non supportato", "en": "not supported"},
}


def kind_name(kind: str, language: Language) -> str:
    """What a kind is called; one that an older or newer version stored is called as it stands there."""
    return next((names[language] for known, names in KINDS.items() if known == kind), kind)
