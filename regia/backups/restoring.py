"""Puts a backup where a gateway is to run, and makes its parts fit each other.

Everything is prepared in a folder of its own inside the data folder and moved to its place at the end, the database last:
a restore that was broken off leaves nothing that a gateway could take for its data.
"""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine
from sqlalchemy.engine import URL, make_url

from regia.backups.databases import looking, looking_into_copy, revision
from regia.backups.manifest import BLOBS, DATABASE, JOURNALS, SECRETS, BadBackup, Manifest, check_files, read_manifest
from regia.settings import Settings, Source
from storage.copies import NotCopied, check_sqlite, copy_file, fsync, fsync_folders, make_folder
from storage.database import Database, reaching_database
from storage.migrate import knows, schema, upgrade
from storage.restored import close_old, fit, named_blobs, open_journals

_STAGE: Final = "restoring"
_PLACES: Final = (SECRETS, BLOBS, JOURNALS, DATABASE)
"""In the order in which they come to their places."""


@dataclass(frozen=True, slots=True)
class Restored:
    """`waiting`: accepted contacts in journals, which the gateway routes once it runs. `missing`: blobs that the database
    names and the backup does not have. `node`: whose backup it is, where the configuration has another name."""

    manifest: Manifest
    waiting: int
    missing: int
    node: str | None


def check(folder: Path) -> Manifest:
    """Check a backup, whether anything could be restored from it. Raises `BadBackup`, `NotCopied` and `OSError`."""
    manifest = read_manifest(folder)
    if not knows(manifest.schema_):
        told = f"the backup has schema {manifest.schema_} of Regia {manifest.regia}, and this version knows {schema()} at the"
        raise BadBackup(f"{told} latest: install that version, or a newer one")
    names = check_files(folder, manifest)
    for name in names:
        if name == DATABASE or name.startswith(f"{JOURNALS}/"):
            check_sqlite(folder / name)
    if manifest.database == "sqlite":
        with looking_into_copy(folder / DATABASE) as connection:
            if (found := revision(connection)) != manifest.schema_:
                raise BadBackup(f"the database of the backup has schema {found}, and its manifest says {manifest.schema_}")
    return manifest


def restore(source: Source, folder: Path, say: Callable[[str], None]) -> Restored:
    """Restore a backup into the data folder of this configuration, which must be empty but for secrets that the backup does
    not have. A database on a server must have been loaded before.

    Raises `BadBackup`, `NotCopied`, `DatabaseUnavailable`, `ConfigError` and `OSError`; the data folder is as it was then.
    """
    manifest = check(folder)
    data = Path(str(source.document.get("data", "path", default="data"))).resolve()
    _require_empty(data, manifest)
    stage = data / _STAGE
    shutil.rmtree(stage, ignore_errors=True)
    try:
        make_folder(stage)
        say("copying")
        for part in (SECRETS, JOURNALS, DATABASE):
            _copy(folder / part, stage / part)
        settings = _settings(source, manifest, stage)
        say("fitting the journals to the database")
        with _database(settings, stage) as connection:
            waiting = _fit(connection, stage, everything=manifest.database == "sqlite")
            names = frozenset(named_blobs(connection)) if manifest.blobs == "folder" else frozenset()
        say("blobs")
        missing = _copy_blobs(names, folder / BLOBS, stage / BLOBS)
        fsync_folders(stage)
        _place(stage, data)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    other = manifest.node if manifest.node != settings.node else None
    return Restored(manifest, waiting, missing, other)


def _require_empty(data: Path, manifest: Manifest) -> None:
    """What an earlier restore left that was broken off is no reason."""
    may_stay = {_STAGE} if manifest.secrets else {_STAGE, SECRETS}
    found = sorted({path.name for path in data.glob("*")} - may_stay)
    if found:
        raise BadBackup(f"{data} is not empty ({', '.join(found[:5])}): move it away, or set data.path to a new folder")


def _settings(source: Source, manifest: Manifest, stage: Path) -> Settings:
    """With the secrets of the backup, which are not in their place yet."""
    if manifest.secrets:
        source = replace(source, secrets=stage / SECRETS)
    settings = replace(source, make_secrets=False).settings()
    kind = make_url(settings.database_url()).get_backend_name()
    if kind != manifest.database:
        raise BadBackup(f"the backup is of {manifest.database}, and database.url names {kind}: use the configuration of then")
    if settings.blobs.is_local != (manifest.blobs == "folder"):
        raise BadBackup("the backup's blobs lie elsewhere than blobs.url says: use the configuration of then")
    return settings


@contextmanager
def _database(settings: Settings, stage: Path) -> Iterator[Connection]:
    """The restored database at this version's schema, in one transaction."""
    url = make_url(settings.database_url())
    if url.get_backend_name() == "sqlite":
        url = url.set(database=str(stage / DATABASE))
    else:
        _require_loaded(url)
    engine: Engine = Database(url.render_as_string(hide_password=False)).engine
    try:
        upgrade(engine)
        with reaching_database(), engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()
    if (stage / f"{DATABASE}-wal").exists():
        raise NotCopied(f"{DATABASE} could not be written whole: look at the disk, and try again")


def _require_loaded(url: URL) -> None:
    with looking(url) as connection:
        revision(connection)


def _fit(connection: Connection, stage: Path, *, everything: bool) -> int:
    """`everything`: there is no other node, so a journal that the backup does not have is gone."""
    now_ms = time.time_ns() // 1_000_000
    waiting = sum(fit(path, connection, now_ms) for path in sorted((stage / JOURNALS).glob("*.sqlite")))
    if everything:
        close_old(connection, open_journals(connection), now_ms)
    return waiting


def _copy(source: Path, target: Path) -> None:
    if source.is_file():
        copy_file(source, target)
        return
    for path in sorted(source.glob("*")):
        copy_file(path, target / path.name)


def _copy_blobs(names: frozenset[str], source: Path, target: Path) -> int:
    """Only what the database names: nobody would ever erase the rest. How many are missing."""
    missing = 0
    for name in sorted(names):
        place = f"{name[:2]}/{name[2:4]}/{name}"
        if (source / place).is_file():
            copy_file(source / place, target / place)
        else:
            missing += 1
    return missing


def _place(stage: Path, data: Path) -> None:
    for name in _PLACES:
        if (stage / name).exists():
            (stage / name).rename(data / name)
    fsync(data)
