"""New contacts, counted in memory by connector and hour until they are added to the database."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from storage.traffic import HOUR_MS, Counted

_MINUTE_MS: Final = HOUR_MS // 60


@dataclass(slots=True)
class _Hour:
    contacts: int = 0
    minutes: int = 0
    last_ms: int = 0


class Traffic:
    """Of one node. `now` gives seconds since 1970. What a crash takes with it is at most what came since the last `take`."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._hours: dict[tuple[str, int], _Hour] = {}
        self._hindered = -1
        """The last minute in which contacts had to be refused."""

    def came(self, connector: str, contacts: int) -> None:
        """So many new contacts were accepted now."""
        now_ms = self._now_ms()
        hour = self._hour(connector, now_ms // HOUR_MS)
        hour.contacts += contacts
        hour.last_ms = max(hour.last_ms, now_ms)
        hour.minutes |= _bit(now_ms)

    def hindered(self) -> None:
        """Nothing could be accepted: in this minute silence is not the channels'."""
        self._hindered = self._now_ms() // _MINUTE_MS

    def there(self, connectors: Iterable[str]) -> None:
        """Somebody is there to take contacts. To be said in every minute."""
        now_ms = self._now_ms()
        if self._hindered == now_ms // _MINUTE_MS:
            return
        for connector in connectors:
            self._hour(connector, now_ms // HOUR_MS).minutes |= _bit(now_ms)

    def take(self) -> list[Counted]:
        """What was counted since the last time."""
        taken = self.counted()
        self._hours = {}
        return taken

    def counted(self) -> list[Counted]:
        """The same without taking it: what is in no database yet."""
        return [
            Counted(connector=connector, hour=hour, contacts=one.contacts, minutes=one.minutes, last_ms=one.last_ms)
            for (connector, hour), one in self._hours.items()
        ]

    def give_back(self, counted: Iterable[Counted]) -> None:
        """What was taken and could not be added to the database."""
        for one in counted:
            hour = self._hour(one.connector, one.hour)
            hour.contacts += one.contacts
            hour.minutes |= one.minutes
            hour.last_ms = max(hour.last_ms, one.last_ms)

    def _hour(self, connector: str, hour: int) -> _Hour:
        return self._hours.setdefault((connector, hour), _Hour())

    def _now_ms(self) -> int:
        return int(self._now() * 1000)


def _bit(now_ms: int) -> int:
    return 1 << now_ms % HOUR_MS // _MINUTE_MS
