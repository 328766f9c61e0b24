"""Merge and unmerge, as a person asks for them. What they mean is in docs/identity.md."""

from collections.abc import Collection

from sqlalchemy import Connection, and_, or_, update

from identity import claims, recount
from identity.holding import Held
from identity.merging import Merge, in_order, join, record, show, told_above
from identity.people import Customer
from identity.policy import Policy
from identity.profile import together
from identity.refusals import NotPossible
from identity.suggestions import settle
from storage.schema import handles, suggestions


def merge(
    connection: Connection, one: str, other: str, *, actor: str, now_ms: int, policy: Policy, top: str | None = None
) -> str:
    """Put one of two customers below the other, whoever `actor` is; the id of the act. `top` says who comes out on top.

    Raises `NotPossible`: `unknown_customer`, `same_customer`, `merged_already`, `other_brand`.
    """
    if one == other:
        raise NotPossible("same_customer")
    if top not in (None, one, other):
        raise NotPossible("unknown_customer")
    held = Held(connection, (one, other))
    pair = [held.get(id_) for id_ in (one, other)]
    if pair[0].root_id == pair[1].root_id:
        raise NotPossible("same_customer")
    if any(customer.merged_into for customer in pair):
        raise NotPossible("merged_already")
    if pair[0].space != pair[1].space:
        raise NotPossible("other_brand")
    upper, lower = in_order(*pair)
    if top is not None and top != upper.id:
        upper, lower = lower, upper
    done = Merge(upper, lower, above=upper.id)
    act = put_below(held, done, actor=actor, now_ms=now_ms, policy=policy)
    if upper.standing == "verified":
        claims.end(held, upper, actor=actor, now_ms=now_ms)
        held.save((upper,))
    return act


def put_below(held: Held, done: Merge, *, actor: str, now_ms: int, policy: Policy) -> str:
    """Write a merge of two who are held and at the top; the id of the act."""
    join(done, policy, held.conversations)
    act = record(held.acts, done, actor=actor, at_ms=now_ms)
    held.save((done.top, done.below))
    settle(held.connection, (done.top.id,), now_ms)
    return act


def unmerge(connection: Connection, customer_id: str, *, actor: str, now_ms: int, policy: Policy) -> str:
    """Take a customer, with everybody below it, out from under the one it was put below; the id of the act.

    Raises `NotPossible`: `unknown_customer`, `not_merged`.
    """
    held = Held(connection, (customer_id,))
    child = held.get(customer_id)
    if child.merged_into is None:
        raise NotPossible("not_merged")
    top, detail = held.top(customer_id), told_above(held.top(customer_id), child.merged_into)
    child.merged_into = None
    for one in (mine := held.tree(child.id)):
        one.root_id = child.id
    theirs = held.tree(top.id)
    _give_back(connection, child.id, top.id, {one.id for one in mine})
    recount.split(connection, (child.id, [one.id for one in mine]), (top.id, [one.id for one in theirs]))
    for customer, tree in ((child, mine), (top, theirs)):
        _own_facts(customer, tree, policy)
        recount.recount(connection, customer, [one.id for one in tree])
        if customer.standing == "claimed":
            claims.begin_again(held, customer, actor=actor, now_ms=now_ms)
    act = held.acts.note("unmerged", actor, now_ms, top, other=child.id, detail=detail)
    held.save((*mine, top))
    sides = ([one.id for one in mine], [one.id for one in theirs])
    _reject(connection, *sides, now_ms)
    return act


def _give_back(connection: Connection, child: str, top: str, homes: Collection[str]) -> None:
    """Every link, also an ended one, that was proven for somebody of the child's side."""
    theirs = and_(handles.c.customer_id == top, handles.c.home_id.in_(homes))
    connection.execute(update(handles).where(theirs).values(customer_id=child))


def _own_facts(customer: Customer, tree: Collection[Customer], policy: Policy) -> None:
    """What the customers of a tree know by their own handles, put together anew."""
    own = [one.own_facts if one.own_facts is not None else one.facts for one in tree]
    # Who stands below another has no facts beside its own: it gets them with those who were put below it there.
    customer.own_facts = own[0] if len(tree) > 1 else None
    customer.facts = together(own)
    show(customer, policy)


def _reject(connection: Connection, one: Collection[str], other: Collection[str], now_ms: int) -> None:
    """Close the suggestions between two groups of customers: a person has looked at them."""
    pairs = suggestions.c
    between = or_(
        and_(pairs.customer_id.in_(one), pairs.owner_id.in_(other)), and_(pairs.customer_id.in_(other), pairs.owner_id.in_(one))
    )
    connection.execute(update(suggestions).where(between).values(state="rejected", decided_ms=now_ms))
