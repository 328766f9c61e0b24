"""Rulesets as YAML, in the many ways in which people write it."""

import random
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

PLAIN: Final = re.compile(r"[A-Za-z$][A-Za-z$_/-]*(?: [A-Za-z]+)*")
RESERVED: Final = ("true", "false", "null", "yes", "no", "on", "off", "nan", "inf")
FLOW_CHANCE: Final = 0.6


class Bare(str):
    """A scalar that is written without quotes, such as a date."""

    __slots__ = ()


class Writer:
    """Writes one document. Styles are drawn from `chances`, so the same seed writes the same text."""

    def __init__(self, seed: str) -> None:
        self.chances = random.Random(seed)  # noqa: S311  # no secret

    def document(self, values: Mapping[str, Any]) -> str:
        return "\n".join(self._entry(key, value, 0) for key, value in values.items()) + "\n"

    def _entry(self, key: str, value: Any, depth: int) -> str:
        pad = "  " * depth
        block = depth < 2 or self.chances.random() > FLOW_CHANCE
        if block and isinstance(value, Mapping) and value:
            comment = "    # what follows" if self.chances.random() < 0.05 else ""
            return f"{pad}{self.scalar(key)}:{comment}\n" + "\n".join(self._entry(k, v, depth + 1) for k, v in value.items())
        if block and isinstance(value, Sequence) and not isinstance(value, str) and value:
            return f"{pad}{self.scalar(key)}:\n" + "\n".join(self._item(one, depth + 1) for one in value)
        return f"{pad}{self.scalar(key)}: {self._flow(value)}"

    def _item(self, value: Any, depth: int) -> str:
        pad = "  " * depth
        if isinstance(value, Mapping) and value and (depth < 2 or self.chances.random() > FLOW_CHANCE):
            lines = "\n".join(self._entry(k, v, depth + 1) for k, v in value.items())
            return f"{pad}- {lines.removeprefix(pad + '  ')}"
        return f"{pad}- {self._flow(value)}"

    def _flow(self, value: Any) -> str:
        if isinstance(value, Mapping):
            return "{" + ", ".join(f"{self.scalar(k)}: {self._flow(v)}" for k, v in value.items()) + "}"
        if isinstance(value, Sequence) and not isinstance(value, str):
            return "[" + ", ".join(self._flow(one) for one in value) + "]"
        return self.scalar(value)

    def scalar(self, value: str | float | None) -> str:
        if value is None:
            return "null"
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int | float | Bare):
            return str(value)
        if PLAIN.fullmatch(value) and value.lower() not in RESERVED and self.chances.random() < 0.7:
            return str(value)
        if value.isprintable() and self.chances.random() < 0.5:
            return "'" + value.replace("'", "''") + "'"
        return '"' + "".join(self._escaped(one) for one in value) + '"'

    def _escaped(self, one: str) -> str:
        if one in '"\\':
            return "\\" + one
        return one if one.isprintable() else f"\\U{ord(one):08x}"
