"""What the page of a message says."""

from collections.abc import Mapping
from typing import Final

from normalizer.advice import Language
from web.console.texts.message_en import EN
from web.console.texts.message_it import IT
from web.console.texts.message_texts import MessageTexts

MESSAGE: Final[Mapping[Language, MessageTexts]] = {"it": IT, "en": EN}
