"""A commit's say in which stored files live on: those it names, and not those that were put for a contact it does not store.
What is done about the others is `storage.endings`.
"""

import time
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection

from regia.pipeline.prepared import Held, Prepared, Ready
from storage import endings

PutSince = Mapping[int, Mapping[str, int]]
"""Number of a row to the ends of blobs that it has seen; what is prepared for it was put after these."""


def settle(connection: Connection, batch: Sequence[Prepared], new: Sequence[Prepared], put_since: PutSince) -> None:
    """Name the files of the new contacts, and let those go that were put for repeats and for what is held instead. To be
    done after the events are entered, before anything is written that names a file. Raises `BlobsEnded`."""
    named = _blobs(one for one in new if isinstance(one, Ready))
    seen = {blob: token for one in batch for blob, token in put_since.get(one.row.seq, {}).items()}
    endings.check(connection, named, seen)
    stored = {one.row.seq for one in new if isinstance(one, Ready)}
    in_vain = _blobs(one for one in batch if one.row.seq not in stored)
    if in_vain - named:
        endings.end_unused(connection, in_vain - named, time.time_ns() // 1_000_000)


def _blobs(rows: Iterable[Prepared]) -> set[str]:
    return {blob for one in rows if isinstance(one, Ready | Held) for blob in one.blobs}
