"""The files of a message that is about to leave: their bytes, and for channels that take addresses only, a signed link each."""

from connectors.base import OutgoingFile
from connectors.errors import SendFailed
from regia.links import Links
from storage.blobs import BlobDamaged, BlobMissing, Blobs, BlobsUnavailable
from storage.outgoing_files import FileRow
from storage.outgoing_tries import Claimed


class Loader:
    """Loads files just before they are sent."""

    def __init__(self, blobs: Blobs, links: Links) -> None:
        self._blobs = blobs
        self._links = links

    async def files(self, row: Claimed) -> tuple[OutgoingFile, ...]:
        """Those of a message, in their order. Raises `SendFailed`."""
        return tuple([await self._file(file) for file in row.files])

    async def _file(self, file: FileRow) -> OutgoingFile:
        try:
            content = await self._blobs.get(file.sha256)
        except BlobsUnavailable as error:
            raise SendFailed("retryable", "the blob store does not answer") from error
        except (BlobMissing, BlobDamaged) as error:
            raise SendFailed("unsupported", "a file of it is not stored any more") from error
        link = self._links.file(file.id, file.filename)
        return OutgoingFile(filename=file.filename, content_type=file.content_type, content=content, url=link)
