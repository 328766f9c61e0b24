"""What is done to single links: a proof of an address, a number that changed, an address that is nobody's any more."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, select

from identity import store, store_audit
from identity.acts import RULE
from identity.holding import Held
from identity.ids import new_id
from identity.life import Ending
from identity.merges import put_below
from identity.merging import Guard, Side, decide, one_too_many
from identity.people import Customer, Link, handle_key
from identity.policy import Policy
from identity.refusals import NotPossible
from identity.said import DAY_MS
from identity.suggestions import Reason, suggestion
from normalizer.inbound import Handle, Proof
from storage.bulk import insert_rows
from storage.database import DatabaseUnavailable
from storage.schema import handles, suggestions

Outcome = Literal["linked", "known", "merged", "suggested"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proved:
    """What a proof did. `customer_id` owns the link now; for `suggested` it is who proved it, and `guard` stopped a merge."""

    outcome: Outcome
    customer_id: str
    link_id: str
    guard: Guard | None = None


def prove(
    connection: Connection,
    customer_id: str,
    handle: Handle,
    *,
    proof: Proof,
    evidence: str,
    actor: str,
    now_ms: int,
    policy: Policy,
) -> Proved:
    """Link an address to a customer, by a proof (`verified`) or a person's word (`agent`). Where it is somebody's already the
    two are merged, or by a guard suggested. A customer for whom nothing was proven has claims only, whoever stands above it,
    and anybody may have made them: the address is linked to a customer of its own, and the two are suggested.

    Raises `NotPossible`: `unknown_customer`, `shared_handle`, `handle_cap`; `DatabaseUnavailable` where another node gives the
    address to somebody at the same time.
    """
    if policy.is_shared(handle):
        raise NotPossible("shared_handle")
    key, held = _held(connection, customer_id, handle)
    home, top = held.get(customer_id), held.top(customer_id)
    link = held.links.get(key)
    proven = _is_proven(connection, home, top)
    if link is not None and not (proven and link.customer_id == top.id) and _forgotten(link, now_ms, policy):
        _end(held, held.customers[link.customer_id], link, "recycled", actor=actor, now_ms=now_ms)
        link = None
    if not proven:
        return _beside(held, top, link, handle, key, proof=proof, evidence=evidence, actor=actor, now_ms=now_ms)
    if link is None:
        new = _new_link(home, top, handle, key, proof=proof, evidence=evidence, now_ms=now_ms)
        if one_too_many(top.links, new, policy):
            raise NotPossible("handle_cap")
        _begin(held, top, new, actor=actor, now_ms=now_ms)
        held.save((top,))
        return Proved(outcome="linked", customer_id=top.id, link_id=new.id)
    if link.customer_id == top.id:
        return Proved(outcome="known", customer_id=top.id, link_id=link.id)
    return _join(held, Side(top, home.id), link, evidence=evidence, actor=actor, now_ms=now_ms, policy=policy)


def changed(
    connection: Connection, space: str, old: Handle, new: Handle, *, evidence: str, now_ms: int, policy: Policy
) -> Proved | None:
    """The platform says that the owner of one address has another now. None where nobody owns the old one."""
    old_key, new_key = (handle_key(space, "verified", handle) for handle in (old, new))
    if old_key == new_key:
        return None
    held = Held(connection, (), (old_key, new_key))
    before, link = held.links.get(old_key), held.links.get(new_key)
    if before is None:
        return None
    top = held.customers[before.customer_id]
    home = held.customers[before.home_id]
    _end(held, top, before, "changed", actor=RULE, now_ms=now_ms)
    if link is not None and link.customer_id != top.id and now_ms - link.seen_ms > policy.reassign_ms:
        _end(held, held.customers[link.customer_id], link, "recycled", actor=RULE, now_ms=now_ms)
        link = None
    if link is None:
        begun = _new_link(home, top, new, new_key, proof="verified", evidence=evidence, now_ms=now_ms)
        _begin(held, top, begun, actor=RULE, now_ms=now_ms)
        held.save((top,))
        return Proved(outcome="linked", customer_id=top.id, link_id=begun.id)
    if link.customer_id == top.id:
        held.save((top,))
        return Proved(outcome="known", customer_id=top.id, link_id=link.id)
    return _join(held, Side(top, home.id, old_key), link, evidence=evidence, actor=RULE, now_ms=now_ms, policy=policy)


def release(connection: Connection, link_id: str, *, actor: str, now_ms: int) -> str:
    """An address is not its owner's any more; the owner's id. What it wrote stays the owner's; its next contact is nobody's.

    Raises `NotPossible`: `unknown_link`, `link_ended`.
    """
    row = connection.execute(select(handles.c.customer_id, handles.c.key).where(handles.c.id == link_id)).one_or_none()
    if row is None:
        raise NotPossible("unknown_link")
    if row.key is None:
        raise NotPossible("link_ended")
    held = Held(connection, (), (row.key,))
    link = held.links.get(row.key)
    if link is None or link.id != link_id:
        raise NotPossible("link_ended")
    owner = held.customers[link.customer_id]
    _end(held, owner, link, "released", actor=actor, now_ms=now_ms)
    held.save((owner,))
    return owner.id


def _held(connection: Connection, customer_id: str, handle: Handle) -> tuple[str, Held]:
    """The customer, and whoever owns the address in its brand."""
    space = Held(connection, (customer_id,)).get(customer_id).space
    key = handle_key(space, "verified", handle)
    return key, Held(connection, (customer_id,), (key,))


def _is_proven(connection: Connection, home: Customer, top: Customer) -> bool:
    """Whether this very customer has more than claims. Of one who has no more nobody knows who asks, also where a person has
    taken them for somebody else's since: then it stands below a proven one, and its row may say so too."""
    links = handles.c
    mine = select(links.standing).where(links.customer_id == top.id, links.home_id == home.id).distinct()
    return "verified" in (set(connection.execute(mine).scalars()) or {home.standing})


