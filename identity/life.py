"""When an address belongs to somebody else by now. Pure; the table of a link's life is in docs/identity.md."""

from collections.abc import Collection
from typing import Literal

from identity.contact import Contact
from identity.people import Customer, Link
from identity.policy import Policy

Ending = Literal["recycled", "changed", "released", "accepted"]


def gone(link: Link, owner: Customer, contact: Contact, policy: Policy) -> bool:
    """Whether a contact that shows this address comes from somebody else than its owner: it was silent for long, and nothing
    else in the contact is the owner's."""
    if link.standing != "verified" or link.kind not in policy.recycled_kinds:
        return False
    before = {one.key for one in owner.links if one.id != link.id}
    others = [named for named in contact.own if named.key != link.key]
    if any(named.key in before for named in others):
        return False
    replaced = _kinds(owner.links, before) & {named.handle.kind for named in others}
    return contact.at_ms - link.seen_ms > (policy.reassign_ms if replaced else policy.recycle_ms)


def _kinds(links: Collection[Link], keys: Collection[str]) -> set[str]:
    return {link.kind for link in links if link.key in keys}
