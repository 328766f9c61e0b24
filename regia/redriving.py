"""Reading again what is held in quarantine: what can be read by now is accepted anew, from the command line or over HTTP.

What is read is accepted before its row is marked: interrupted in between it is driven again, and what was accepted already is a
repeat.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import RowMapping

from connectors.base import Connector, Parsed
from connectors.errors import QuarantineReason, Rejected
from regia.pipeline.accepted import entries
from regia.pipeline.intake import Intake
from regia.pipeline.reading import Reader
from storage import lookup, quarantine
from storage.database import Database

_NEVER: Final[Mapping[QuarantineReason, str]] = {
    "too_large": "only its head is kept; the whole is where it came from",
    "conflicting_repeat": "its key stands for another contact",
}
"""Reasons that no repair takes away, unless it is edited."""


@dataclass(slots=True)
class Driven:
    """What was done. `left_out`: ids that cannot be driven again, with why."""

    redriven: int = 0
    still_held: int = 0
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def detail(self) -> dict[str, Any]:
        """For the log."""
        return {"still_held": self.still_held, "left_out": len(self.left_out)}


class Driver:
    """Drives held rows again, one after the other. `intake` must be that of a journal that has accepted nothing before: one
    that knows the id of an attempt that failed makes a repeat of it. `told` hears of those that are left out."""

    def __init__(
        self,
        connectors: Mapping[str, Connector],
        reader: Reader,
        database: Database,
        intake: Intake,
        told: Callable[[str, str], None] = lambda *_: None,
    ) -> None:
        self.driven = Driven()
        self._connectors = connectors
        self._reader = reader
        self._database = database
        self._intake = intake
        self._told = told

    async def all(self, ids: Sequence[str]) -> None:
        """Raises `Rejected("unavailable")`, `DatabaseUnavailable`, `JournalUnavailable`: what was done until then is done."""
        for id_ in ids:
            row = await self._database.read(lambda connection, id_=id_: lookup.held(connection, id_))  # type: ignore[misc]
            if row is not None and row["state"] == quarantine.HELD:
                await self._one(row)

    async def _one(self, row: RowMapping) -> None:
        if row["reason"] in _NEVER and row["edited"] is None:
            self._leave_out(row, f"it cannot be driven again: {_NEVER[row['reason']]}")
        elif row["connector"] not in self._connectors:
            self._leave_out(row, f"this configuration has no connector {row['connector']}; drive it again where there is one")
        else:
            await self._again(row)

    def _leave_out(self, row: RowMapping, why: str) -> None:
        self.driven.left_out[row["id"]] = why
        self._told(row["id"], why)

    async def _again(self, row: RowMapping) -> None:
        raw = bytes(row["raw"] if row["edited"] is None else row["edited"])
        try:
            parsed = await self._reader.reread(self._connectors[row["connector"]], raw, row["content_type"], _received_at(row))
        except Rejected as error:
            if error.code == "unavailable":
                raise
            await self._hold(row, row["reason"], f"{error.code}: {error.detail}")
            return
        if parsed.unreadable and not (parsed.messages or parsed.statuses or parsed.events):
            await self._hold(row, parsed.unreadable[0].reason, parsed.unreadable[0].detail)
            return
        # What of it still cannot be read is held by itself from now on.
        rest = tuple(one for one in parsed.unreadable if one.raw != raw)
        await self._accept(row, replace(parsed, unreadable=rest))

    async def _hold(self, row: RowMapping, reason: str, detail: str) -> None:
        self.driven.still_held += 1
        await self._database.write(lambda connection: quarantine.still_held(connection, row["id"], reason, detail))

    async def _accept(self, row: RowMapping, parsed: Parsed) -> None:
        id_, received_at = row["id"], _received_at(row)
        if id_ in {str(entry.id) for entry in entries(row["connector"], parsed, received_at)}:
            id_ = await self._database.write(lambda connection: quarantine.make_way(connection, row["id"]))
            if id_ is None:
                return
        await self._intake.accept(row["connector"], parsed, received_at)
        await self._database.write(lambda connection: quarantine.redriven(connection, id_))
        self.driven.redriven += 1


def _received_at(row: RowMapping) -> datetime:
    return datetime.fromtimestamp(row["received_ms"] / 1000, UTC)
