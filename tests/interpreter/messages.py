"""Random messages for a ruleset: values that its conditions ask for, values beside them, and none at all."""

import random
import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from tests.interpreter import pools
from tests.interpreter.asking import FREE, day_beside
from tests.interpreter.generator import FIELDS, Ruleset
from tests.interpreter.vocabulary import type_of

MISSING: Final = 0.15
VERY_LONG: Final = 0.0001
LOOKED_AT: Final = 100_000
"""Characters of a text that extractors look at."""
EDGE: Final = re.compile(r"\d\d:\d\d")
ALWAYS: Final = ("text", "subject", "received")


class Messages:
    """Draws the facts of messages."""

    def __init__(self, ruleset: Ruleset) -> None:
        self.ruleset = ruleset
        self.chances = random.Random(f"{ruleset.seed} messages")  # noqa: S311  # no secret
        self.names = list(dict.fromkeys((*ALWAYS, *ruleset.literals, *(f"fields.{name}" for name in FIELDS))))
        self.extracts = any("extract" in document for document in ruleset.documents.values())
        self.calendars = [one for document in ruleset.documents.values() for one in document.get("calendars", {}).values()]
        self.said = [str(value) for name in FREE for value in ruleset.literals.get(name, ())]

    def message(self) -> dict[str, Any]:
        found = {name: self.value(name) for name in self.names if not self.left_out(name)}
        return {name: value for name, value in found.items() if value is not None or self.chances.random() < 0.5}

    def left_out(self, name: str) -> bool:
        """What calendars say is seldom given."""
        return self.chances.random() < (0.97 if name.startswith(("hours.", "date.", "weekday.", "holiday.")) else 0.02)

    def value(self, name: str) -> Any:
        if self.chances.random() < MISSING:
            return None
        if name in FREE:
            return self.text()
        kind = type_of(name, FIELDS | {"model": "text"})
        if kind == "list":
            return self.items(name)
        if kind == "boolean":
            return self.chances.random() < 0.5
        return self.compared(kind, name) if kind in ("number", "date") else self.plain(name)

    def asked(self, name: str, others: Sequence[Any]) -> Any:
        literals = self.ruleset.literals.get(name) or others
        return self.chances.choice(literals if self.chances.random() < 0.6 else others)

    def plain(self, name: str) -> str:
        if name == "received":
            return (
                self.chances.choice(pools.MOMENTS) if self.chances.random() < 0.4 or not self.calendars else self.at_an_edge()
            )
        known: dict[str, Sequence[str]] = {"hours": ("open", "closed"), "weekday": ("mon", "tue", "sat", "sun"), **pools.CLOSED}
        values = known.get(name) or known.get(name.partition(".")[0])
        if values:
            return str(self.chances.choice([one for one in self.ruleset.literals.get(name, ()) if one in values] or values))
        value = str(self.asked(name, pools.VALUES[name]))
        drawn = self.chances.random()
        if drawn < 0.04:
            return ""
        return value if drawn < 0.85 else self.chances.choice((value.upper(), value + "x", "x" + value, value.title()))

    def at_an_edge(self) -> str:
        """A moment at which a span of one of the calendars begins or ends, or a little earlier."""
        declared = self.chances.choice(self.calendars)
        days = [one[:10] for one in (*pools.MOMENTS, *pools.OPENINGS, *pools.CLOSINGS, *map(str, declared.get("open", ())))]
        clock = self.chances.choice(EDGE.findall(repr(declared)) or ["00:00"]).replace("24:00", "00:00")
        there = datetime.fromisoformat(f"{self.chances.choice(days)}T{clock}").replace(tzinfo=ZoneInfo(declared["timezone"]))
        moment = there.astimezone(UTC) - timedelta(milliseconds=self.chances.choice((0, 1)))
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def items(self, name: str) -> Any:
        found = [self.asked(name, pools.ITEMS[name]) for _ in range(self.chances.choice((0, 1, 1, 2, 3)))]
        if self.chances.random() < 0.1:
            found += pools.ITEMS[name] + tuple(f"{one}-{number}" for number in range(3) for one in pools.ITEMS[name])
        return tuple(sorted(set(found))) if self.chances.random() < 0.5 else frozenset(found)

    def compared(self, kind: str, name: str) -> Any:
        if kind == "date":
            drawn = self.asked(name, pools.DATES)
            return day_beside(drawn, self.chances.choice((0, 0, 1, -1)))
        if name in pools.WHOLE:
            return max(0, min(int(self.asked(name, pools.WHOLE[name])) + self.chances.choice((0, 0, 1, -1)), 2**63 - 1))
        if name == "conversation.age":
            return max(0.0, float(self.asked(name, pools.AGES)) + self.chances.choice((0, 0, 0.5, -0.5)))
        return self.asked(name, pools.NUMBERS) + self.chances.choice((0, 0, 0, 1, -0.5))

    def text(self) -> str:
        pieces: list[str] = []
        for _ in range(self.chances.choice((0, 1, 1, 2, 3, 4, 6))):
            drawn = self.chances.random()
            if self.said and drawn < 0.5:
                pieces.append(self.chances.choice(self.said))
            else:
                telling = self.extracts and drawn < 0.8
                pieces.append(self.chances.choice(pools.TELLING if telling else pools.PHRASES if drawn < 0.6 else pools.WORDS))
            pieces.append(self.chances.choice(pools.SIGNS))
        text = self.in_another_form("".join(pieces[:-1] if self.chances.random() < 0.7 else pieces))
        if self.extracts and self.chances.random() < VERY_LONG:
            return "." * (LOOKED_AT - self.chances.randrange(1, 40)) + " " + text
        return text

    def in_another_form(self, text: str) -> str:
        drawn = self.chances.random()
        if drawn < 0.1:
            return unicodedata.normalize(self.chances.choice(("NFC", "NFD", "NFKC")), text)
        if drawn < 0.2:
            return self.chances.choice((text.upper(), text.lower(), text.title(), text.swapcase()))
        return text
