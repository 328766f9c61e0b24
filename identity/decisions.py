"""What people decide about suggestions: these two are one, or they are not."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, and_, or_, select, update

from identity.acts import Action
from identity.holding import Held
from identity.merges import merge
from identity.people import Customer
from identity.policy import Policy
from identity.refusals import NotPossible
from identity.views.tops import top_of
from storage.schema import suggestions


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """`act` is the merge, `customer_id` who came out on top."""

    act: str
    customer_id: str


def accept(
    connection: Connection, suggestion_id: str, *, actor: str, now_ms: int, policy: Policy, top: str | None = None
) -> Accepted:
    """Merge those who are at the top of a suggested pair, with `top` above where it is given. All other suggestions of the
    pair are accepted with it.

    Raises `NotPossible`: `unknown_suggestion`, `decided_already`, `same_customer`; `merged_already` where `top` is
    neither of them.
    """
    row, held, one, other = _open(connection, suggestion_id)
    if top not in (None, one.id, other.id):
        raise NotPossible("merged_already")
    act = merge(connection, one.id, other.id, top=top, actor=actor, now_ms=now_ms, policy=policy)
    _note(held, "accepted", row, one, other, actor=actor, now_ms=now_ms)
    return Accepted(act=act, customer_id=top_of(connection, one.id).id)


def reject(connection: Connection, suggestion_id: str, *, actor: str, now_ms: int) -> None:
    """The two of a pair are not one: this suggestion, and all others that are open between them, are not made again.

    Raises `NotPossible`: `unknown_suggestion`, `decided_already`, `same_customer`.
    """
    row, held, one, other = _open(connection, suggestion_id)
    ones, others = ([customer.id for customer in held.tree(top.id)] for top in (one, other))
    pairs = suggestions.c
    between = or_(
        and_(pairs.customer_id.in_(ones), pairs.owner_id.in_(others)),
        and_(pairs.customer_id.in_(others), pairs.owner_id.in_(ones)),
    )
    these = update(suggestions).where(between, pairs.state == "open")
    connection.execute(these.values(state="rejected", decided_ms=now_ms))
    _note(held, "rejected", row, one, other, actor=actor, now_ms=now_ms)


def _open(connection: Connection, suggestion_id: str) -> tuple[Row[Any], Held, Customer, Customer]:
    """The suggestion with both customers at the top, locked: whoever decides it at the same time waits, and then finds it
    decided."""
    query = select(suggestions).where(suggestions.c.id == suggestion_id)
    pair = connection.execute(query).one_or_none()
    if pair is None:
        raise NotPossible("unknown_suggestion")
    held = Held(connection, (pair.customer_id, pair.owner_id))
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotPossible("unknown_suggestion")
    if row.state != "open":
        raise NotPossible("decided_already")
    one, other = held.top(row.customer_id), held.top(row.owner_id)
    if one is other:
        raise NotPossible("same_customer")
    return row, held, one, other


def _note(held: Held, action: Action, row: Row[Any], one: Customer, other: Customer, *, actor: str, now_ms: int) -> None:
    detail = {"suggestion": row.id, "reason": row.reason, "score": row.score}
    held.acts.note(action, actor, now_ms, one, other=other.id, detail=detail)
    held.acts.save(held.connection)
