"""`regia backup`, `regia backup verify`, `regia restore`: what is copied, what is refused, and in which words."""

import json
import shutil
import sqlite3
import stat
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from regia.backups import restoring
from storage.journal_file import inspect
from storage.migrate import schema
from tests.backups.conftest import Run, blob_file


def told(result: Any) -> str:
    return str(result.stdout + result.stderr)


def taken(run: Run, *options: str) -> dict[str, Any]:
    done = run("backup", "bk", *options)
    assert done.exit_code == 0, told(done)
    found: dict[str, Any] = json.loads(Path("bk/manifest.json").read_text())
    return found


def add_to(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def sign(folder: Path, **more: object) -> None:
    """Change the manifest, as somebody else's version would have written it."""
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | more))


def test_everything_is_in_it_for_its_owner_only(run: Run, folder: Path) -> None:
    manifest = taken(run)
    files = sorted(str(path.relative_to("bk")) for path in Path("bk").rglob("*") if path.is_file())
    photo = str(blob_file(Path("bk")).relative_to("bk"))
    assert files == sorted(
        ["SHA256SUMS", "manifest.json", "regia.sqlite", "journal/worker-0.sqlite", "secrets/links-key", photo]
    )
    assert (manifest["files"], manifest["secrets"], manifest["missing"]) == (4, True, [])
    assert all(not stat.S_IMODE(path.stat().st_mode) & 0o077 for path in [Path("bk"), *Path("bk").rglob("*")])
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=folder / "bk", check=True)
    assert "the secrets are in it" in told(run("backup", "bk-2"))
    verified = run("backup", "verify", "bk")
    assert (verified.exit_code, "4 files" in verified.stdout) == (0, True)


def test_it_comes_back(run: Run, folder: Path) -> None:
    taken(run)
    shutil.rmtree("data")
    done = run("restore", "bk")
    assert done.exit_code == 0, told(done)
    assert "1 contacts wait in the journal" in done.stdout
    assert sorted(path.name for path in Path("data").iterdir()) == ["blobs", "journal", "regia.sqlite", "secrets"]
    assert inspect(folder / "data/journal/worker-0.sqlite").pending == (1,)
    assert blob_file(folder / "data").exists()
    assert all(not stat.S_IMODE(path.stat().st_mode) & 0o077 for path in Path("data").rglob("*"))
    books = json.loads(run("books", "--json").stdout)
    assert (books["balance"], books["accepted"], books["waiting"], books["elsewhere"]) == (True, 3, 1, 0)


def test_without_secrets_they_stay_where_they_are(run: Run) -> None:
    assert taken(run, "--no-secrets")["secrets"] is False
    assert not Path("bk/secrets").exists()
    shutil.move("data", "gone")
    refused = run("restore", "bk")
    assert refused.exit_code == 2
    assert "links-key" in told(refused)
    Path("data").mkdir(exist_ok=True)
    shutil.copytree("gone/secrets", "data/secrets", dirs_exist_ok=True)
    assert run("restore", "bk").exit_code == 0
    assert Path("data/secrets/links-key").read_text() == "a-secret-of-the-tests"


def test_a_folder_that_is_not_empty_is_left_alone(run: Run) -> None:
    taken(run)
    again = run("backup", "bk")
    assert (again.exit_code, "bk is not empty: name a new folder" in told(again)) == (1, True)
    before = sorted(map(str, Path("data").rglob("*")))
    refused = run("restore", "bk")
    assert refused.exit_code == 1
    assert "is not empty (blobs, journal" in told(refused)
    assert "move it away" in told(refused)
    assert sorted(map(str, Path("data").rglob("*"))) == before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda bk: (bk / "regia.sqlite").write_bytes((bk / "regia.sqlite").read_bytes()[:-1] + b"x"),
            "regia.sqlite was changed",
        ),
        (lambda bk: (bk / "journal/worker-0.sqlite").unlink(), "journal/worker-0.sqlite is missing"),
        (lambda bk: (bk / "journal/more.sqlite").write_bytes(b""), "journal/more.sqlite is not of it"),
        (lambda bk: (bk / "SHA256SUMS").write_text(""), "SHA256SUMS is missing or was changed"),
        (lambda bk: (bk / "manifest.json").unlink(), "its making was broken off"),
        (lambda bk: (bk / "manifest.json").write_text("{"), "it is no JSON"),
        (lambda bk: sign(bk, format=2), r"cannot be read (format): a newer version of Regia"),
        (lambda bk: sign(bk, schema_="9999", regia="7.0"), "schema 9999 of Regia 7.0, and this version knows"),
        (lambda bk: sign(bk, schema_="0001"), f"has schema {schema()}, and its manifest says 0001"),
    ],
)
def test_what_is_not_the_backup_that_was_made(run: Run, change: Any, words: str) -> None:
    taken(run)
    change(Path("bk"))
    shutil.rmtree("data")
    for command in (("backup", "verify", "bk"), ("restore", "bk")):
        refused = run(*command)
        assert refused.exit_code == 1, told(refused)
        assert words in told(refused)
    assert not Path("data").exists()


