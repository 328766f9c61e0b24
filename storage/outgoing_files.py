"""The files of messages out: rows that name blobs."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, RowMapping, or_, select

from storage.bulk import among, ids_parameter, insert_rows
from storage.schema import attachments, customers, handles, messages, outgoing_files


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRow:
    """One file. `id` is its own; `size` in bytes."""

    id: str
    sha256: str
    size: int
    filename: str
    content_type: str


def add(connection: Connection, outgoing_id: str, files: Sequence[FileRow]) -> None:
    """The files of a message that is queued in the same transaction, in their order."""
    rows = [asdict(file) | {"outgoing_id": outgoing_id, "place": place} for place, file in enumerate(files)]
    insert_rows(connection, outgoing_files, rows)


def of(connection: Connection, outgoing_ids: Collection[str]) -> dict[str, tuple[FileRow, ...]]:
    """The files of messages out, by message; those without any are left out."""
    query = select(outgoing_files).where(among(connection, outgoing_files.c.outgoing_id))
    found: dict[str, tuple[FileRow, ...]] = {}
    rows = connection.execute(query.order_by(outgoing_files.c.place), ids_parameter(connection, outgoing_ids))
    for row in rows.mappings():
        file = FileRow(**{name: row[name] for name in FileRow.__slots__})
        found[row["outgoing_id"]] = (*found.get(row["outgoing_id"], ()), file)
    return found


def find(connection: Connection, id_: str) -> RowMapping | None:
    """One file, or None."""
    return connection.execute(select(outgoing_files).where(outgoing_files.c.id == id_)).mappings().one_or_none()


def sent_by(connection: Connection, attachment_id: str, answered: RowMapping) -> RowMapping | None:
    """A stored file of whoever wrote the message that is answered, as customers are now, or None: anybody else's is nobody's
    business."""
    same = messages.c.handle_id == answered["handle_id"]
    if (root := _root(connection, answered["handle_id"])) is not None:
        same = or_(same, customers.c.root_id == root)
    query = (
        select(attachments)
        .join(messages, messages.c.id == attachments.c.message_id)
        .join(handles, handles.c.id == messages.c.handle_id, isouter=True)
        .join(customers, customers.c.id == handles.c.customer_id, isouter=True)
        .where(attachments.c.id == attachment_id, same)
    )
    return connection.execute(query).mappings().one_or_none()


def _root(connection: Connection, handle_id: str) -> str | None:
    """Who is at the top of the customer that a link belongs to."""
    query = select(customers.c.root_id).join(handles, handles.c.customer_id == customers.c.id)
    return connection.execute(query.where(handles.c.id == handle_id)).scalar_one_or_none()
