"""Blobs: one contract over a folder and over memory, and what makes the folder durable."""

import asyncio
import hashlib
import os
from pathlib import Path

import pytest

from storage.blobs import BlobDamaged, BlobMissing, BlobRef, Blobs, BlobsUnavailable

NOTHING = hashlib.sha256(b"").hexdigest()
PHOTO = bytes(range(256)) * 3000
SAMPLES = [b"", b"\x00", "Vorrei restituire la padella…".encode(), b"%PDF-1.7\n", PHOTO]


@pytest.fixture(params=["local", "memory"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    return Blobs.local(tmp_path / "blobs") if request.param == "local" else Blobs.memory()


def name_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def file_of(folder: Path, content: bytes) -> Path:
    name = name_of(content)
    return folder / name[:2] / name[2:4] / name


@pytest.mark.parametrize("content", SAMPLES, ids=["empty", "zero", "text", "pdf", "photo"])
async def test_what_was_put_is_got(blobs: Blobs, content: bytes) -> None:
    ref = await blobs.put(content)
    assert ref == BlobRef(name_of(content), len(content))
    assert await blobs.get(ref.sha256) == content
    assert await blobs.exists(ref.sha256)


async def test_several_at_once_in_their_order(blobs: Blobs) -> None:
    twice = [*SAMPLES, SAMPLES[2]]
    refs = await blobs.put_many(twice)
    assert [ref.sha256 for ref in refs] == [name_of(content) for content in twice]
    assert [await blobs.get(ref.sha256) for ref in refs] == twice
    assert await blobs.put_many([]) == []


async def test_putting_again_changes_nothing(blobs: Blobs) -> None:
    first = await blobs.put(PHOTO)
    assert await blobs.put(PHOTO) == first
    assert await blobs.get(first.sha256) == PHOTO


async def test_the_same_content_from_many_callers(blobs: Blobs) -> None:
    refs = await asyncio.gather(*(blobs.put(PHOTO) for _ in range(12)))
    assert set(refs) == {BlobRef(name_of(PHOTO), len(PHOTO))}
    assert await blobs.get(name_of(PHOTO)) == PHOTO


@pytest.mark.parametrize("content", SAMPLES, ids=["empty", "zero", "text", "pdf", "photo"])
async def test_a_stream_gives_the_same_bytes(blobs: Blobs, content: bytes) -> None:
    ref = await blobs.put(content)
    pieces = [piece async for piece in await blobs.open_stream(ref.sha256)]
    assert b"".join(pieces) == content


async def test_what_is_not_there(blobs: Blobs) -> None:
    assert not await blobs.exists(NOTHING)
    with pytest.raises(BlobMissing):
        await blobs.get(NOTHING)
    with pytest.raises(BlobMissing):
        await blobs.open_stream(NOTHING)
    await blobs.delete(NOTHING)


async def test_deleted_is_gone(blobs: Blobs) -> None:
    kept, gone = await blobs.put_many([b"kept", b"gone"])
    await blobs.delete(gone.sha256)
    await blobs.delete(gone.sha256)
    assert not await blobs.exists(gone.sha256)
    assert await blobs.get(kept.sha256) == b"kept"
    again = await blobs.put(b"gone")
    assert await blobs.get(again.sha256) == b"gone"


@pytest.mark.parametrize(
    "name",
    ["", "..", "../../etc/passwd", "a" * 63, "A" * 64, f"{'a' * 64}\n", f"../{'a' * 61}", "g" * 64],
)
async def test_only_hashes_are_names(blobs: Blobs, name: str) -> None:
    for call in (blobs.get, blobs.exists, blobs.delete, blobs.open_stream):
        with pytest.raises(ValueError, match="SHA-256"):
            await call(name)


async def test_damage_is_noticed(tmp_path: Path) -> None:
    blobs = Blobs.local(tmp_path)
    ref = await blobs.put(PHOTO)
    file = file_of(tmp_path, PHOTO)
    file.write_bytes(PHOTO[:-1] + b"!")
    with pytest.raises(BlobDamaged):
        await blobs.get(ref.sha256)


@pytest.mark.parametrize("torn", [b"", PHOTO[:1000], b"\x00" * len(PHOTO)], ids=["empty", "short", "zeros"])
async def test_a_file_torn_by_a_power_cut_is_written_anew(tmp_path: Path, torn: bytes) -> None:
    file = file_of(tmp_path, PHOTO)
    file.parent.mkdir(parents=True)
    file.write_bytes(torn)
    blobs = Blobs.local(tmp_path)
    ref = await blobs.put(PHOTO)
    assert await blobs.get(ref.sha256) == PHOTO


async def test_another_process_sees_the_same_folder(tmp_path: Path) -> None:
    ref = await Blobs.local(tmp_path).put(PHOTO)
    assert await Blobs.local(tmp_path).get(ref.sha256) == PHOTO
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [file_of(tmp_path, PHOTO)]


@pytest.fixture
def fsynced(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The paths fsynced, in their order."""
    paths: list[Path] = []
    real = os.fsync

    def recorded(descriptor: int) -> None:
        real(descriptor)
        paths.append(Path(f"/proc/self/fd/{descriptor}").readlink())

    monkeypatch.setattr(os, "fsync", recorded)
    return paths


async def test_file_and_folders_are_fsynced_before_put_returns(tmp_path: Path, fsynced: list[Path]) -> None:
    root = tmp_path / "data" / "blobs"
    blobs = Blobs.local(root)
    assert fsynced == [tmp_path / "data", tmp_path]
    fsynced.clear()
    await blobs.put(PHOTO)
    file = file_of(root, PHOTO)
    assert fsynced[:2] == [file, file.parent]
    assert set(fsynced[2:]) == {file.parent.parent, root}


async def test_a_batch_fsyncs_each_folder_once(tmp_path: Path, fsynced: list[Path]) -> None:
    blobs = Blobs.local(tmp_path)
    contents = [f"ticket {number}".encode() for number in range(40)]
    await blobs.put_many(contents)
    folders = [path for path in fsynced[1:] if path.is_dir()]
    assert len(folders) == len(set(folders))
    assert set(folders) >= {file_of(tmp_path, content).parent for content in contents}
    fsynced.clear()
    await blobs.put_many(contents[:1])
    assert fsynced == [file_of(tmp_path, contents[0]), file_of(tmp_path, contents[0]).parent]


async def test_a_deletion_is_durable(tmp_path: Path, fsynced: list[Path]) -> None:
    blobs = Blobs.local(tmp_path)
    ref = await blobs.put(PHOTO)
    fsynced.clear()
    await blobs.delete(ref.sha256)
    assert fsynced == [file_of(tmp_path, PHOTO).parent]


async def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    blobs = Blobs.local(tmp_path / "blobs")
    (tmp_path / "blobs" / name_of(PHOTO)[:2]).write_bytes(b"a file where a folder should be")
    with pytest.raises(BlobsUnavailable):
        await blobs.put(PHOTO)


async def test_a_disk_that_is_not_mounted(tmp_path: Path) -> None:
    """Not to be taken for a blob that was erased."""
    blobs = Blobs.local(tmp_path / "blobs")
    (tmp_path / "blobs").rename(tmp_path / "elsewhere")
    with pytest.raises(BlobsUnavailable, match="mounted"):
        await blobs.get(name_of(PHOTO))


def test_a_bucket_can_be_configured() -> None:
    """No request is made: there is no S3 service in these tests."""
    blobs = Blobs.s3(
        "s3://attachments/regia",
        access_key_id="AKIAEXAMPLE",
        secret_access_key="example",
        region="eu-south-1",
        endpoint="http://127.0.0.1:9000",
        allow_http=True,
    )
    assert isinstance(blobs, Blobs)
