"""Numbers and durations in words: the one way in which every page of the console says them."""

from typing import Final

from normalizer.advice import Language

NOTHING: Final = "—"
_FEW: Final = 10_000
"""Milliseconds up to which tenths of a second are said."""
_UNITS: Final = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1000, "s"), (1, "ms"))


def lasting(ms: float | None, language: Language, units: int = 2) -> str:
    """How long: `84 ms`, `3.2 s` (`3,2 s` in Italian), `45 s`, `12 min`, `2 h 10 min`, `3 d 4 h`; with one unit `2 h`."""
    if ms is None:
        return NOTHING
    if not ms:
        return "0 s"
    place = next((place for place, (unit, _) in enumerate(_UNITS) if ms >= unit), len(_UNITS) - 1)
    unit, name = _UNITS[place]
    if name in ("s", "ms"):
        is_exact = name == "s" and ms < _FEW and ms % 1000
        return f"{number(ms / unit, language, 1 if is_exact else 0)} {name}"
    if units == 1 or name == "min":
        return f"{ms / unit:.0f} {name}" if units == 1 else f"{int(ms // unit)} {name}"
    smaller, its_name = _UNITS[place + 1]
    rest = int(ms % unit // smaller)
    return f"{int(ms // unit)} {name}" + (f" {rest} {its_name}" if rest else "")


def number(value: float, language: Language, digits: int = 0) -> str:
    """`1.000` in Italian, `1,000` in English."""
    text = f"{value:,.{digits}f}"
    return text.translate(str.maketrans(",.", ".,")) if language == "it" else text
