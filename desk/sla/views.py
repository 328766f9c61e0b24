"""What people see of promised times: those that hold now, and how those of some time were kept."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from sqlalchemy import Connection

from identity.views.paging import Page, cursor_of, parts_of
from storage import sla
from storage.sla import Course, Timer, Wanted

Standing = Literal["running", "overdue", "paused"]
_SECOND: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One that holds now. `due_ms` is None while it stands; then `left`, seconds of working time, is what is left of it, less
    than nothing where it was late already."""

    conversation: str
    message: str
    brand: str
    category: str
    promise: str
    state: Standing
    started_ms: int
    due_ms: int | None
    left: int | None
    calendar: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """How one promise of a category went. `dropped`: the ticket was closed in time without an answer. `median` and `p90` are
    seconds of working time that it took, of all that were answered or done with; None where there are none."""

    category: str
    promise: str
    kept: int
    missed: int
    dropped: int
    running: int
    overdue: int
    median: int | None
    p90: int | None


@dataclass(slots=True)
class _Count:
    kept: int = 0
    missed: int = 0
    dropped: int = 0
    running: int = 0
    overdue: int = 0
    taken: list[int] = field(default_factory=list)


def listed(connection: Connection, wanted: Wanted, now_ms: int, *, cursor: str | None = None, limit: int = 50) -> Page[Shown]:
    """A page of those that hold now, whatever is due first before the others. Raises `BadCursor`."""
    after = None
    if cursor is not None:
        due_ms, id_ = parts_of(cursor, (int, str))
        after = (int(due_ms), str(id_))
    found = sla.running(connection, wanted, after, limit + 1)
    shown = found[:limit]
    last = shown[-1] if len(found) > limit else None
    return Page(tuple(_shown(one, now_ms) for one in shown), None if last is None else cursor_of(last.due_ms, last.id))


def report(connection: Connection, wanted: Wanted, now_ms: int) -> list[Kept]:
    """How promises were kept, by category and promise."""
    counts: dict[tuple[str, str], _Count] = defaultdict(_Count)
    for one in sla.courses(connection, wanted):
        if one.ended_by != "replaced":
            _enter(counts[one.category, one.promise], one, now_ms)
    return [_kept(*key, counts[key]) for key in sorted(counts)]


def _shown(timer: Timer, now_ms: int) -> Shown:
    stands = timer.state == "paused"
    late = not stands and timer.due_ms < now_ms
    return Shown(
        conversation=timer.conversation_id,
        message=timer.message_id,
        brand=timer.brand,
        category=timer.category,
        promise=timer.promise,
        state="paused" if stands else "overdue" if late else "running",
        started_ms=timer.started_ms,
        due_ms=None if stands else timer.due_ms,
        left=(timer.promised_ms - timer.taken_ms) // _SECOND if stands else None,
        calendar=timer.calendar,
    )


def _enter(count: _Count, one: Course, now_ms: int) -> None:
    if one.state != "ended":
        late = one.due_ms < now_ms if one.state == "running" else one.taken_ms > one.promised_ms
        count.overdue += late
        count.running += not late
        return
    late = one.taken_ms > one.promised_ms
    dropped = one.ended_by == "closed" and one.promise != "resolution"
    count.missed += late
    count.dropped += dropped and not late
    count.kept += not dropped and not late
    if not dropped:
        count.taken.append(one.taken_ms)


def _kept(category: str, promise: str, count: _Count) -> Kept:
    taken = sorted(count.taken)
    return Kept(
        category=category,
        promise=promise,
        kept=count.kept,
        missed=count.missed,
        dropped=count.dropped,
        running=count.running,
        overdue=count.overdue,
        median=_rank(taken, 50),
        p90=_rank(taken, 90),
    )


def _rank(taken: Sequence[int], percent: int) -> int | None:
    """The nearest rank, in seconds."""
    if not taken:
        return None
    return taken[max(0, -(-len(taken) * percent // 100) - 1)] // _SECOND
