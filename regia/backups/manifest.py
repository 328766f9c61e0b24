"""What a backup says of itself: `manifest.json`, written last, and `SHA256SUMS` with a line for each file.

A folder without a manifest is no backup: its making was broken off. `sha256sum -c SHA256SUMS` checks the files where
there is no Regia.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from storage.copies import Copied, summed, write_file

MANIFEST: Final = "manifest.json"
SUMS: Final = "SHA256SUMS"
JOURNALS: Final = "journal"
DATABASE: Final = "regia.sqlite"
BLOBS: Final = "blobs"
SECRETS: Final = "secrets"
FORMAT: Final = 1

_LINE: Final = re.compile(r"([0-9a-f]{64})  (\S.*)")
_SHOWN: Final = 5


class BadBackup(Exception):
    """This folder cannot be restored. The text says why, and what to do."""


class Manifest(BaseModel):
    """`format`: of this file. `schema_`: the database's revision. Times are RFC 3339, in UTC: all that was accepted before
    `began` is in the backup. `sums`: the SHA-256 of `SHA256SUMS`. `missing`: blobs that the database names and the store did
    not have."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    format: Literal[1] = FORMAT
    regia: str
    schema_: str
    node: str
    database: Literal["sqlite", "postgresql"]
    blobs: Literal["folder", "s3"]
    secrets: bool
    began: str
    ended: str
    files: int
    bytes: int
    missing: tuple[str, ...] = ()
    sums: str


def write_sums(folder: Path, copied: Mapping[str, Copied]) -> str:
    """Write a line for each file, by its path in the folder; the digest of that. Raises `OSError`."""
    text = "".join(f"{one.sha256}  {name}\n" for name, one in sorted(copied.items())).encode()
    write_file(folder / SUMS, text)
    return hashlib.sha256(text).hexdigest()


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write it, the last of all files. Raises `OSError`."""
    write_file(folder / MANIFEST, manifest.model_dump_json(indent=2).encode() + b"\n")


def read_manifest(folder: Path) -> Manifest:
    """Raises `BadBackup` where this is no whole backup, or one of a later format."""
    path = folder / MANIFEST
    if not path.is_file():
        raise BadBackup(f"{folder} has no {MANIFEST}: it is no backup, or its making was broken off; take another one")
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except ValidationError as error:
        where = ", ".join(sorted({str(one["loc"][0]) for one in error.errors() if one["loc"]})) or "it is no JSON"
        raise BadBackup(f"{path} cannot be read ({where}): a newer version of Regia made it, or it was changed") from error


def check_files(folder: Path, manifest: Manifest) -> dict[str, Copied]:
    """Read every file and compare; what there is, by path. Raises `BadBackup` and `OSError`."""
    told = _told(folder, manifest)
    real = {name for path in folder.rglob("*") if path.is_file() and (name := str(path.relative_to(folder)))}
    wrong = [f"{name} is missing" for name in sorted(told.keys() - real)]
    wrong += [f"{name} is not of it" for name in sorted(real - told.keys() - {MANIFEST, SUMS})]
    found = {name: summed(folder / name) for name in sorted(told.keys() & real)}
    wrong += [f"{name} was changed" for name, one in found.items() if one.sha256 != told[name]]
    if wrong:
        raise BadBackup(f"the backup is not what was made: {_some(wrong)}; take another backup")
    return found


def _told(folder: Path, manifest: Manifest) -> dict[str, str]:
    path = folder / SUMS
    if not path.is_file() or summed(path).sha256 != manifest.sums:
        raise BadBackup(f"{SUMS} is missing or was changed; take another backup")
    lines = map(_LINE.fullmatch, path.read_text("utf-8").splitlines())
    return {line[2]: line[1] for line in lines if line is not None}


def _some(wrong: Iterable[str]) -> str:
    all_ = list(wrong)
    more = len(all_) - _SHOWN
    return "; ".join(all_[:_SHOWN]) + (f"; and {more} more" if more > 0 else "")
