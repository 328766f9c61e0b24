"""Rows of a list of customers, as another system of yours has it, in the form in which identity tells people apart."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid5

from identity.contact import Contact, Named, keyed
from identity.profile import Field, Value
from normalizer.inbound import ENVELOPE_NAMESPACE, Handle, InboundMessage, Sender
from normalizer.message import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One row. `handles` are its addresses, at least one, a CRM id first. `claims` are addresses that nobody confirmed to the
    other system: they link nobody. `place` says where it stands, for the links that come of it."""

    handles: tuple[Handle, ...]
    facts: Mapping[Field, Value]
    place: str
    claims: tuple[Handle, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedContact(Contact):
    """A row, as a contact that says nothing."""

    place: str
    claims: tuple[Named, ...]

    @property
    def evidence(self) -> str:
        return self.place


def contact(space: str, listed: Listed, now_ms: int) -> ListedContact:
    """What a row is for identity."""
    own, claims = (tuple(keyed(space, handle) for handle in some) for some in (listed.handles, listed.claims))
    place = listed.place
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
        of_many=False,
        own=own,
        in_use=own,
        named=(*own, *claims),
        references=(),
        conversation=None,
        received_ms=now_ms,
        at_ms=now_ms,
        awaits_answer=False,
        words="",
        mentions=(),
        place=place,
        claims=claims,
    )
