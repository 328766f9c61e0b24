"""What a journal row has become just before the commit, and what the commit makes of it."""

from dataclasses import dataclass
from typing import TypeAlias

from connectors.base import ChannelEvent, Status
from connectors.errors import QuarantineReason
from normalizer.message import Message
from storage.journal_file import Row


@dataclass(frozen=True, slots=True)
class Ready:
    """A contact, clean and with its files stored. `raw_blob` says that its raw bytes lie in the blob store."""

    row: Row
    message: Message
    raw_sha256: str
    raw_blob: bool

    @property
    def blobs(self) -> frozenset[str]:
        """The SHA-256 of everything that was put into the blob store for it."""
        files = {file.sha256 for file in self.message.attachments if file.state == "stored" and file.sha256 is not None}
        return frozenset(files | {self.raw_sha256} if self.raw_blob else files)


@dataclass(frozen=True, slots=True)
class Held:
    """For quarantine: exact bytes and why."""

    row: Row
    connector: str
    received_ms: int
    reason: QuarantineReason
    detail: str
    raw: bytes
    content_type: str
    blobs: frozenset[str] = frozenset()
    """Files that were stored for it before it came to this, and that nothing names."""


@dataclass(frozen=True, slots=True)
class Told:
    """A status, an echo or an account event: to be recorded, not routed."""

    row: Row
    connector: str
    received_ms: int
    signal: Status | ChannelEvent


@dataclass(frozen=True, slots=True)
class Repeated:
    """The journal had this event already."""

    row: Row


Prepared: TypeAlias = Ready | Held | Told | Repeated
