"""Visitors of a chat as people call them: their ids are long, and say nothing."""

from collections.abc import Mapping
from typing import Final

from normalizer.advice import Language

CHAT: Final = "chat"
"""The kind of their handles: `<connector>:<id>`."""
_SHOWN: Final = 6
"""Characters of an id that tell two visitors apart, and are too few to be taken for one."""
_NAMES: Final[Mapping[Language, str]] = {"it": "Visitatore", "en": "Visitor"}


def visitor_name(value: str, language: Language) -> str:
    """`Visitor …Ypzp2Y`, of the address of a visitor who has no name."""
    return f"{_NAMES[language]} …{value.rpartition(':')[2][-_SHOWN:]}"
