"""Files of a reply: which of them may leave by a channel, and the rows that name them."""

import mimetypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Connection, RowMapping

from connectors.abilities import MEGABYTE, Limits
from connectors.kit.outbound import media_kind
from desk.refusals import RefusalReason, Refused
from normalizer.names import filename
from normalizer.sniffing import sniff
from storage import outgoing_files
from storage.outgoing_files import FileRow

_FORMS: Final = {"file": "document"}
"""What an envelope calls the kinds that limits know by another word."""
_NAMELESS: Final = "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyFile:
    """A file to be sent: its `content` with a name, or the `id` of a stored one that the same customer sent. One that has
    neither is what could not be read."""

    content: bytes | None = field(default=None, repr=False)
    id: str | None = None
    filename: str | None = None
    content_type: str | None = None
    sha256: str | None = field(init=False)

    def __post_init__(self) -> None:
        digest = None if self.content is None else sha256(self.content).hexdigest()
        object.__setattr__(self, "sha256", digest)

    @property
    def said(self) -> tuple[str | None, ...]:
        """All that it says, short."""
        return self.id, self.sha256, self.filename, self.content_type


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRules:
    """What files may leave: at most so many in one reply, of so many bytes each and together. `limits`: those of the connectors
    that can send, by name; `address`: whether providers can load files from the gateway."""

    most: int = 10
    each: int = 20 * MEGABYTE
    together: int = 20 * MEGABYTE
    limits: Mapping[str, Limits] = field(default_factory=lambda: MappingProxyType({}))
    address: bool = True


def check(files: Sequence[ReplyFile], rules: FileRules) -> None:
    """What can be said without looking anything up. Raises `Refused`, which names the file by its place, from 1."""
    if len(files) > rules.most:
        raise Refused("too_many_files")
    for place, file in enumerate(files, 1):
        if file.id is None and (reason := _wrong(file, rules)) is not None:
            raise Refused(reason, file=place)


def _wrong(file: ReplyFile, rules: FileRules) -> RefusalReason | None:
    if file.content is None:
        return "bad_base64"
    if not file.content:
        return "empty_file"
    if filename(file.filename or "") is None:
        return "bad_filename"
    return "file_too_large" if len(file.content) > rules.each else None


def rows(
    connection: Connection,
    files: Sequence[ReplyFile],
    answered: RowMapping,
    allowed: Sequence[str],
    rules: FileRules,
    *,
    through: str,
) -> list[FileRow]:
    """The rows of files that answer a stored message through a connector, in these forms. Raises `Refused`."""
    check(files, rules)
    found = [_row(connection, file, answered, place) for place, file in enumerate(files, 1)]
    limits = rules.limits.get(through)
    for place, row in enumerate(found, 1):
        kind = media_kind(row.content_type)
        if _FORMS.get(kind, kind) not in allowed:
            raise Refused("files_not_taken", file=place)
        if row.size > rules.each or (limits is not None and row.size > limits.files.get(kind, 0)):
            raise Refused("file_too_large", file=place)
        if limits is not None and not limits.uploads and not rules.address:
            raise Refused("no_public_url", file=place)
    if sum(row.size for row in found) > rules.together:
        raise Refused("files_too_large")
    return found


def _row(connection: Connection, file: ReplyFile, answered: RowMapping, place: int) -> FileRow:
    id_, named = f"fil_{uuid4().hex}", filename(file.filename or "")
    if file.id is not None:
        stored = outgoing_files.sent_by(connection, file.id, answered)
        if stored is None:
            raise Refused("unknown_attachment", file=place)
        kind = str(stored["content_type"])
        named = named or filename(stored["filename"] or "") or _NAMELESS + (mimetypes.guess_extension(kind) or "")
        return FileRow(id=id_, sha256=stored["sha256"], size=stored["size"], filename=named, content_type=kind)
    known: dict[str, Any] = {"sha256": file.sha256, "size": len(file.content or b""), "filename": named or _NAMELESS}
    declared = file.content_type or mimetypes.guess_type(known["filename"])[0]
    return FileRow(id=id_, content_type=sniff(file.content or b"", declared), **known)
