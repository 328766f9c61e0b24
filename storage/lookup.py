"""Reads of what is stored, for people and consumers."""

from collections.abc import Collection
from typing import Final

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, select

from storage.quarantine import HELD
from storage.schema import attachments, conversations, handles, messages, quarantine, signals, targets

ADDRESS_ENDED: Final[ColumnElement[bool]] = and_(
    handles.c.ended_ms.is_not(None), handles.c.ended_by.is_distinct_from("accepted")
)
"""Of a link: its address was released, changed, or given to somebody else. A claim that a person accepted has ended too, but
who wrote is still who is reached there."""


def message(connection: Connection, message_id: str) -> RowMapping | None:
    """A message's row, or None."""
    return connection.execute(select(messages).where(messages.c.id == message_id)).mappings().one_or_none()


def conversation(connection: Connection, conversation_id: str) -> RowMapping | None:
    """A conversation's row, or None."""
    return connection.execute(select(conversations).where(conversations.c.id == conversation_id)).mappings().one_or_none()


def latest_in(connection: Connection, conversation_id: str, limit: int = 20, *, discarded: bool = True) -> list[RowMapping]:
    """The last contacts of a conversation, newest first; with those that were `discarded`, or without."""
    query = select(messages).where(messages.c.conversation_id == conversation_id)
    if not discarded:
        query = query.where(messages.c.discarded_by.is_(None))
    newest = query.order_by(messages.c.received_ms.desc(), messages.c.sequence.desc()).limit(limit)
    return list(connection.execute(newest).mappings())


def latest_of_sender(connection: Connection, row: RowMapping) -> RowMapping:
    """The last contact of who wrote `row`, by the same handle to the same account on the same channel."""
    same = ("handle_id", "connector", "channel")
    query = select(messages).where(*(messages.c[name] == row[name] for name in same))
    query = query.where(messages.c.account.is_not_distinct_from(row["account"]))
    newest = query.order_by(messages.c.received_ms.desc()).limit(1)
    return connection.execute(newest).mappings().one_or_none() or row


def address_ended(connection: Connection, row: RowMapping) -> bool:
    """Whether the address a message came from is not its sender's any more."""
    query = select(handles.c.id).where(handles.c.id == row["handle_id"], ADDRESS_ENDED)
    return connection.execute(query).scalar_one_or_none() is not None


def owner_of(connection: Connection, handle_id: str) -> str | None:
    """Whose a link is, or was when it ended."""
    return connection.execute(select(handles.c.customer_id).where(handles.c.id == handle_id)).scalar_one_or_none()


def targets_of(connection: Connection, message_id: str) -> list[RowMapping]:
    """Where a message goes, each with its state and when it was confirmed."""
    query = select(targets).where(targets.c.message_id == message_id).order_by(targets.c.position)
    return list(connection.execute(query).mappings())


def attachment(connection: Connection, attachment_id: str) -> RowMapping | None:
    return connection.execute(select(attachments).where(attachments.c.id == attachment_id)).mappings().one_or_none()


def quarantined(connection: Connection, *, limit: int, redriven: bool = False) -> list[RowMapping]:
    """What is held, without its bytes, oldest first; with `redriven` also what was driven again
    or discarded since."""
    columns = [column for column in quarantine.columns if column.name not in ("raw", "edited")]
    query = select(*columns).order_by(quarantine.c.received_ms).limit(limit)
    if not redriven:
        query = query.where(quarantine.c.state == HELD)
    return list(connection.execute(query).mappings())


def held(connection: Connection, quarantine_id: str) -> RowMapping | None:
    """One held thing with its exact bytes."""
    return connection.execute(select(quarantine).where(quarantine.c.id == quarantine_id)).mappings().one_or_none()


def statuses_of(connection: Connection, connector: str, external_ids: Collection[str]) -> list[RowMapping]:
    """What was told about an outgoing message by its provider's ids, in the order in which it came."""
    query = select(signals.c.state, signals.c.at_ms, signals.c.received_ms, signals.c.error)
    query = query.where(signals.c.external_id.in_(external_ids), signals.c.connector == connector, signals.c.type == "status")
    return list(connection.execute(query.order_by(signals.c.received_ms, signals.c.at_ms, signals.c.id)).mappings())
