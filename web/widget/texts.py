"""What the widget says, in every language it speaks."""

from collections.abc import Mapping
from typing import Final

from normalizer.advice import Language

NAMES: Final[Mapping[Language, str]] = {"it": "Italiano", "en": "English"}
TEXTS: Final[Mapping[Language, Mapping[str, str]]] = {"it": {"send": "Invia"}, "en": {"send": "Send"}}
