"""What the pages of the rules say."""

from collections.abc import Mapping
from typing import Final

from normalizer.advice import Language
from web.console.texts import rules_en, rules_it
from web.console.texts.rules_texts import RulesTexts

NAV: Final[Mapping[Language, str]] = {"it": "Regole", "en": "Rules"}
RULES: Final[Mapping[Language, RulesTexts]] = {"it": rules_it.RULES, "en": rules_en.RULES}
