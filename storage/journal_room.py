"""Whether a journal may take more: how large it may grow, and how much of the disk stays free.

Refusing in time costs nothing: the channel is told to try again, and nothing was accepted. A disk that is found full in
the middle of a commit costs more: what was accepted before it needs room too, for the database's commit and for the
log's way into the tables. So a reserve of the disk is never given to new contacts.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from storage.journal_file import JournalUnavailable


class JournalFull(JournalUnavailable):
    """There is no room for this now. Nothing was accepted; the text says what has run out."""


@dataclass(frozen=True, slots=True)
class Limits:
    """`most`: bytes that what waits may take; `reserve`: bytes of the disk that must stay free beside a new entry."""

    most: int
    reserve: int


UNLIMITED = Limits(most=2**62, reserve=0)


@dataclass(frozen=True, slots=True)
class Standing:
    """How full a journal is, in bytes."""

    used: int
    most: int
    free: int
    """Of the disk, for whoever runs the gateway."""
    reserve: int

    @property
    def filling(self) -> str | None:
        """What will run out next, from four fifths of the limit on, or within twice the reserve; None while there is room."""
        if self.used >= self.most * 4 // 5:
            return f"{self.used >> 20} MB of the journal's {self.most >> 20} MB are used"
        if self.free < 2 * self.reserve:
            return (
                f"{self.free >> 20} MB are free on the journal's disk, and {self.reserve >> 20} MB of these are kept in reserve"
            )
        return None


class Room:
    """Counts what one journal has and what it has promised. `used` is brought up to date by each commit."""

    def __init__(self, folder: Path, limits: Limits, used: int) -> None:
        self._folder = folder
        self._limits = limits
        self.used = used
        self._promised = 0
        """Bytes of entries whose commit is under way."""
        self._refused = 0
        """Bytes of the smallest that was refused, until they would fit."""

    def take(self, size: int) -> None:
        """Promise room for `size` bytes until `give`. Raises `JournalFull`."""
        try:
            self._look(size)
        except JournalFull:
            self._refused = min(size, self._refused or size)
            raise
        self._promised += size

    def give(self, size: int) -> None:
        self._promised -= size

    def check(self) -> None:
        """Whether what was refused would be taken by now. Raises `JournalFull`."""
        self._look(self._refused)
        self._refused = 0

    def _look(self, size: int) -> None:
        standing = self.standing()
        if self.used + self._promised + size > standing.most:
            raise JournalFull(f"the journal has its {standing.most >> 20} MB (journal.limit_mb)")
        if standing.free - self._promised - size < standing.reserve:
            kept = f"{standing.reserve >> 20} MB are kept in reserve (journal.reserve_mb)"
            raise JournalFull(f"{standing.free >> 20} MB are free on the journal's disk, and {kept}")

    def standing(self) -> Standing:
        # As the gateway's user sees it: f_bavail leaves out what the file system keeps for root.
        disk = os.statvfs(self._folder)
        return Standing(self.used, self._limits.most, disk.f_bavail * disk.f_frsize, self._limits.reserve)
