"""Takes a backup of what this node has on its disk, while the gateway runs.

The order is what makes it whole. A contact that was accepted before the backup began is either still in a journal when that
is copied; or its row was deleted from there, which comes after the commit, and then the database has it, which is copied
**after** all journals. What is in both is committed once: a restore takes it out of the journal. What the database names
in the blob store was durable there before the commit that names it, so the blobs come **after** the database; only an
erase, or retention, takes one away between the two. The other way round each step would lose what moved on meanwhile.

A journal or a database is copied as it is at one moment. The manifest is written last: without it there is no backup.
"""

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from sqlalchemy.engine import URL, make_url

from regia.backups.databases import looking, looking_into_copy, revision
from regia.backups.manifest import BLOBS, DATABASE, JOURNALS, SECRETS, BadBackup, Manifest, write_manifest, write_sums
from regia.settings import Settings
from storage.copies import Copied, NotCopied, copy_file, copy_sqlite, fsync_folders, make_folder, summed
from storage.restored import named_blobs

_LIBPQ: Final = {"host": "PGHOST", "port": "PGPORT", "username": "PGUSER", "password": "PGPASSWORD", "database": "PGDATABASE"}
_WHOLE: Final = re.compile(r"[0-9a-f]{64}")
FOLDER: Final = "REGIA_BACKUP"
"""The variable by which a dump command knows the folder."""


@dataclass(slots=True)
class _Taking:
    target: Path
    copied: dict[str, Copied] = field(default_factory=dict)

    def add(self, name: str, copy: Callable[[Path], Copied]) -> None:
        self.copied[name] = copy(self.target / name)


def take(settings: Settings, target: Path, *, secrets: bool, dump: str | None, say: Callable[[str], None]) -> Manifest:
    """Take a backup into `target`, a new or an empty folder. `dump`: the command that writes a database on a server into it,
    with the address in libpq's variables and the folder in `REGIA_BACKUP`. `say` hears what is being done.

    Raises `BadBackup` where it cannot be begun, `NotCopied`, and `OSError`; `target` has no manifest then.
    """
    if target.exists() and any(target.iterdir()):
        raise BadBackup(f"{target} is not empty: name a new folder")
    make_folder(target)
    data = settings.data.path.resolve()
    taking, began = _Taking(target.resolve()), _now()
    say("journals")
    _copy_journals(taking, data / "journal")
    say("database")
    database = _copy_database(taking, settings, dump)
    say("blobs")
    _copy_blobs(taking, settings, data / "blobs")
    if secrets:
        for path in sorted((data / "secrets").glob("*")):
            taking.add(f"{SECRETS}/{path.name}", lambda to, path=path: copy_file(path, to))  # type: ignore[misc]
    fsync_folders(taking.target)
    manifest = Manifest(
        regia=version("regia"),
        schema_=database.schema,
        node=settings.node,
        database="sqlite" if database.url.get_backend_name() == "sqlite" else "postgresql",
        blobs="folder" if settings.blobs.is_local else "s3",
        secrets=secrets,
        began=began,
        ended=_now(),
        files=len(taking.copied),
        bytes=sum(one.size for one in taking.copied.values()),
        missing=tuple(_missing(taking, settings, database)),
        sums=write_sums(taking.target, taking.copied),
    )
    write_manifest(taking.target, manifest)
    return manifest


def _copy_journals(taking: _Taking, folder: Path) -> None:
    for path in sorted(folder.glob("*.sqlite")):
        with suppress(FileNotFoundError):  # worked off and removed meanwhile: the database has it all
            taking.add(f"{JOURNALS}/{path.name}", lambda to, path=path: copy_sqlite(path, to))  # type: ignore[misc]


@dataclass(frozen=True, slots=True)
class _Database:
    """`names`: the blobs that its copy names; none where there is no copy."""

    url: URL
    schema: str
    names: frozenset[str]


def _copy_database(taking: _Taking, settings: Settings, dump: str | None) -> _Database:
    url = make_url(settings.database_url())
    if url.get_backend_name() == "sqlite":
        copy = taking.target / DATABASE
        taking.add(DATABASE, lambda to: copy_sqlite(Path(str(url.database)), to))
        with looking_into_copy(copy) as connection:
            return _Database(url, revision(connection), frozenset(named_blobs(connection)))
    with looking(url) as connection:
        schema = revision(connection)
    if dump is not None:
        before = set(taking.target.iterdir())
        _run(dump, url, taking.target)
        for path in sorted(set(taking.target.iterdir()) - before):
            for file in (path, *path.rglob("*")):
                if file.is_file():
                    taking.copied[str(file.relative_to(taking.target))] = summed(file)
    return _Database(url, schema, frozenset() if dump is None else _named(url))


def _named(url: URL) -> frozenset[str]:
    with looking(url) as connection:
        return frozenset(named_blobs(connection))


def _run(command: str, url: URL, folder: Path) -> None:
    known = {variable: getattr(url, name) for name, variable in _LIBPQ.items()}
    environ = {**os.environ, FOLDER: str(folder), **{name: str(value) for name, value in known.items() if value}}
    done = subprocess.run(["/bin/sh", "-c", command], env=environ, cwd=folder, stdin=subprocess.DEVNULL, check=False)  # noqa: S603  # by whoever runs us
    if done.returncode:
        raise NotCopied(f"the dump command ended with {done.returncode}; what it said stands above")


def _copy_blobs(taking: _Taking, settings: Settings, folder: Path) -> None:
    """What obstore is just writing has another form of name."""
    if not settings.blobs.is_local:
        return
    for path in sorted(folder.glob("??/??/*")):
        if _WHOLE.fullmatch(path.name):
            with suppress(FileNotFoundError):  # erased meanwhile
                taking.add(f"{BLOBS}/{path.relative_to(folder)}", lambda to, path=path: copy_file(path, to))  # type: ignore[misc]


def _missing(taking: _Taking, settings: Settings, database: _Database) -> Iterator[str]:
    """Blobs that the database names and that are not in the backup, or not with their content, and were not erased since."""
    if not settings.blobs.is_local:
        return
    whole = {name for path, one in taking.copied.items() if path.startswith(BLOBS) and (name := Path(path).name) == one.sha256}
    if left := database.names - whole:
        yield from sorted(left & _named(database.url))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