def test_a_file_that_sqlite_calls_damaged(run: Run) -> None:
    """Copied as it was: digests cannot tell."""
    with closing(sqlite3.connect("data/regia.sqlite")) as db:
        (page,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'messages'").fetchone()
        (size,) = db.execute("PRAGMA page_size").fetchone()
    with Path("data/regia.sqlite").open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * 200)
    done = run("backup", "bk")
    if done.exit_code == 0:
        done = run("backup", "verify", "bk")
    assert done.exit_code == 1, told(done)


@pytest.mark.parametrize("damage", ["lost", "changed"])
def test_a_blob_that_is_named_and_not_there(run: Run, folder: Path, damage: str) -> None:
    blob = blob_file(folder / "data")
    blob.unlink() if damage == "lost" else blob.write_bytes(b"something else")
    done = run("backup", "bk")
    assert done.exit_code == 1
    assert f"lost or damaged files that the database names: {blob.name}" in told(done)
    assert run("backup", "verify", "bk").exit_code == 0, "the rest is whole"


def test_files_that_nobody_names_do_not_come_back(run: Run, folder: Path) -> None:
    other = folder / "data/blobs/00/00" / ("0" * 64)
    other.parent.mkdir(parents=True)
    other.write_bytes(b"of a contact that was not committed")
    torn = other.with_name(f"{other.name}#1")
    torn.write_bytes(b"half")
    taken(run)
    assert (folder / "bk/blobs/00/00" / other.name).exists()
    assert not (folder / "bk/blobs/00/00" / torn.name).exists()
    shutil.rmtree("data")
    assert run("restore", "bk").exit_code == 0
    assert not other.exists()
    assert blob_file(folder / "data").exists()


def test_a_restore_that_is_broken_off_leaves_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    taken(run)
    shutil.rmtree("data")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "data")

    with monkeypatch.context() as patched:
        patched.setattr(restoring, "_place", full)
        broken = run("restore", "bk")
    assert (broken.exit_code, "data: No space left on device" in told(broken)) == (1, True)
    assert list(Path("data").iterdir()) == []
    Path("data/restoring").mkdir()  # as one that was killed leaves it
    assert run("restore", "bk").exit_code == 0
    assert not Path("data/restoring").exists()


def test_the_configuration_must_be_that_of_the_backup(run: Run, monkeypatch: pytest.MonkeyPatch, postgresql_url: str) -> None:
    taken(run)
    shutil.rmtree("data")
    monkeypatch.setenv("REGIA__NODE", "another")
    monkeypatch.setenv("REGIA__DATABASE__URL", postgresql_url)
    refused = run("restore", "bk")
    assert (refused.exit_code, "the backup is of sqlite, and database.url names postgresql" in told(refused)) == (1, True)
    monkeypatch.delenv("REGIA__DATABASE__URL")
    done = run("restore", "bk")
    assert (done.exit_code, "must never run beside it" in told(done)) == (0, True)


def test_a_dump_that_fails_is_no_backup(run: Run, monkeypatch: pytest.MonkeyPatch, postgresql_url: str) -> None:
    monkeypatch.setenv("REGIA__DATABASE__URL", postgresql_url)
    broken = run("backup", "bk", "--dump", "exit 3")
    assert (broken.exit_code, "the dump command ended with 3" in told(broken)) == (1, True)
    assert run("backup", "verify", "bk").exit_code == 1
    shutil.rmtree("bk")
    assert "PostgreSQL is not in it" in told(run("backup", "bk"))
    shutil.rmtree("bk")
    dumped = run("backup", "bk", "--dump", 'test -n "$PGHOST" -a -n "$PGDATABASE" && echo dump >"$REGIA_BACKUP/database.dump"')
    assert dumped.exit_code == 0, told(dumped)
    assert "database.dump" in Path("bk/SHA256SUMS").read_text()
    add_to(Path("bk/database.dump"))
    assert "database.dump was changed" in told(run("backup", "verify", "bk"))


def test_a_server_that_was_not_loaded(
    run: Run, monkeypatch: pytest.MonkeyPatch, postgresql_url: str, database_url: str
) -> None:
    monkeypatch.setenv("REGIA__DATABASE__URL", postgresql_url)
    taken(run)
    shutil.rmtree("data")
    monkeypatch.setenv("REGIA__DATABASE__URL", database_url)
    refused = run("restore", "bk")
    assert (refused.exit_code, "load its dump first" in told(refused)) == (1, True)
    assert list(Path("data").iterdir()) == []
