"""The interpreter with what the router is known to do in another way; `found.py` has a short example of each.

Where the router is repaired, its lines here go.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from tests.interpreter.conditions import Failed
from tests.interpreter.interpreter import Interpreter
from tests.interpreter.reading import Entry
from tests.interpreter.vocabulary import TYPES


class AsItIs(Interpreter):
    """Names of facts in the texts of an expression are told as if it asked for them.

    Where a rule fails without its expressions, an earlier one is told: as it says, or as if it had failed unasked.
    """

    evaluates = True

    def fails_without_expressions(self, entries: list[Entry], facts: Mapping[str, Any]) -> Failed | None:
        told = super().fails_without_expressions(entries, facts)
        if told is None:
            return None
        evaluated = self.ask_each(entries, facts)
        self.evaluates = False
        unasked = self.ask_each(entries, facts)
        self.evaluates = True
        return replace(told, instead=tuple(one for one in (evaluated, unasked) if one is not None))

    def ask_expression(self, entry: Entry, facts: Mapping[str, Any]) -> Failed | None:
        return super().ask_expression(entry, facts) if self.evaluates else self.told(entry, facts)

    def asked(self, entry: Entry) -> Iterator[str]:
        yield from super().asked(entry)
        if entry.key == "expr":
            texts = re.findall(r"'([^']*)'", entry.value.written)
            yield from (word for text in texts for word in re.findall(r"[A-Za-z_][\w.]*", text) if word in TYPES)
