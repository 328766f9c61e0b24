"""What people, programs and imports say of a customer. What wins is in docs/identity.md."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from identity.facts import GIVEN, Given
from identity.holding import Held
from identity.links import Proved, prove, release
from identity.merging import show
from identity.people import Customer
from identity.policy import CRM, Policy, Source
from identity.profile import FIELDS, TAGS, Facts, Field, Value, say, together
from identity.refusals import NotPossible
from normalizer.inbound import Handle


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """`customer_id` is at the top afterwards, `fields` are those that changed. `proved` is what became of a CRM id that the
    customer did not have: it may be another customer's, and then the two are merged, or by a guard suggested."""

    customer_id: str
    fields: tuple[Given, ...]
    proved: Proved | None


def set_facts(
    connection: Connection,
    customer_id: str,
    source: Source,
    values: Mapping[Given, Value],
    *,
    actor: str,
    now_ms: int,
    policy: Policy,
) -> Changed:
    """Enter what a source says of a customer, for this one and for who is at the top of it; None takes a value back.
    `values` as `read_facts` gives them. Nothing is written where nothing changes.

    Raises `NotPossible`: `unknown_customer`, `crm_conflict`, and as `prove` does.
    """
    proved, changed = None, set[Given]()
    if "crm_id" in values:
        proved = _crm_id(connection, customer_id, values["crm_id"], source, changed, actor=actor, now_ms=now_ms, policy=policy)
    held = Held(connection, (customer_id,))
    home, top = held.get(customer_id), held.top(customer_id)
    for field in FIELDS:
        if field in values and _differs(home, top, field, source, values[field]):
            enter(home, top, field, source, values[field], now_ms=now_ms)
            changed.add(field)
    fields = tuple(name for name in GIVEN if name in changed)
    if fields:
        put_together(top, held.tree(top.id), policy)
        other = None if home is top else home.id
        held.acts.note("profile", actor, now_ms, top, other=other, detail={"fields": fields, "source": source})
        held.save((home, top))
    return Changed(customer_id=top.id, fields=fields, proved=proved)


def own_facts(customer: Customer) -> Facts:
    """What came by its own handles, and was said of itself."""
    return customer.facts if customer.own_facts is None else customer.own_facts


def enter(home: Customer, top: Customer, field: Field, source: Source, value: Value, *, now_ms: int) -> None:
    """Say it of `home`. It is later than whatever the source said before, also where another node's clock is ahead."""
    before = top.facts.get(field, {}).get(source), own_facts(home).get(field, {}).get(source)
    at_ms = max(now_ms, *(said[1] + 1 for said in before if said is not None), 0)
    say(home.facts, field, source, value, at_ms)
    if home.own_facts is not None:
        say(home.own_facts, field, source, value, at_ms)


def put_together(top: Customer, tree: list[Customer], policy: Policy) -> None:
    """Set what the facts of everybody in a tree come to."""
    if len(tree) > 1:
        top.facts = together(map(own_facts, tree))
    show(top, policy)


def said(facts: Facts, field: Field, source: Source) -> Value:
    """What a source says; None also where it never said anything."""
    found = facts.get(field, {}).get(source)
    return None if found is None else found[0]


def _differs(home: Customer, top: Customer, field: Field, source: Source, value: Value) -> bool:
    """Whether it is something new: of this customer, or since another one below the same said something else later."""
    if said(own_facts(home), field, source) != value:
        return True
    return field != TAGS and said(top.facts, field, source) != value


def _crm_id(
    connection: Connection,
    customer_id: str,
    value: Value,
    source: Source,
    changed: set[Given],
    *,
    actor: str,
    now_ms: int,
    policy: Policy,
) -> Proved | None:
    top = Held(connection, (customer_id,)).top(customer_id)
    own = [link for link in top.links if link.kind == CRM]
    if not isinstance(value, str):
        # Of one below another, what was said of itself; at the top, of everybody below it too, since that is what is shown.
        for link in (link for link in own if customer_id in (top.id, link.home_id)):
            release(connection, link.id, actor=actor, now_ms=now_ms)
            changed.add("crm_id")
        return None
    if value in (link.value for link in own):
        return None
    if own:
        raise NotPossible("crm_conflict")
    handle = Handle(CRM, value, "agent")
    evidence = f"{source}/{actor}"
    proved = prove(connection, customer_id, handle, proof="agent", evidence=evidence, actor=actor, now_ms=now_ms, policy=policy)
    if proved.outcome == "merged" or (proved.outcome, proved.customer_id) == ("linked", top.id):
        changed.add("crm_id")
    return proved
