"""Whose an address is, and whose it was."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, get_args

from sqlalchemy import ColumnElement, Connection, and_, select

from identity.handles import known_as, variants
from identity.people import Standing, handle_key
from identity.views.tops import Who
from normalizer.advice import Problem
from normalizer.inbound import Handle, Proof
from normalizer.values import Invalid, clean_line, is_blank, read_email, read_phone
from storage.schema import customers, handles

REGION: Final = "IT"
"""The country of numbers without a prefix, where nobody says another: that of the connectors."""
_MARKS: Final = re.compile(r"[ ().-]")
_MOST: Final = 512
"""Characters of an address."""
_LINKS: Final = select(
    *(handles.c[name] for name in ("id", "customer_id", "space", "standing", "proof", "since_ms", "seen_ms")),
    handles.c.ended_ms,
    handles.c.ended_by,
    customers.c.standing.label("customer_standing"),
    customers.c.name,
).join(customers, customers.c.id == handles.c.customer_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """A customer with the link by which an address is, or was, theirs. `ended_by` says why it is not any more."""

    customer: Who
    link: str
    standing: Standing
    proof: Proof
    since_ms: int
    seen_ms: int
    ended_ms: int | None
    ended_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """`value` is the address in the spelling it is known by. In each brand one customer owns it, and one other may have only
    claimed it. `past` are those whose it was, latest first."""

    kind: str
    value: str
    verified: tuple[Owner, ...]
    claimed: tuple[Owner, ...]
    past: tuple[Owner, ...]


def address(kind: str, value: str, region: str = REGION, proof: Proof = "verified") -> Handle:
    """An address in any spelling, as connectors have it. Raises `Invalid`."""
    if kind == "email":
        return Handle(kind, read_email(value), proof)
    if kind == "phone":
        return Handle(kind, _phone(value, region), proof)
    plain = clean_line(value)
    if is_blank(plain):
        raise Invalid(Problem("required"))
    if len(plain) > _MOST:
        raise Invalid(Problem("too_long", str(_MOST)))
    return Handle(kind, plain, proof)


def _phone(value: str, region: str) -> str:
    try:
        return read_phone(value, region)
    except Invalid:
        # The old spelling of a number in Mexico is too long for the tables of today.
        known = known_as(Handle("phone", _MARKS.sub("", clean_line(value)), "verified")).value
        return read_phone(known, region)


def find(connection: Connection, spaces: Collection[str], kind: str, value: str, region: str = REGION) -> Found:
    """Who owns an address, who claims it, and whose it was, in any of some brands. Raises `Invalid`."""
    handle = address(kind, value, region)
    current = {
        standing: handles.c.key.in_([handle_key(space, standing, handle) for space in spaces])
        for standing in get_args(Standing)
    }
    ended = and_(
        handles.c.ended_ms.is_not(None),
        handles.c.value.in_(variants(handle)),
        handles.c.kind == kind,
        handles.c.space.in_(spaces),
    )
    return Found(
        kind=kind,
        value=known_as(handle).value,
        verified=_owners(connection, current["verified"]),
        claimed=_owners(connection, current["claimed"]),
        past=_owners(connection, ended),
    )


def _owners(connection: Connection, which: ColumnElement[bool]) -> tuple[Owner, ...]:
    query = _LINKS.where(which).order_by(handles.c.ended_ms.desc(), customers.c.space, handles.c.id)
    return tuple(
        Owner(
            customer=Who(row.customer_id, row.space, row.customer_standing, row.name),
            link=row.id,
            standing=row.standing,
            proof=row.proof,
            since_ms=row.since_ms,
            seen_ms=row.seen_ms,
            ended_ms=row.ended_ms,
            ended_by=row.ended_by,
        )
        for row in connection.execute(query)
    )
