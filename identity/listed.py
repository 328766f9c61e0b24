"""Rows of a list of customers, as another system of yours has it: what they name, and which of it belongs together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid5

from identity.contact import Contact, Named
from identity.people import CRM, Link, handle_key
from identity.profile import Field, Value
from normalizer.inbound import ENVELOPE_NAMESPACE, Handle, InboundMessage, Sender
from normalizer.message import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One row. `handles` are its addresses, at least one, a CRM id first; `place` says where it stands, for the links that
    come of it."""

    handles: tuple[Handle, ...]
    facts: Mapping[Field, Value]
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedContact(Contact):
    """A row, or a part of it, in the form in which identity finds out whose an address is: it says nothing and is nobody's
    message."""

    place: str

    @property
    def evidence(self) -> str:
        return self.place


def contact(space: str, own: Sequence[Named], place: str, now_ms: int) -> ListedContact:
    """The contact of addresses that belong together."""
    inbound = InboundMessage(
        event_key=place,
        external_id=place,
        brand=space,
        channel="import",
        account=None,
        kind="contact",
        sender=Sender(handle=own[0].handle),
        order_key="",
        raw=b"",
        raw_content_type="",
        backlog=True,
    )
    message = Message(
        id=uuid5(ENVELOPE_NAMESPACE, place),
        connector="import",
        received_at=datetime.fromtimestamp(now_ms / 1000, UTC),
        inbound=inbound,
        language=None,
        attachments=(),
    )
    return ListedContact(
        message=message,
        own=tuple(own),
        named=tuple(own),
        references=(),
        conversation=None,
        received_ms=now_ms,
        at_ms=now_ms,
        awaits_answer=False,
        words="",
        mentions=(),
        place=place,
    )


def named(space: str, handle: Handle) -> Named:
    """An address with its keys."""
    verified, claimed = handle_key(space, "verified", handle), handle_key(space, "claimed", handle)
    return Named(handle, (("verified", verified), ("claimed", claimed)), verified)


class Sorter:
    """Which addresses of each row go together. Two customers with different CRM ids are never one by themselves: an address of
    the one that a row of the other names too is looked at apart, so that the row does not give the one a second CRM id."""

    def __init__(self, links: Iterable[Link], crm_ids: Mapping[str, set[str]]) -> None:
        """`links` are those that exist, `crm_ids` those of their owners, by customer."""
        self._owners = {link.key: link.customer_id for link in links}
        self._crm_ids = {owner: set(values) for owner, values in crm_ids.items()}

    def parts(self, own: Sequence[Named]) -> list[list[Named]]:
        """The addresses of the next row: its own, then those of somebody who has another CRM id."""
        first = own[0]
        apart = [one for one in own[1:] if self._is_anothers(one, first)] if first.handle.kind == CRM else []
        parts = [part for part in ([one for one in own if one not in apart], apart) if part]
        for part in parts:
            self._give(part)
        return parts

    def _is_anothers(self, one: Named, crm: Named) -> bool:
        owner = self._owners.get(one.key)
        theirs = self._crm_ids.get(owner or "", set())
        return owner != self._owners.get(crm.key) and bool(theirs) and crm.handle.value not in theirs

    def _give(self, own: Sequence[Named]) -> None:
        """As `identity.owners` does: what nobody has is given to the owner of the first that somebody has."""
        owner = next((self._owners[one.key] for one in own if one.key in self._owners), own[0].key)
        for one in own:
            if one.key not in self._owners:
                self._owners[one.key] = owner
                if one.handle.kind == CRM:
                    self._crm_ids.setdefault(owner, set()).add(one.handle.value)
