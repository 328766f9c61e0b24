"""A gateway's folder with one committed contact, one that waits, and one that is both, and `regia` on it."""

import asyncio
import hashlib
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert
from typer.testing import CliRunner, Result

from regia.cli.main import app
from storage import ledger
from storage.blobs import Blobs
from storage.database import Database
from storage.journal import Journal
from storage.journal_file import Entry
from storage.ledger import Event
from storage.schema import attachments, messages
from tests.databases import database, filled_url, migrated_postgresql, migrated_sqlite, postgresql_url

__all__ = ["database", "filled_url", "migrated_postgresql", "migrated_sqlite", "postgresql_url"]

CONFIG = """
links_key: file:links-key
rules: [rules.yaml]
connectors:
  form: {type: web_form, brand: demo}
"""
RULES = "categories: {general: {label: All}}\ndefault: general\n"
FILE = b"%PDF-1.7 the photo of a pan"
COMMITTED, BOTH, WAITING = (uuid.UUID(int=number) for number in (1, 2, 3))

Run = Callable[..., Result]


def entry(id_: uuid.UUID) -> Entry:
    return Entry(id=id_, kind="message", order_key=f"k{id_.int}", payload=b"what Anna wrote", digest=b"d")


async def fill_journal(path: Path, *ids: uuid.UUID, done: tuple[int, ...] = ()) -> str:
    """Accept the entries; the id of the journal."""
    journal = Journal.open(path)
    try:
        await journal.accept([entry(id_) for id_ in ids])
        journal.done(done)
        return journal.id
    finally:
        await journal.close()


def commit(connection: Connection, journal: str, *rows: tuple[uuid.UUID, int], blob: str = "") -> None:
    """What a commit of these journal rows leaves, each with an attachment where `blob` names one."""
    ledger.enter(connection, [Event(str(id_), journal, seq, 0, b"d") for id_, seq in rows])
    some = {str: "x", int: 0, bytes: b"", bool: False}
    row = {column.name: some[column.type.python_type] for column in messages.columns} | {"discarded_by": None, "brand": "demo"}
    connection.execute(insert(messages), [row | {"id": str(id_)} for id_, _ in rows])
    if blob:
        file = {column.name: some[column.type.python_type] for column in attachments.columns}
        named = [file | {"id": f"att_{seq}", "message_id": str(id_), "sha256": blob} for id_, seq in rows]
        connection.execute(insert(attachments), named)


@pytest.fixture
def folder(tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "regia.yaml").write_text(CONFIG)
    (tmp_path / "rules.yaml").write_text(RULES)
    data = tmp_path / "data"
    (data / "secrets").mkdir(parents=True)
    (data / "secrets" / "links-key").write_text("a-secret-of-the-tests")
    shutil.copy(migrated_sqlite, data / "regia.sqlite")
    monkeypatch.chdir(tmp_path)

    async def fill() -> None:
        journal = await fill_journal(data / "journal" / "worker-0.sqlite", COMMITTED, BOTH, WAITING, done=(1,))
        ref = await Blobs.local(data / "blobs").put(FILE)
        database = Database(f"sqlite:///{data / 'regia.sqlite'}")
        await database.write(lambda one: commit(one, journal, (COMMITTED, 1), (BOTH, 2), blob=ref.sha256))
        await database.close()

    asyncio.run(fill())
    return tmp_path


@pytest.fixture
def run(folder: Path) -> Run:  # in that folder
    return lambda *arguments: CliRunner().invoke(app, [*arguments])


def blob_file(root: Path) -> Path:
    name = hashlib.sha256(FILE).hexdigest()
    return root / "blobs" / name[:2] / name[2:4] / name
