"""Cells of tables that people open in a spreadsheet."""

from typing import Final

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""How a formula begins (OWASP, "CSV Injection"), also in the full width of East Asian scripts."""


def harmless(cell: str) -> str:
    """A cell that is no formula: one that begins like one has an apostrophe before it."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
