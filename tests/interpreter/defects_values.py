"""Interpreters that read values, expressions, calendars or texts to take from wrongly, in one way each."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from tests.interpreter.calendars import Calendar, Span
from tests.interpreter.cel import CannotEvaluateError, Tree
from tests.interpreter.interpreter import Interpreter
from tests.interpreter.reading import Value


class EmptyIsThere(Interpreter):
    """The empty text is not missing."""

    def missing(self, value: object) -> bool:
        return value is None


class MissingIsNothing(Interpreter):
    """A missing number counts as 0."""

    def is_one_of(self, kind: str, value: Any, wanted: Value) -> bool:
        return super().is_one_of(kind, 0 if value is None and kind == "number" else value, wanted)


class TheFirstValue(Interpreter):
    """Of several values only the first counts."""

    def entries(self, value: Value) -> list[str]:
        return super().entries(value)[:1]


class WholeNumbers(Interpreter):
    """Numbers are compared without what stands after the point."""

    def compares(self, kind: str, value: Any, wanted: Value) -> bool:
        return super().compares(kind, int(value) if kind == "number" else value, wanted)


class NoValueIsFalse(Interpreter):
    """A side of `&&` or `||` that has no value is false."""

    def joined(self, decides: bool, sides: Sequence[tuple[Tree, Mapping[str, Any]]]) -> bool:
        try:
            return super().joined(decides, sides)
        except CannotEvaluateError:
            return False


class NoValueStops(Interpreter):
    """One side without a value and the whole has none."""

    def joined(self, decides: bool, sides: Sequence[tuple[Tree, Mapping[str, Any]]]) -> bool:
        values = [bool(self.value(side, facts)) for side, facts in sides]
        return decides if decides in values else not decides


class DivisionDownwards(Interpreter):
    """Whole numbers are divided as in Python."""

    def computed(self, kind: str, first: Any, second: Any) -> Any:
        if kind in ("/", "%") and isinstance(first, int) and second != 0:
            return first // second if kind == "/" else first % second
        return super().computed(kind, first, second)


class ExtractedWins(Interpreter):
    """What a text says wins over the field that was sent."""

    def is_there(self, value: Any, kind: str) -> bool:
        return False


class AllThatMatched(Interpreter):
    """Groups of a pattern do not matter."""

    def part(self, found: Any) -> str:
        return str(found.group())


class AmericanDates(Interpreter):
    """The month comes first."""

    def date(self, value: str) -> str | None:
        parts = value.split("/")
        return super().date("/".join((parts[1], parts[0], *parts[2:])) if len(parts) > 1 else value)


class PointsAreDecimals(Interpreter):
    """A comma in a number is passed over."""

    def number(self, value: str) -> float | None:
        return super().number(value.replace(",", ""))


class _Gone(Calendar):
    """Nights end at midnight."""

    def goes_on(self, span: Span, clock: time) -> bool:
        return False


class _Ends(Calendar):
    """The last minute belongs to a span."""

    def holds(self, span: Span, clock: time) -> bool:
        start, end = span
        return super().holds(span, clock) or (end is not None and start <= clock <= end)


class _ClosedWins(Calendar):
    """A day that is closed or a holiday is so even where it is open."""

    def beginning(self, day: date) -> list[Span]:
        return [] if self.is_closed(day) or self.is_holiday(day) else super().beginning(day)


class _AlwaysOpen(Calendar):
    """Holidays do not close."""

    def beginning(self, day: date) -> list[Span]:
        holidays, self.country = self.country, None
        found = super().beginning(day)
        self.country = holidays
        return found


class _Winter(Calendar):
    """Clocks are never put forward."""

    def there(self, moment: datetime) -> datetime:
        found = moment.astimezone(self.zone)
        return (found - (found.dst() or timedelta())).replace(tzinfo=None)


class NightsEnd(Interpreter):
    calendar_class = _Gone


class MinutesMore(Interpreter):
    calendar_class = _Ends


class ClosedWins(Interpreter):
    calendar_class = _ClosedWins


class HolidaysAreOpen(Interpreter):
    calendar_class = _AlwaysOpen


class AlwaysWinter(Interpreter):
    calendar_class = _Winter


VALUES: Final[tuple[type[Interpreter], ...]] = (
    *(EmptyIsThere, MissingIsNothing, TheFirstValue, WholeNumbers, NoValueIsFalse, NoValueStops, DivisionDownwards),
    *(ExtractedWins, AllThatMatched, AmericanDates, PointsAreDecimals),
    *(NightsEnd, MinutesMore, ClosedWins, HolidaysAreOpen, AlwaysWinter),
)
