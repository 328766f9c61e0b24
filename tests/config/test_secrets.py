"""References: where secrets may come from, what is refused, and how a development secret is made."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from config.secrets import References, Unresolved

ENVIRON = {"TOKEN": "s3cret", "EMPTY": "", "HOST": "db.example.it"}


@pytest.fixture
def references(tmp_path: Path) -> References:
    (tmp_path / "token").write_text("from-file\n")
    (tmp_path / "two-lines").write_text("one\ntwo\r\n")
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "huge").write_bytes(b"x" * 70_000)
    os.mkfifo(tmp_path / "pipe")
    return References(environ=ENVIRON, folder=tmp_path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("${TOKEN}", "s3cret"), ("file:token", "from-file"), ("file: token ", "from-file"), ("file:two-lines", "one\ntwo")],
)
def test_a_reference_gives_its_value(references: References, text: str, expected: str) -> None:
    assert references.secret(text) == expected
    assert expected in references.seen


def test_an_absolute_path_is_taken_as_it_is(references: References, tmp_path: Path) -> None:
    elsewhere = References(environ={}, folder=tmp_path / "nowhere")
    assert elsewhere.secret(f"file:{tmp_path}/token") == "from-file"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("hunter2", "a secret stands in the file", "write ${NAME} or file:PATH"),
        ("", "a secret stands in the file", "write ${NAME} or file:PATH"),
        ("hunter2${TOKEN}", "a secret stands in the file", "write ${NAME} or file:PATH"),
        ("$${TOKEN}", "a secret stands in the file", "write ${NAME} or file:PATH"),
        ("${MISSING}", "the environment variable MISSING is not set", "set MISSING before the start"),
        ("${EMPTY}", "the environment variable EMPTY is empty", "set EMPTY before the start"),
        ("${TOKEN:-hunter2}", "a reference does not name a variable", "write ${NAME}, or $${ for the characters themselves"),
        ("file:", "file: without a path", "write file:PATH"),
        ("file:none", "the file {folder}/none does not exist", "create it with the secret as its only line"),
        ("file:empty", "the file {folder}/empty is empty", "write the secret into it"),
        ("file:binary", "the file {folder}/binary is not UTF-8", "save the secret as text"),
        ("file:huge", "the file {folder}/huge is too large for a secret", "name the file that holds the secret"),
        ("file:pipe", "{folder}/pipe is not a file", "name the file that holds the secret"),
        ("file:.", "{folder} is not a file", "name the file that holds the secret"),
        ("file:token/x", "the file {folder}/token/x cannot be opened: Not a directory", "check its path and permissions"),
    ],
)
def test_what_gives_no_secret_says_what_to_do(
    references: References, tmp_path: Path, text: str, message: str, hint: str
) -> None:
    with pytest.raises(Unresolved) as caught:
        references.secret(text)
    assert (caught.value.message, caught.value.hint) == (message.format(folder=tmp_path), hint)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("amqp://regia:${TOKEN}@${HOST}/", "amqp://regia:s3cret@db.example.it/"),
        ("${TOKEN}", "s3cret"),
        ("file:token", "from-file"),
        ("redis://localhost:6379/0", "redis://localhost:6379/0"),
        ("redis://:${TOKEN}@[::1]:6379/0", "redis://:s3cret@[::1]:6379/0"),
        ("postgresql://regia@/regia?host=/run", "postgresql://regia@/regia?host=/run"),
        ("http://host:80/path@x", "http://host:80/path@x"),
        ("sqlite:///data/regia.db", "sqlite:///data/regia.db"),
    ],
)
def test_an_address_may_stand_in_the_file(references: References, text: str, expected: str) -> None:
    assert references.secret(text, url=True) == expected


@pytest.mark.parametrize(
    "text",
    [
        "amqp://u:hunter2@host/",
        "amqp://u:hunter2${TOKEN}@host",
        "redis://:hunter2@host",
        "amqp://u:hun/ter2@h",
        "amqp://u:h@nter2@h",
    ],
)
def test_a_password_may_not_stand_in_an_address(references: References, text: str) -> None:
    with pytest.raises(Unresolved, match="a password stands in the address"):
        references.secret(text, url=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://${HOST}/x", "https://db.example.it/x"),
        ("${HOST}${EMPTY}", "db.example.it"),
        ("$${HOST} costs $5 {x}", "${HOST} costs $5 {x}"),
        ("$$${HOST}", "$${HOST}"),
        ("file:token", "file:token"),
    ],
)
def test_variables_inside_text(references: References, text: str, expected: str) -> None:
    assert references.interpolate(text) == expected


@pytest.mark.parametrize("text", ["${HOST", "${}", "${A-B}", "${ HOST }"])
def test_a_broken_reference_inside_text_is_refused(references: References, text: str) -> None:
    with pytest.raises(Unresolved):
        references.interpolate(text)


def test_references_do_not_show_what_they_hold(references: References) -> None:
    references.secret("${TOKEN}")
    assert "s3cret" not in repr(references)


def test_a_missing_secret_is_made_once_and_kept(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "secrets"
    first = References(environ={}, folder=folder, make=True).secret("file:console")
    assert len(first) >= 43
    assert References(environ={}, folder=folder, make=True).secret("file:console") == first
    assert References(environ={}, folder=folder).secret("file:console") == first
    assert stat.S_IMODE((folder / "console").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [path.name for path in folder.iterdir()] == ["console"]


def test_processes_that_start_at_once_agree_on_the_secret(tmp_path: Path) -> None:
    def start(_: int) -> str:
        return References(environ={}, folder=tmp_path / "s", make=True).secret("file:token")

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(start, range(32)))) == 1


@pytest.mark.parametrize("name", ["../outside", "/nonexistent/regia-secret", "sub/../../outside"])
def test_nothing_is_made_outside_the_folder(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "secrets"
    with pytest.raises(Unresolved, match="does not exist"):
        References(environ={}, folder=folder, make=True).secret(f"file:{name}")
    assert not folder.exists()
    assert list(tmp_path.iterdir()) == []


def test_an_empty_file_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("")
    with pytest.raises(Unresolved, match="is empty"):
        References(environ={}, folder=tmp_path, make=True).secret("file:token")
    assert (tmp_path / "token").read_text() == ""
