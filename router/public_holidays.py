"""The public holidays of countries and regions, as the `holidays` library knows them.

It is imported when a calendar first asks for it: whoever declares none does not wait for it at start.
"""

from collections.abc import Collection, Mapping
from datetime import date
from functools import lru_cache
from typing import Final

from router.calendars import Holidays

_YEARS_KEPT: Final = 16


def countries() -> Mapping[str, Collection[str]]:
    """The codes of all countries (ISO 3166-1, two letters) with the codes of their regions."""
    import holidays

    return holidays.list_supported_countries(include_aliases=False)


def region_called(country: str, name: str) -> str | None:
    """The code of the region of that name, for whoever wrote `Milano` instead of `MI`."""
    import holidays

    aliases = holidays.country_holidays(country).get_subdivision_aliases()
    return next((code for code, names in aliases.items() if name.casefold() in map(str.casefold, names)), None)


def of_years(country: str, region: str | None) -> Holidays:
    """The public holidays of a year, with the days on which they are made up for. Remembers a few years."""
    import holidays

    @lru_cache(_YEARS_KEPT)
    def of_year(year: int) -> frozenset[date]:
        return frozenset(holidays.country_holidays(country, subdiv=region, years=year, expand=False))

    return of_year
