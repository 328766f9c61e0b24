"""Values taken out of texts before the first rule (docs/rules.md, Taking values out of texts)."""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import re2

from tests.interpreter.reading import Value

LOOKED_AT: Final = 100_000
LONGEST: Final = 200
TRUE: Final = ("true", "yes", "y", "si", "sì", "on", "1")
FALSE: Final = ("false", "no", "n", "off", "0")
PLAIN_NUMBER: Final = re.compile(r"-?([0-9]+)(?:[.,][0-9]{1,6})?")
GROUPED: Final = re.compile(
    r"-?[0-9]{1,3}(?:(\.[0-9]{3})+(,[0-9]{1,6})?|(,[0-9]{3})+(\.[0-9]{1,6})?|( [0-9]{3})+([.,][0-9]{1,6})?)"
)
TWO_MEANINGS: Final = re.compile(r"-?[0-9]{1,3}[.,][0-9]{3}")
DAY_FIRST: Final = re.compile(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})")
DIGITS: Final = 15
FILLERS: Final = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
"""Letters and marks that show nothing (Unicode: Default_Ignorable_Code_Point), and the empty Braille pattern."""
VARIATIONS: Final = re.compile("[\ufe00-\ufe0f]")


class Extracting:
    """Fills fields that the message does not have."""

    seen: Counter[tuple[str, bool]]

    def extracted(self, extract: Mapping[str, Value], types: Mapping[str, str], facts: Mapping[str, Any]) -> dict[str, Any]:
        found = {name: self.extract(declared, types[name], facts) for name, declared in extract.items()}
        for name, value in found.items():
            self.seen[f"extract {types[name]}", value is not None] += 1
            self.seen["extracted but there", self.is_there(facts.get(f"fields.{name}"), types[name])] += value is not None
        return {
            name: value
            for name, value in found.items()
            if value is not None and not self.is_there(facts.get(f"fields.{name}"), types[name])
        }

    def is_there(self, value: Any, kind: str) -> bool:
        """Whether the message has the field already: a value of the declared type."""
        if value is None or value == "":
            return False
        if kind == "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        return isinstance(value, bool) if kind == "boolean" else isinstance(value, str)

    def extract(self, declared: Value, kind: str, facts: Mapping[str, Any]) -> Any:
        keys = declared.keys()
        pattern = self.pattern((keys["pattern"] if keys else declared).written)
        sources = keys["from"].texts() if "from" in keys else ["subject", "text"]
        for source in sources:
            text = facts.get(source)
            found = re2.search(pattern, text[:LOOKED_AT]) if isinstance(text, str) else None
            if found is not None:
                return self.read(self.cleaned(self.part(found)), kind)
        return None

    def pattern(self, written: str) -> str:
        raise NotImplementedError

    def part(self, found: Any) -> str:
        """All that matched, or the first group that matched something."""
        groups = found.groups()
        return next((group for group in groups if group), "") if groups else str(found.group())

    def cleaned(self, value: str) -> str:
        if len(value) > LONGEST:
            return ""
        shown = "".join(one for one in value if one in "\t\n\r" or unicodedata.category(one) != "Cc")
        return " ".join(shown.split()) if any(self.is_visible(one) for one in shown) else ""

    def is_visible(self, one: str) -> bool:
        return unicodedata.category(one)[0] not in "CZ" and one not in FILLERS and not VARIATIONS.fullmatch(one)

    def read(self, value: str, kind: str) -> Any:
        if not value:
            return None
        if kind == "number":
            return self.number(value.replace("€", "").strip())
        if kind == "date":
            return self.date(value)
        if kind == "boolean":
            lower = value.lower()
            return True if lower in TRUE else False if lower in FALSE else None
        return value

    def number(self, value: str) -> float | None:
        if TWO_MEANINGS.fullmatch(value):
            return None
        if found := PLAIN_NUMBER.fullmatch(value):
            return float(value.replace(",", ".")) if len(found[1]) <= DIGITS else None
        if not (found := GROUPED.fullmatch(value)):
            return None
        decimals = found[2] or found[4] or found[6] or ""
        whole = value.removesuffix(decimals)
        if sum(one.isdigit() for one in whole) > DIGITS:
            return None
        return float(re.sub(r"[., ]", "", whole) + decimals.replace(",", "."))

    def date(self, value: str) -> str | None:
        try:
            if found := DAY_FIRST.fullmatch(value):
                return date(int(found[3]), int(found[2]), int(found[1])).isoformat()
            return date.fromisoformat(value).isoformat() if re.fullmatch(r"\d{4}-\d\d-\d\d", value) else None
        except ValueError:
            return None