def _forgotten(link: Link, now_ms: int, policy: Policy) -> bool:
    return link.kind in policy.recycled_kinds and now_ms - link.seen_ms > policy.reassign_ms


def _new_link(home: Customer, top: Customer, handle: Handle, key: str, *, proof: Proof, evidence: str, now_ms: int) -> Link:
    return Link(
        id=new_id("hdl"),
        key=key,
        space=home.space,
        kind=handle.kind,
        value=handle.value,
        standing="verified",
        proof=proof,
        customer_id=top.id,
        home_id=home.id,
        since_ms=now_ms,
        seen_ms=now_ms,
        evidence=evidence,
    )


def _begin(held: Held, top: Customer, link: Link, *, actor: str, now_ms: int) -> None:
    if not store.add_links(held.connection, [link]):
        # Nobody had it when it was looked for. Whoever asks again finds its owner.
        raise DatabaseUnavailable("another node gives this address to somebody at this moment")
    top.links.append(link)
    # What a person says is in the link, and goes with it; the log and the event have ids only.
    detail = None if link.proof == "agent" else {"evidence": link.evidence}
    held.acts.note("linked", actor, now_ms, top, handle=link.id, detail=detail)


def _end(held: Held, owner: Customer, link: Link, why: Ending, *, actor: str, now_ms: int) -> None:
    store.end_links(held.connection, [(link.id, why, now_ms)])
    owner.links.remove(link)
    held.acts.note("ended", actor, now_ms, owner, handle=link.id, detail={"why": why})
    held.save((owner,))


def _join(held: Held, mine: Side, link: Link, *, evidence: str, actor: str, now_ms: int, policy: Policy) -> Proved:
    """Both have a proof of one address: they are one, unless a guard says that a person must look."""
    top, other = mine.owner, held.customers[link.customer_id]
    past = store_audit.past(held.connection, (top.id, other.id), now_ms - DAY_MS)
    found = decide(mine, Side(other, link.home_id, link.key), policy, past)
    if isinstance(found, str):
        _suggest(held, top, other, found, evidence=evidence, now_ms=now_ms)
        held.save((top,))
        return Proved(outcome="suggested", customer_id=top.id, link_id=link.id, guard=found)
    put_below(held, found, actor=actor, now_ms=now_ms, policy=policy)
    return Proved(outcome="merged", customer_id=found.top.id, link_id=link.id)


def _beside(
    held: Held,
    claimed: Customer,
    link: Link | None,
    handle: Handle,
    key: str,
    *,
    proof: Proof,
    evidence: str,
    actor: str,
    now_ms: int,
) -> Proved:
    """A proof by somebody who has claims only: the owner of the address, or a new one, beside the one who owns the claims."""
    if link is None:
        owner = Customer(new_id("cus"), claimed.space, "verified", first_seen_ms=now_ms, last_seen_ms=now_ms)
        link = _new_link(owner, owner, handle, key, proof=proof, evidence=evidence, now_ms=now_ms)
        store.save_customers(held.connection, [owner], {owner.id})
        held.acts.note("created", actor, now_ms, owner)
        _begin(held, owner, link, actor=actor, now_ms=now_ms)
        outcome: Outcome = "linked"
    else:
        owner, outcome = held.customers[link.customer_id], "known"
    if owner.id != claimed.id:
        _suggest(held, claimed, owner, "same_claim", evidence=evidence, now_ms=now_ms)
    held.save((owner,))
    return Proved(outcome=outcome, customer_id=owner.id, link_id=link.id)


def _suggest(held: Held, one: Customer, other: Customer, reason: Reason, *, evidence: str, now_ms: int) -> None:
    row = suggestion(one, other, reason, evidence=evidence, at_ms=now_ms)
    insert_rows(held.connection, suggestions, [row], ignore=True)
