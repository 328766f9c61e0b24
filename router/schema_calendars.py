"""The JSON Schema of `calendars:`, as `router.calendar_reading` reads them."""

from collections.abc import Collection, Iterable, Mapping
from itertools import groupby
from typing import Any, Final

from router import keys
from router.calendar_reading import SPAN, time_zones
from router.public_holidays import countries
from router.shapes import DATE, Shape, mapping, matching, of_table, one_of, one_or_many
from router.vocabulary import DAYS

_DAY: Final = rf"\s*(?:{'|'.join(DAYS)})\s*"
_DAYS: Final = rf"{_DAY}(?:-{_DAY})?(?:,{_DAY}(?:-{_DAY})?)*"
_SPAN: Final[Shape] = {
    # a span that ends when it begins is none
    **matching(
        rf"^(?!\s*([0-9:]+)\s*-\s*\1\s*$)\s*(?:{SPAN.pattern})\s*$",
        'must be a span of time, for example "09:00-13:00", "22:00-06:00" or "00:00-24:00"',
    ),
    "examples": ["09:00-18:00"],
}
_CLOSED: Final[Shape] = matching(
    rf"^\s*{DATE}\s*(?:\.\.\s*{DATE}\s*)?$", "must be a date or a range of dates, for example 2026-12-24..2027-01-06"
)


def calendar() -> Shape:
    """One calendar. The time zones and regions are those that this installation knows."""
    shapes = {
        "timezone": one_of(time_zones(), "there is no such time zone; write for example Europe/Rome"),
        "hours": _hours(),
        "holidays": _holidays(countries()),
        "closed": one_or_many(_CLOSED),
        "open": {
            "type": "object",
            "minProperties": 1,
            "propertyNames": matching(f"^{DATE}$", "is no date; write for example 2026-12-27"),
            "additionalProperties": one_or_many(_SPAN),
        },
    }
    return {
        **mapping(of_table(keys.CALENDAR, shapes), ["timezone"]),
        "anyOf": [{"required": ["hours"]}, {"required": ["open"]}],
        "defaultSnippets": [
            {
                "label": "calendar",
                "description": "opening hours with public holidays",
                "body": {
                    "timezone": "${1:Europe/Rome}",
                    "hours": {"mon-fri": "${2:09:00-18:00}"},
                    "holidays": {"country": "${3:IT}"},
                },
            }
        ],
    }


def _hours() -> Shape:
    spans = {**one_or_many(_SPAN), "minItems": 0}
    return {
        "type": "object",
        "minProperties": 1,
        "propertyNames": matching(f"^{_DAYS}$", f"is no day; use {', '.join(DAYS)}, or ranges such as mon-fri"),
        "properties": {"mon-fri": spans, **dict.fromkeys(DAYS, spans)},  # for an editor to offer
        "additionalProperties": spans,
        "not": {"additionalProperties": {"type": "array", "maxItems": 0}},
    }


def _holidays(known: Mapping[str, Collection[str]]) -> Shape:
    shapes = {
        "country": one_of(known, "no holidays are known of this country; use the two capital letters of ISO 3166-1"),
        "region": {"type": "string"},
    }
    return {**mapping(of_table(keys.HOLIDAYS, shapes), ["country"]), "allOf": list(_regions(known))}


def _regions(known: Mapping[str, Collection[str]]) -> Iterable[dict[str, Any]]:
    """For the countries with the same regions (most have none) what `region` may be."""
    by_regions = sorted(known, key=lambda country: sorted(known[country]))
    for regions, group in groupby(by_regions, key=lambda country: sorted(known[country])):
        region = one_of(regions, "no holidays are known of this region") if regions else {"not": {}}
        yield {
            "if": {"required": ["country"], "properties": {"country": {"enum": list(group)}}},
            "then": {"properties": {"region": region}},
        }
