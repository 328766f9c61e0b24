"""`regia books` over a gateway's folder: every line there is to see, also while journals come and go."""

import sqlite3
from pathlib import Path

import orjson
import pytest
from sqlalchemy import insert, update
from typer.testing import CliRunner, Result

from regia.cli import books
from regia.cli.main import app
from storage import journals, ledger, outbox
from storage.database import Database
from storage.journal_file import JournalFile, JournalUnavailable, JournalWriter, inspect
from storage.ledger import Event
from storage.schema import messages, targets

CONFIG = Path(__file__).parents[2] / "config" / "examples" / "demo" / "regia.yaml"
TARGET = {"message_id": "m1", "target": "returns", "order_key": "k", "state": "pending", "node": "n"}


@pytest.fixture
def folder(tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data of a gateway that accepted one message, whose only target is still to be confirmed."""
    monkeypatch.setenv("REGIA__DATA__PATH", str(tmp_path))
    (tmp_path / "regia.sqlite").write_bytes(migrated_sqlite.read_bytes())
    journal = _journal(tmp_path, "worker-0.sqlite", accepted=1)
    some = {str: "x", int: 0, bytes: b"", bool: False}
    row = {column.name: some[column.type.python_type] for column in messages.columns} | {"discarded_by": None, "id": "m1"}
    engine = Database(f"sqlite:///{tmp_path / 'regia.sqlite'}").engine
    with engine.begin() as connection:
        ledger.enter(connection, [Event("m1", journal, 1, 0)])
        connection.execute(insert(messages), [row | {"brand": "demo"}])
        outbox.add(connection, [TARGET])
    engine.dispose()
    return tmp_path


def _journal(folder: Path, name: str, *, accepted: int) -> str:
    """A journal that accepted so much, and holds nothing more; its id."""
    path = folder / "journal" / name
    path.parent.mkdir(exist_ok=True)
    writer = JournalWriter(path, 1)
    identifier = writer.id
    writer.close()
    db = sqlite3.connect(path)
    db.execute("UPDATE meta SET value = ? WHERE name = 'last_seq'", (accepted,))
    db.commit()
    db.close()
    return identifier


def _run(*options: str) -> Result:
    return CliRunner().invoke(app, ["books", "-c", str(CONFIG), *options])


def _change(folder: Path, work: object) -> None:
    engine = Database(f"sqlite:///{folder / 'regia.sqlite'}").engine
    with engine.begin() as connection:
        work(connection)  # type: ignore[operator]
    engine.dispose()


def _lines(output: str) -> dict[str, int]:
    return {
        text.strip(): int(number)
        for text, _, number in (line.rpartition(" ") for line in output.splitlines())
        if number.isdigit()
    }


@pytest.mark.parametrize(
    ("state", "line", "queues"),
    [
        ("pending", "committed, not all queues confirmed", {}),
        ("published", "published", {"demo.returns": 1}),
        ("unrouted", "taken by no queue, in regia.unrouted", {}),
    ],
)
def test_a_message_stands_where_its_targets_are(folder: Path, state: str, line: str, queues: dict[str, int]) -> None:
    _change(folder, lambda connection: connection.execute(update(targets).values(state=state)))
    shown, data = _run(), orjson.loads(_run("--json").stdout)
    assert shown.exit_code == 0, shown.output
    assert {name: number for name, number in _lines(shown.stdout).items() if number} == {"accepted": 1, line: 1} | queues
    assert (data[state], data["published_to"], data["balance"]) == (1, queues, True)
    assert sum(data[name] for name in ("pending", "published", "unrouted")) == 1


def test_what_other_nodes_accepted_is_told(folder: Path) -> None:
    assert books._ELSEWHERE not in _run().stdout
    _change(folder, lambda connection: ledger.enter(connection, [Event("m2", "jrn_of_another", 1, 0)]))
    assert _lines(_run().stdout)[books._ELSEWHERE] == 1


def test_a_journal_that_is_removed_while_the_books_are_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    adopted = _journal(folder, "import-1.sqlite", accepted=0)

    def removed(path: Path) -> JournalFile:
        if path.name == "import-1.sqlite":
            _change(folder, lambda connection: journals.close(connection, adopted, 0, 1))
            path.unlink()
        return inspect(path)

    monkeypatch.setattr(books, "inspect", removed)
    done = _run()
    assert (done.exit_code, _lines(done.stdout)["accepted"]) == (0, 1), done.output
    assert not (folder / "journal" / "import-1.sqlite").exists()


def test_a_journal_that_is_there_and_cannot_be_read_is_an_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(path: Path) -> JournalFile:
        raise JournalUnavailable("damaged")

    monkeypatch.setattr(books, "inspect", damaged)
    done = _run()
    assert (done.exit_code, "the books cannot be read: damaged" in done.stderr) == (1, True)
