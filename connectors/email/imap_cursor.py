"""The place reached in a folder, as it lies in the database between two steps."""

from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal, Self

import msgspec

from connectors.email import imap_answers
from connectors.errors import SourceFailed

Start = Literal["unseen", "new", "all"]
Wanted = Literal["all", "unseen", "recent", "unseen_or_recent"]


class Place(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every mail with a UID up to `last` has been handled.

    Of the mails up to `until`, which lay there when the numbering was first met, only the `wanted` ones are taken; of the
    later ones all.
    """

    uidvalidity: int
    last: int
    until: int
    wanted: Wanted
    since: date
    """The day of the first connection. `recent` mails have come since then."""

    @classmethod
    def first(cls, start: Start, uidvalidity: int, highest: int, now: datetime) -> Self:
        """Where a folder begins that was never read. `highest`: no mail has a greater UID yet."""
        # A search compares dates as the server's clock and zone wrote them: the day before is never too late.
        since = now.astimezone(UTC).date() - timedelta(days=1)
        if start == "new":
            return cls(uidvalidity=uidvalidity, last=highest, until=highest, wanted="recent", since=since)
        return cls(uidvalidity=uidvalidity, last=0, until=highest, wanted=start, since=since)

    def renumbered(self, start: Start, uidvalidity: int, highest: int) -> Self:
        """Where to begin when the server has given the folder's mails new numbers, so that nobody knows which were handled.

        Whatever may have come since the first connection is taken once more: the journal knows a repeat by its key.
        """
        wanted = _AFTER_RENUMBERING[start]
        return msgspec.structs.replace(self, uidvalidity=uidvalidity, last=0, until=highest, wanted=wanted)

    def at(self, last: int) -> Self:
        return msgspec.structs.replace(self, last=last)

    @property
    def criteria(self) -> str:
        """SEARCH's words for the next mails; empty when all are wanted."""
        return "" if self.last >= self.until else _criteria(self.wanted, self.since)

    @property
    def text(self) -> str:
        return msgspec.json.encode(self).decode()

    @classmethod
    def read(cls, text: str) -> Self:
        """Raises `SourceFailed` for what `text` did not write."""
        try:
            return msgspec.json.decode(text, type=cls)
        except msgspec.DecodeError as error:  # ValidationError is one
            raise SourceFailed("defect", "the stored place in the folder cannot be read") from error


class Found(msgspec.Struct, frozen=True):
    """What a search from a place on has found, so that not every step has to search again."""

    place: Place
    uids: list[int]

    def after(self, place: Place) -> list[int]:
        """Those still to come after `place`. None, which asks for a new search, where this one says nothing about it: it
        began later, or under another numbering, or looked for other mails."""
        if place.last < self.place.last or place != self.place.at(place.last):
            return []
        return [uid for uid in self.uids if uid > place.last]


_AFTER_RENUMBERING: Final[dict[Start, Wanted]] = {"new": "recent", "unseen": "unseen_or_recent", "all": "all"}


def _criteria(wanted: Wanted, since: date) -> str:
    recent = f"SINCE {imap_answers.day(since)}"
    return {"all": "", "unseen": "UNSEEN", "recent": recent, "unseen_or_recent": f"OR UNSEEN {recent}"}[wanted]
