"""`regia backup` and `regia restore`: what this node has on its disk, whole, and back."""

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from regia.backups.manifest import BadBackup, Manifest
from regia.backups.restoring import check
from regia.backups.restoring import restore as put_back
from regia.backups.taking import take as take_one
from regia.cli.common import ConfigOption, config_errors, fail, source_of
from regia.cli.standing import standing
from regia.cli.stored import require
from storage.copies import NotCopied
from storage.database import DatabaseUnavailable

FolderArgument = Annotated[Path, typer.Argument(metavar="DIR", file_okay=False)]


class _TakesByDefault(TyperGroup):
    """`regia backup DIR` is `regia backup take DIR`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # typer keeps the class of a context to itself
        known = (*self.commands, "--help")
        return super().parse_args(ctx, args if not args or args[0] in known else ["take", *args])


app = typer.Typer(cls=_TakesByDefault, no_args_is_help=True, help="Copy what this node has, while it runs; check a copy.")


@app.command()
def take(
    folder: FolderArgument,
    *,
    secrets: Annotated[bool, typer.Option(help="Whether the secrets of the data folder are in it.")] = True,
    dump: Annotated[str | None, typer.Option(metavar="COMMAND", help="Dumps a server's database into $REGIA_BACKUP.")] = None,
    config: ConfigOption = None,
) -> None:
    """Back up journals, database, blobs and secrets of this node into a new folder, also while the gateway runs."""
    settings = standing(config).settings
    require(settings)
    with _told():
        made = take_one(settings, folder, secrets=secrets, dump=dump, say=_say)
    for line in _left_out(made, dump):
        _say(line)
    typer.echo(f"{folder}: {_files(made)}, whole as of {made.began}")
    if made.missing:
        fail(f"the blob store has lost or damaged files that the database names: {', '.join(made.missing[:5])}")


@app.command()
def verify(folder: FolderArgument) -> None:
    """Read a backup whole: every file is what was copied, and this version can restore it."""
    with _told():
        made = check(folder)
    typer.echo(f"{folder}: {_files(made)}, whole as of {made.began}, Regia {made.regia}, schema {made.schema_}")


def restore(folder: FolderArgument, *, config: ConfigOption = None) -> None:
    """Put a backup into the empty data folder of this configuration. A database on a server is loaded before that."""
    source = source_of(config)
    with _told(), config_errors():
        done = put_back(source, folder, _say)
    if done.missing:
        _say(f"{done.missing} blobs that the database names are not in the backup: their messages answer without them")
    if done.node is not None:
        _say(f"the backup is of node {done.node}, and this one has another name: it must never run beside it")
    what = f"all that was accepted before {done.manifest.began}"
    typer.echo(f"restored: {what}; {done.waiting} contacts wait in the journal. Start, and erase again who was erased since")


def _left_out(made: Manifest, dump: str | None) -> Iterator[str]:
    """What is to be done besides."""
    if made.secrets:
        yield "the secrets are in it: keep it where nobody else reads, or encrypt it"
    else:
        yield "the secrets are not in it: keep links_key elsewhere, or no link and no code of now will be valid"
    if made.database == "postgresql" and dump is None:
        yield "PostgreSQL is not in it: dump it now, after this, or name the command with --dump"
    if made.blobs == "s3":
        yield "the bucket is not in it: copy it after the database was dumped"


def _files(made: Manifest) -> str:
    return f"{made.files} files, {made.bytes / 1e6:.1f} MB"


def _say(line: str) -> None:
    print(f"regia: {line}", file=sys.stderr)


@contextmanager
def _told() -> Iterator[None]:
    """Show what went wrong in a line, and exit with 1."""
    try:
        yield
    except (BadBackup, NotCopied) as error:
        fail(str(error))
    except DatabaseUnavailable as error:
        fail(f"the database cannot be used: {error}")
    except sqlite3.Error as error:
        fail(f"a journal of the backup cannot be used: {error}")
    except OSError as error:
        fail(f"{error.filename or 'a file'}: {error.strerror}")
