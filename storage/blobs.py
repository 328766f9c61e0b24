"""Attachments and raw messages: bytes under the SHA-256 of their content, in a folder or in an S3 bucket.

A blob that `put` returned is durable: the database commit that names it comes after. obstore's local store writes a
temporary file and renames it without any fsync, so that is done here: the file, then every folder on the way to it.
"""

import asyncio
import hashlib
import os
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self, TypeVar

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, MemoryStore, S3Store

CHUNK: Final = 256 * 1024
"""Bytes of a piece of `open_stream`, at least, but for the last."""

_SHA256: Final = re.compile(r"[0-9a-f]{64}")

T = TypeVar("T")


class BlobMissing(Exception):
    """There is no blob of that hash, or none any more."""


class BlobDamaged(Exception):
    """The bytes stored are not those the hash stands for. The blob must come from a backup."""


class BlobsUnavailable(Exception):
    """The folder or bucket cannot be read or written now (full, not mounted, refused, unreachable)."""


@dataclass(frozen=True, slots=True)
class BlobRef:
    """`sha256` in hexadecimal, `size` in bytes."""

    sha256: str
    size: int


class Blobs:
    """Content-addressed blobs. Every method may raise `BlobsUnavailable`, and `ValueError` for what is no hash.

    Putting the same content twice, also at the same time, is harmless: it is written again, under the same name, so
    that a file torn by a power cut is never taken for the whole one.
    """

    def __init__(self, store: LocalStore | MemoryStore | S3Store, folder: Path | None = None) -> None:
        self._store = store
        self._folder = folder
        self._durable_folders: set[Path] = set()

    @classmethod
    def local(cls, path: Path) -> Self:
        """In a folder, made if it is not there."""
        path = path.absolute()
        with _working():
            made = [folder for folder in (path, *path.parents) if not folder.exists()]
            path.mkdir(parents=True, exist_ok=True)
            for folder in made:
                _fsync(folder.parent)
            return cls(LocalStore(path), path)

    @classmethod
    def memory(cls) -> Self:
        """For tests of what uses blobs."""
        return cls(MemoryStore())

    @classmethod
    def s3(
        cls,
        url: str,
        *,
        access_key_id: str | None = None,
        secret_access_key: str | None = None,
        region: str | None = None,
        endpoint: str | None = None,
        allow_http: bool = False,
    ) -> Self:
        """In an S3-compatible bucket: `s3://bucket/prefix`. What is not given comes from the `AWS_` environment
        variables. `endpoint` is for services other than Amazon's; `allow_http` lets it be plain HTTP.

        Durability is the service's: a PUT that was answered is stored. The project's tests run against no S3 service;
        they cover this class over obstore's folder and memory stores, and here only that a store can be configured.
        """
        given = {
            "access_key_id": access_key_id,
            "secret_access_key": secret_access_key,
            "region": region,
            "endpoint": endpoint,
        }
        config: Any = {name: value for name, value in given.items() if value is not None}
        return cls(S3Store.from_url(url, config=config, client_options={"allow_http": allow_http}))

    async def put(self, content: bytes) -> BlobRef:
        """Store the bytes; durable when it returns."""
        return (await self.put_many([content]))[0]

    async def put_many(self, contents: Sequence[bytes]) -> list[BlobRef]:
        """Store several, each folder fsynced once; durable when it returns, in the order given."""
        try:
            return await self._work(lambda: self._put_many(contents))
        except BlobMissing as error:
            raise BlobsUnavailable("a folder of the blob store was removed while it was written to") from error

    async def get(self, sha256: str) -> bytes:
        """The whole blob, checked against its hash. Raises `BlobMissing`, `BlobDamaged`."""
        key = _key(sha256)

        def read() -> bytes:
            content = obstore.get(self._store, key).bytes().to_bytes()
            if hashlib.sha256(content).hexdigest() != sha256:
                raise BlobDamaged(sha256)
            return content

        return await self._work(read)

    async def open_stream(self, sha256: str) -> AsyncIterator[bytes]:
        """The blob in pieces, not checked. Raises `BlobMissing` before the first."""
        key = _key(sha256)
        result = await self._work(lambda: obstore.get(self._store, key))
        return self._pieces(result)

    async def _pieces(self, result: "obstore.GetResult") -> AsyncIterator[bytes]:
        with _working():
            async for piece in result.stream(min_chunk_size=CHUNK):
                yield bytes(piece)

    async def exists(self, sha256: str) -> bool:
        key = _key(sha256)
        try:
            await self._work(lambda: obstore.head(self._store, key))
        except BlobMissing:
            return False
        return True

    async def delete(self, sha256: str) -> None:
        """Remove the blob for good: durable when it returns. One that is not there is no error."""
        await asyncio.to_thread(self.delete_now, [sha256])

    def delete_now(self, blobs: Sequence[str]) -> None:
        """The same for several, in the thread that calls: for work inside a transaction."""
        keys = [_key(sha256) for sha256 in blobs]
        with _working():
            if isinstance(self._store, S3Store):
                obstore.delete(self._store, keys)  # one request; S3 does not mind what is not there
                return
            for key in keys:
                with suppress(FileNotFoundError):
                    obstore.delete(self._store, key)
            if self._folder is not None:
                _remove_torn(self._folder, keys)

    def _put_many(self, contents: Sequence[bytes]) -> list[BlobRef]:
        refs = [BlobRef(hashlib.sha256(content).hexdigest(), len(content)) for content in contents]
        by_key = {_key(ref.sha256): content for ref, content in zip(refs, contents, strict=True)}
        for key, content in by_key.items():
            obstore.put(self._store, key, content, use_multipart=False)
        if self._folder is not None:
            self._make_durable(self._folder, list(by_key))
        return refs

    def _make_durable(self, root: Path, keys: Sequence[str]) -> None:
        files = [root / key for key in keys]
        for file in files:
            _fsync(file)
        for folder in {file.parent for file in files}:
            _fsync(folder)
        # A folder's own entry needs it once; it lies in the folder above.
        entered = {folder for file in files for folder in (file.parent, file.parent.parent)} - self._durable_folders
        for above in {folder.parent for folder in entered}:
            _fsync(above)
        self._durable_folders |= entered

    async def _work(self, work: Callable[[], T]) -> T:
        def guarded() -> T:
            with _working():
                return work()

        try:
            return await asyncio.to_thread(guarded)
        except BlobMissing as error:
            if self._folder is not None and not self._folder.is_dir():
                raise BlobsUnavailable("the folder of the blob store is not there: is its disk mounted?") from error
            raise


@contextmanager
def _working() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise BlobMissing("there is no such blob") from error
    except (OSError, BaseError) as error:
        reason = error.strerror if isinstance(error, OSError) else type(error).__name__
        raise BlobsUnavailable(f"the blob store cannot be used now ({reason})") from error


def _key(sha256: str) -> str:
    """Two levels of folders: 65,536 of them keep each small."""
    if not _SHA256.fullmatch(sha256):
        raise ValueError("a blob is named by the 64 hexadecimal digits of its SHA-256")
    return f"{sha256[:2]}/{sha256[2:4]}/{sha256}"


def _remove_torn(root: Path, keys: Sequence[str]) -> None:
    """What a process that was killed while it wrote these blobs has left of them: obstore writes to `<name>#<number>` and
    renames. Then make it durable that all of it is gone."""
    for key in keys:
        for torn in (root / key).parent.glob(f"{Path(key).name}#*"):
            torn.unlink(missing_ok=True)
    for folder in {(root / key).parent for key in keys}:
        if folder.is_dir():
            _fsync(folder)


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
