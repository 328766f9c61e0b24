"""How often each construct of the language held and failed in a run: a comparison shows nothing of what it never reaches."""

from collections import Counter
from typing import Final

from tests.interpreter.generator import FIELDS
from tests.interpreter.vocabulary import ADDED, CALENDAR_TYPES, FIRST_WINS, TYPES

OPERATORS: Final = ("words", "contains", "starts_with", "matches")
SIGNS: Final = ("==", "!=", "<", "<=", ">", ">=")
BOTH: Final = (
    *(f"fact {name}" for name in (*TYPES, *CALENDAR_TYPES, *(f"fields.{name}" for name in FIELDS))),
    *(f"{operator} in {kind}" for operator in OPERATORS for kind in ("text", "list")),
    *(f"{kind} {sign}" for sign in SIGNS for kind in ("number", "date")),
    *("text is", "list is", "number is", "date is", "boolean is", "null"),
    *("any", "all", "not", "use", "expr", "expr without a value"),
    *(f"expr {what}" for what in (*SIGNS, "&&", "||", "?", "one!", "in", "name")),
    *(f"expr {what}" for what in ("startsWith", "endsWith", "contains", "matches", "exists", "all")),
    *(f"extract {kind}" for kind in ("text", "number", "date", "boolean")),
    *("extracted but there", "calendar open", "calendar holiday", "stopped by a final rule"),
    *(f"then {key}" for key in (*FIRST_WINS, "priority")),
)
ONCE: Final = (*(f"then {key}" for key in ADDED), "then priority +n")
"""What always wins."""


def never_reached(seen: Counter[tuple[str, bool]]) -> list[str]:
    missing = [f"{what}: never {holds}" for what in BOTH for holds in (True, False) if not seen[what, holds]]
    return missing + [f"{what}: never" for what in ONCE if not seen[what, True]]


def table(seen: Counter[tuple[str, bool]]) -> list[str]:
    """One line for each construct: how often it held, or won, and how often not."""
    return [f"{seen[what, True]:>9} {seen[what, False]:>9}  {what}" for what in sorted({what for what, _ in seen})]
