"""Which customer each handle of a batch belongs to; handles that nobody has yet are given to somebody."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from identity import store
from identity.contact import Contact, Named
from identity.ids import new_id
from identity.people import standing


def find_owners(connection: Connection, contacts: Sequence[Contact]) -> dict[str, str]:
    """Handle key to customer id for every key of the batch that has an owner; unknown senders get a new customer's id.

    Two nodes that meet a new handle at once both insert it; the database lets one win, and both read the winner.
    """
    keys = {key for contact in contacts for named in contact.named for _, key in named.keys}
    known = store.owners(connection, keys)
    fresh: dict[str, dict[str, Any]] = {}
    made: set[str] = set()
    for contact in contacts:
        owner = next((known[named.key] for named in contact.own if named.key in known), None)
        if owner is None:
            owner = new_id("cus")
            made.add(owner)
        for named in contact.own:
            if named.key not in known:
                known[named.key] = owner
                fresh[named.key] = _row(contact, named, owner)
    if fresh:
        store.add_handles(connection, list(fresh.values()))
        known |= _settled(connection, fresh, made)
    return known


def _settled(connection: Connection, fresh: Mapping[str, Mapping[str, Any]], made: Collection[str]) -> dict[str, str]:
    """Handle key to customer id of the handles just added, where another node may have been faster with some of them.

    A new customer who lost a handle is the winner's customer: its other handles go to the winner too, before anything
    is written of it. Otherwise one person would be two customers for good.
    """
    stored = store.owners(connection, fresh.keys())
    winners: dict[str, str] = {}
    for key, row in fresh.items():
        if row["customer_id"] in made and stored[key] != row["customer_id"]:
            winners.setdefault(row["customer_id"], stored[key])
    moved = {key: winners[owner] for key, owner in stored.items() if owner in winners}
    store.move_handles(connection, moved)
    return stored | moved


def _row(contact: Contact, named: Named, customer_id: str) -> dict[str, Any]:
    message = contact.message
    return {
        "key": named.key,
        "space": message.inbound.brand,
        "kind": named.handle.kind,
        "value": named.handle.value,
        "standing": standing(named.handle),
        "proof": named.handle.proof,
        "customer_id": customer_id,
        "since_ms": contact.received_ms,
        "evidence": f"{message.connector}/{message.id}",
    }
