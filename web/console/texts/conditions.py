"""Conditions of rules and the values of messages, as explanations say them."""

from collections.abc import Mapping
from typing import Final

from normalizer.advice import Language
from router.wording import ENGLISH, Words

CONDITIONS: Final[Mapping[Language, Words]] = {
    "it": Words(
        operators={
            "equals": "è",
            "compare": "",
            "words": "ha la parola",
            "contains": "contiene",
            "starts_with": "comincia con",
            "matches": "corrisponde a",
        },
        has="ha",
        any_of="o",
        all_of="e",
        more="altri {number}",
        missing="assente",
        empty="vuoto",
        private="un testo di {length} caratteri",
    ),
    "en": ENGLISH,
}
