"""Copies of files that are durable when they are said to be made, and of SQLite files that somebody writes meanwhile."""

import hashlib
import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

_PIECE: Final = 1024 * 1024


class NotCopied(Exception):
    """The copy could not be made, or is not what it should be. The text says why, without anybody's data."""


@dataclass(frozen=True, slots=True)
class Copied:
    """`sha256` in hexadecimal, `size` in bytes."""

    sha256: str
    size: int


def copy_file(source: Path, target: Path) -> Copied:
    """Copy one file that nobody changes, into a folder made where it is missing. Raises `OSError`."""
    make_folder(target.parent)
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as reading, target.open("xb") as writing:
        while piece := reading.read(_PIECE):
            writing.write(piece)
            digest.update(piece)
            size += len(piece)
        writing.flush()
        os.fsync(writing.fileno())
    return Copied(digest.hexdigest(), size)


def copy_sqlite(source: Path, target: Path) -> Copied:
    """Copy a file of SQLite as it is at one moment, while others read and write it; they are not stopped. The copy is one
    file without a log. Raises `NotCopied`, and `FileNotFoundError` where there is no source (any more)."""
    make_folder(target.parent)
    try:
        reading = sqlite3.connect(f"file:{quote(str(source))}?mode=ro", uri=True, timeout=30)
        with closing(reading), closing(sqlite3.connect(target)) as writing:
            reading.backup(writing)  # all pages in one step: between steps a writer would make it begin anew
            writing.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        if not source.exists():
            target.unlink(missing_ok=True)
            raise FileNotFoundError(source.name) from error
        raise NotCopied(f"{source.name} cannot be copied: {error}") from error
    fsync(target)
    return summed(target)


def check_sqlite(path: Path) -> None:
    """Raises `NotCopied` where SQLite finds the file damaged."""
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True)) as db:
            (found,) = db.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        raise NotCopied(f"{path.name} cannot be read: {error}") from error
    if found != "ok":
        raise NotCopied(f"{path.name} is damaged")


def summed(path: Path) -> Copied:
    """Digest and size of a file. Raises `OSError`."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return Copied(digest, file.tell())


def make_folder(path: Path) -> None:
    """Make the folder and those above it where they are missing, each durable in the one above, for their owner only."""
    if path.is_dir():
        return
    make_folder(path.parent)
    path.mkdir(mode=0o700, exist_ok=True)
    fsync(path.parent)


def write_file(path: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all. Raises `OSError`."""
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(content)
    fsync(part)
    part.rename(path)
    fsync(path.parent)


def fsync(path: Path) -> None:
    """Make a file, or the entries of a folder, durable. Raises `OSError`."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def fsync_folders(root: Path) -> None:
    """Make the entries of a folder and of all below it durable. Raises `OSError`."""
    for folder in (root, *(path for path in root.rglob("*") if path.is_dir())):
        fsync(folder)
