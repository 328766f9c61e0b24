"""The books: what was accepted against what became of it, counted from durable rows."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from sqlalchemy import ColumnElement, Connection, Table, and_, false, func, not_, or_, select

from storage.erased import EVENTS
from storage.journal_file import JournalFile
from storage.journals import closed
from storage.outbox import PENDING, PUBLISHED, UNROUTED
from storage.schema import erased, event_ids, forgotten, journals, messages, quarantine, repeats, signals, targets

_CHUNK: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """One line a fate. `accepted` is counted by the journals, everything else by the database's rows."""

    accepted: int
    waiting: int
    """Accepted and not yet committed."""
    pending: int
    """Committed messages of which a target is not yet confirmed."""
    published: int
    """Messages of which all targets are confirmed, each by its own queue."""
    unrouted: int
    """Messages with a target that no queue took, and none that is pending: that copy lies in `regia.unrouted`."""
    discarded: int
    duplicate: int
    quarantined: int
    """Also what was driven again since: what came of that was accepted anew, and stands in a line of its own."""
    signals: int
    """Statuses, echoes and account events, which have no queue."""
    removed: int
    """Erased, or removed because they were old; also those of which not even the id is kept any more."""
    elsewhere: int
    """Committed from journals that are not among the files read: they are in no other line."""
    targets: Mapping[str, int]
    """Targets by state."""
    published_to: Mapping[str, int]
    """Publishes that the queue itself confirmed, by `<brand>.<target>`."""

    @property
    def accounted(self) -> int:
        messages = (self.pending, self.published, self.unrouted, self.discarded)
        return sum((self.waiting, *messages, self.duplicate, self.quarantined, self.signals, self.removed))

    @property
    def balance(self) -> bool:
        return self.accepted == self.accounted

    def as_data(self) -> dict[str, object]:
        return {**asdict(self), "accounted": self.accounted, "balance": self.balance}


def count(connection: Connection, files: Sequence[JournalFile]) -> Books:
    """Balance the books. `files`: the journals there are now, read before this transaction began.

    What was accepted after a journal was read, and committed before this is counted, is left out on both sides, so the
    books also balance while traffic flows. `connection` must read one moment, as `Database.read` does.
    """
    # A file of a journal that was entered is only not deleted yet, or in use again: what it says is newer.
    accepted = closed(connection) | {file.id: file.accepted for file in files}
    late_ids = select(event_ids.c.id).where(or_(_elsewhere(event_ids, files), _late(event_ids, files)))
    late_repeats = or_(_elsewhere(repeats, files), _late(repeats, files))
    ours = messages.c.id.not_in(late_ids)
    pending, unrouted = _with_target(PENDING), _with_target(UNROUTED)
    states = connection.execute(select(targets.c.state, func.count()).group_by(targets.c.state))
    published_to = connection.execute(
        select(messages.c.brand, targets.c.target, func.count())
        .join(messages, messages.c.id == targets.c.message_id)
        .where(targets.c.state == PUBLISHED)
        .group_by(messages.c.brand, targets.c.target)
    )
    return Books(
        accepted=sum(accepted.values()),
        waiting=sum(_waiting(connection, file) for file in files),
        pending=_count(connection, messages, ours, pending),
        published=_count(connection, messages, ours, not_(pending), not_(unrouted), messages.c.discarded_by.is_(None)),
        unrouted=_count(connection, messages, ours, not_(pending), unrouted),
        discarded=_count(connection, messages, ours, messages.c.discarded_by.is_not(None)),
        duplicate=_count(connection, repeats, not_(late_repeats)),
        quarantined=_count(connection, quarantine, quarantine.c.id.not_in(late_ids)),
        signals=_count(connection, signals, signals.c.id.not_in(late_ids)),
        removed=_removed(connection, files) + _forgotten(connection, not_(_elsewhere(forgotten, files))),
        elsewhere=sum(_count(connection, table, _elsewhere(table, files)) for table in (event_ids, repeats))
        + _forgotten(connection, _elsewhere(forgotten, files)),
        targets={row[0]: row[1] for row in states},
        published_to={f"{brand}.{target}": number for brand, target, number in published_to},
    )


def _with_target(state: str) -> ColumnElement[bool]:
    return messages.c.id.in_(select(targets.c.message_id).where(targets.c.state == state))


def _late(table: Table, files: Sequence[JournalFile]) -> ColumnElement[bool]:
    """Rows of what was accepted after its journal was read."""
    return or_(false(), *(and_(table.c.journal == file.id, table.c.seq > file.accepted) for file in files))


def _elsewhere(table: Table, files: Sequence[JournalFile]) -> ColumnElement[bool]:
    """Rows of journals whose count is not known: on another machine, or made after the journals were read."""
    known = [file.id for file in files]
    return and_(table.c.journal.not_in(known), table.c.journal.not_in(select(journals.c.id)))


def _count(connection: Connection, table: Table, *conditions: ColumnElement[bool]) -> int:
    return connection.execute(select(func.count()).select_from(table).where(*conditions)).scalar_one()


def _removed(connection: Connection, files: Sequence[JournalFile]) -> int:
    """Events whose rows were taken away and whose ids are kept."""
    query = select(func.count()).select_from(erased.join(event_ids, event_ids.c.id == erased.c.id))
    ours = not_(or_(_elsewhere(event_ids, files), _late(event_ids, files)))
    return connection.execute(query.where(erased.c.kind.in_(EVENTS), ours)).scalar_one()


def _forgotten(connection: Connection, where: ColumnElement[bool]) -> int:
    return int(connection.execute(select(func.coalesce(func.sum(forgotten.c.events), 0)).where(where)).scalar_one())


def _waiting(connection: Connection, file: JournalFile) -> int:
    """Rows of the journal that nothing in the database accounts for: a row whose done mark a crash took is committed."""
    waiting = 0
    for start in range(0, len(file.pending), _CHUNK):
        seqs = file.pending[start : start + _CHUNK]
        known = _count(connection, event_ids, event_ids.c.journal == file.id, event_ids.c.seq.in_(seqs))
        known += _count(connection, repeats, repeats.c.journal == file.id, repeats.c.seq.in_(seqs))
        waiting += len(seqs) - known
    return waiting
