"""What a merge or an unmerge would do, before anybody does it: it is done for once, looked at, and taken back.

So a preview cannot say anything else than what happens. It needs a connection that may write, and leaves nothing behind.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from identity import merges, store_audit
from identity.holding import Held
from identity.merging import Guard, Side, guards
from identity.policy import CRM, Policy
from identity.said import DAY_MS
from identity.views.profile import LinkShown, Profile, profile
from storage.schema import conversations


@dataclass(frozen=True, slots=True, kw_only=True)
class MergePreview:
    """`upper` and `lower` as they are now, `after` as they would be together. `moved` are the links that would change their
    owner; `accepted` the claims that would end, since a person says whose they are. `conflicts`: what keeps them from being
    merged by themselves, and `crm_ids` those both have, where they have two."""

    upper: Profile
    lower: Profile
    after: Profile
    moved: tuple[LinkShown, ...]
    accepted: tuple[LinkShown, ...]
    conflicts: tuple[Guard, ...]
    crm_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmergePreview:
    """`before` as they are together; `child` and `rest` as they would be apart. `back` are the links that go back to the child;
    `again` the claims that would begin again; `split` how many conversations hold words of both, and would be nobody's to go on
    with."""

    before: Profile
    child: Profile
    rest: Profile
    back: tuple[LinkShown, ...]
    again: tuple[LinkShown, ...]
    split: int


def merge(
    connection: Connection, one: str, other: str, *, top: str | None, actor: str, now_ms: int, policy: Policy
) -> MergePreview:
    """Raises `NotPossible` as `merges.merge` does."""

    def see(id_: str) -> Profile:
        return profile(connection, id_, policy=policy, now_ms=now_ms)

    before = {id_: see(id_) for id_ in (one, other)}
    found = _conflicts(connection, one, other, now_ms, policy)
    with _for_once(connection):
        merges.merge(connection, one, other, top=top, actor=actor, now_ms=now_ms, policy=policy)
        after = see(one)
    lower = before[other if after.id == one else one]
    moved = {link.id for link in lower.links}
    open_ = {link.id for side in before.values() for link in side.links if link.ended_ms is None}
    return MergePreview(
        upper=before[after.id],
        lower=lower,
        after=after,
        moved=tuple(link for link in after.links if link.id in moved),
        accepted=tuple(link for link in after.links if link.ended_by == "accepted" and link.id in open_),
        conflicts=found,
        crm_ids=_crm_ids(after),
    )


def unmerge(connection: Connection, customer_id: str, *, actor: str, now_ms: int, policy: Policy) -> UnmergePreview:
    """Raises `NotPossible` as `merges.unmerge` does."""

    def see(id_: str) -> Profile:
        return profile(connection, id_, policy=policy, now_ms=now_ms)

    before, split = see(customer_id), _split(connection)
    with _for_once(connection):
        merges.unmerge(connection, customer_id, actor=actor, now_ms=now_ms, policy=policy)
        child, rest, now_split = see(customer_id), see(before.id), _split(connection)
    ended = {link.id for link in before.links if link.ended_ms is not None}
    return UnmergePreview(
        before=before,
        child=child,
        rest=rest,
        back=child.links,
        again=tuple(link for side in (child, rest) for link in side.links if link.id in ended and link.ended_ms is None),
        split=now_split - split,
    )


@contextmanager
def _for_once(connection: Connection) -> Iterator[None]:
    savepoint = connection.begin_nested()
    try:
        yield
    finally:
        savepoint.rollback()


def _conflicts(connection: Connection, one: str, other: str, now_ms: int, policy: Policy) -> tuple[Guard, ...]:
    held = Held(connection, (one, other))
    sides = [Side(held.top(id_), held.top(id_).id) for id_ in (one, other)]
    past = store_audit.past(connection, [side.owner.id for side in sides], now_ms - DAY_MS)
    return tuple(guards(sides[0], sides[1], policy, past))


def _crm_ids(after: Profile) -> tuple[str, ...]:
    current = [link for link in after.links if link.kind == CRM and link.standing == "verified" and link.ended_ms is None]
    return tuple(link.value for link in current) if len(current) > 1 else ()


def _split(connection: Connection) -> int:
    return connection.execute(select(func.count()).where(conversations.c.split)).scalar_one()
