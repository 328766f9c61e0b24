"""The interpreter with what the router is known to do in another way; `found.py` has a short example of each.

Where the router is repaired, its lines here go.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product
from typing import Any

from tests.interpreter.conditions import Failed
from tests.interpreter.interpreter import Interpreter
from tests.interpreter.reading import Entry
from tests.interpreter.vocabulary import TYPES


class AsItIs(Interpreter):
    """Names of facts in the texts of an expression are told as if it asked for them.

    Where a rule fails without its expressions, an earlier one may be told: some are evaluated all the same, and those
    that are not count as failed.
    """

    unasked: frozenset[str] = frozenset()

    def fails_without_expressions(self, entries: list[Entry], facts: Mapping[str, Any]) -> Failed | None:
        told = super().fails_without_expressions(entries, facts)
        return replace(told, instead=lambda: self.instead(entries, facts)) if told is not None else None

    def instead(self, entries: list[Entry], facts: Mapping[str, Any]) -> list[Failed]:
        """What is told when some of the expressions are not evaluated, for each choice of these."""
        texts = sorted({text for entry in entries for text in self.expressions(entry)})
        found = []
        for chosen in product((True, False), repeat=len(texts)):
            self.unasked = frozenset(text for text, one in zip(texts, chosen, strict=True) if one)
            found.append(self.ask_each(entries, facts))
        self.unasked = frozenset()
        return [one for one in found if one is not None]

    def expressions(self, entry: Entry) -> Iterator[str]:
        if entry.key == "expr":
            yield entry.value.written
        elif entry.key in ("any", "all", "not", "use"):
            yield from (text for part in self.parts(entry) for one in part.entries or () for text in self.expressions(one))

    def ask_expression(self, entry: Entry, facts: Mapping[str, Any]) -> Failed | None:
        return self.told(entry, facts) if entry.value.written in self.unasked else super().ask_expression(entry, facts)

    def asked(self, entry: Entry) -> Iterator[str]:
        yield from super().asked(entry)
        if entry.key == "expr":
            texts = re.findall(r"'([^']*)'", entry.value.written)
            yield from (word for text in texts for word in re.findall(r"[A-Za-z_][\w.]*", text) if word in TYPES)
