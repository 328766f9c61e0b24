"""`regia reply` and `regia outgoing`, without a running gateway: what is queued, what is refused, what is shown."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import Connection, select, update
from typer.testing import CliRunner, Result

from normalizer.inbound import Handle
from normalizer.inbound import Reply as Allowed
from regia.cli import reply
from regia.cli.main import app
from regia.settings import Settings
from storage.database import Database
from storage.schema import messages, outgoing
from tests.answered import store
from tests.contacts import email
from tests.databases import migrated_sqlite

__all__ = ["migrated_sqlite"]

CONFIG = """
links_key: ${KEY}
rules: [rules.yaml]
connectors:
  mail:
    type: email
    brand: demo
    address: help@demo.example
    aliases: [info@demo.example]
    thread_key: ${KEY}
    smtp: {host: mail.demo.example}
  form: {type: web_form, brand: demo}
"""
RULES = "categories: {general: {label: All}}\ndefault: general\n"

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    (tmp_path / "regia.yaml").write_text(CONFIG)
    (tmp_path / "rules.yaml").write_text(RULES)
    (tmp_path / "data").mkdir()
    shutil.copy(migrated_sqlite, tmp_path / "data" / "regia.sqlite")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KEY", "a-secret-of-the-tests")
    monkeypatch.setattr(reply, "_WAIT", 0.0)
    return lambda *arguments, **more: CliRunner().invoke(app, [*arguments], **more)


def stored(name: str, handle: Handle | None = None, **more: Any) -> str:
    async def work() -> str:
        database = Database("sqlite:///data/regia.sqlite")
        try:
            return await store(database, name, handle, **more)
        finally:
            await database.close()

    return asyncio.run(work())


def ended(state: str, error: str | None) -> None:
    changed(state=state, error=error, ended_ms=1_790_000_000_000)


def changed(**values: object) -> None:
    def work(connection: Connection) -> None:
        connection.execute(update(outgoing).values(**values))

    write_down(work)


def write_down(work: Callable[[Connection], None]) -> None:
    async def write() -> None:
        database = Database("sqlite:///data/regia.sqlite")
        await database.write(work)
        await database.close()

    asyncio.run(write())


def test_a_reply_is_queued_and_shown(run: Run, tmp_path: Path) -> None:
    (tmp_path / "answer.html").write_text("<p>Mi dispiace")
    done = run("reply", stored("m1"), "--text", "Mi dispiace", "--html-file", "answer.html", "--subject", "Padella")
    assert done.exit_code == 0
    id_, state = done.stdout.split()
    assert state == "queued"
    assert "no gateway has taken it yet" in done.stderr
    shown = dict(line.split(None, 1) for line in run("outgoing", "show", id_).stdout.splitlines() if " " in line.strip())
    assert (shown["state"], shown["handle_value"], shown["subject"]) == ("queued", "anna@example.it", "Padella")
    assert "dispiace" not in "".join(shown.values()), "the words are between us and the customer"
    assert run("outgoing", "list").stdout.startswith(f"{id_} 20")
    ended("failed", "invalid_recipient: the server said: 5.1.1 no such user")
    assert "5.1.1 no such user" in run("outgoing", "list", "--state", "failed").stdout
    assert run("outgoing", "list", "--state", "queued").stdout == ""


@pytest.mark.parametrize(
    ("handle", "more", "arguments", "reason"),
    [
        (None, {"automated": "auto_reply"}, ["--automatic"], "automated_mail"),
        (email("info@demo.example"), {}, ["--automatic"], "own_address"),
        (email("info+x@demo.example"), {}, ["--automatic"], "own_address"),
        (None, {"connector": "form"}, [], "cannot_send"),
        (None, {"connector": "gone"}, [], "cannot_send"),
    ],
)
def test_a_refusal_has_its_reason(
    run: Run, handle: Handle | None, more: dict[str, object], arguments: list[str], reason: str
) -> None:
    done = run("reply", stored("m1", handle, **more), "--text", "Ciao", *arguments)
    assert done.exit_code == 1
    assert done.stderr.startswith(f"regia: not sent, {reason}: ")
    assert run("outgoing", "list").stdout == ""


def test_what_is_not_there(run: Run) -> None:
    assert "unknown_message" in run("reply", "no-such-id", "--text", "Ciao").stderr
    assert "no outgoing message" in run("outgoing", "show", "no-such-id").stderr
    Path("latin.html").write_bytes(b"<p>\xe8")
    assert "not UTF-8" in run("reply", stored("m1"), "--text", "Ciao", "--html-file", "latin.html").stderr


WORDS = "Gentile Anna,\n\nè in arrivo.\n"


def texts() -> list[str]:
    async def work() -> list[str]:
        database = Database("sqlite:///data/regia.sqlite")
        try:
            return await database.read(lambda connection: list(connection.execute(select(outgoing.c.text)).scalars()))
        finally:
            await database.close()

    return asyncio.run(work())


@pytest.mark.parametrize("arguments", [("--text", WORDS), ("--text", "-"), ("--text-file", "words.txt")])
def test_where_the_words_come_from(run: Run, arguments: tuple[str, ...]) -> None:
    Path("words.txt").write_bytes(WORDS.encode())
    done = run("reply", stored("m1"), *arguments, input=WORDS.encode())
    assert done.exit_code == 0, done.stderr
    assert texts() == [WORDS]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "give either --text or --text-file"),
        (("--text", "x", "--text-file", "words.txt"), "give either --text or --text-file"),
        (("--text-file", "latin.txt"), "latin.txt is not UTF-8"),
        (("--text", "-"), "standard input is not UTF-8"),
        (("--text-file", "large.txt"), "large.txt is larger than 2 MB"),
        (("--text", "x", "--subject", "a\nBcc: x@y.it"), "not sent, bad_subject: "),
        (("--text", " "), "not sent, no_text: "),
    ],
)
def test_words_and_subjects_that_cannot_be(run: Run, arguments: tuple[str, ...], said: str) -> None:
    Path("words.txt").write_text(WORDS)
    Path("latin.txt").write_bytes(b"perch\xe8")
    Path("large.txt").write_bytes(b"x" * (2 * 1024 * 1024 + 1))
    done = run("reply", stored("m1"), *arguments, input=b"perch\xe8")
    assert (done.exit_code, said in done.stderr) == (1, True), done.stderr
    assert texts() == []


@pytest.mark.parametrize("state", ["failed", "unknown"])
def test_a_reply_that_did_not_leave_is_no_success(run: Run, monkeypatch: pytest.MonkeyPatch, state: str) -> None:
    taken = reply._taken

    def tried(settings: Settings, id_: str) -> object:
        ended(state, "unsupported: the connector has no smtp")
        return taken(settings, id_)

    monkeypatch.setattr(reply, "_taken", tried)
    done = run("reply", stored("m1"), "--text", "Ciao")
    assert (done.exit_code, done.stdout.split()[1]) == (1, state)
    assert done.stderr == "regia: unsupported: the connector has no smtp\n"


def test_a_second_reply_says_what_it_waits_for(run: Run) -> None:
    message_id = stored("m1")
    first = run("reply", message_id, "--text", "Uno").stdout.split()[0]
    done = run("reply", message_id, "--text", "Due")
    second = done.stdout.split()[0]
    assert f"waits for an earlier message of its conversation: {first}\n" in done.stderr
    shown = [run("outgoing", "show", each).stdout for each in (first, second)]
    assert [f"waits for        {first}" in each for each in shown] == [False, True]
    assert ["as soon as a gateway runs" in each for each in shown] == [True, False]
    ended("sent", None)
    assert "waits for" not in run("outgoing", "show", second).stdout


def test_the_next_try_is_shown_where_there_is_one(run: Run) -> None:
    id_ = run("reply", stored("m1"), "--text", "Uno").stdout.split()[0]
    changed(due_ms=4_000_000_000_000, error="retryable: x")
    assert "next try         2096-10-02T07:06:40" in run("outgoing", "show", id_).stdout


def test_a_second_automatic_answer_waits_an_hour(run: Run) -> None:
    message_id = stored("m1")
    assert run("reply", message_id, "--text", "Ciao", "--automatic").exit_code == 0
    assert "once_an_hour" in run("reply", message_id, "--text", "Ciao", "--automatic").stderr


def test_files_go_with_it(run: Run) -> None:
    Path("foto.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"pixels" * 20)
    Path("etichetta.pdf").write_bytes(b"%PDF-1.7 a label")
    allowed = Allowed(allowed=("text", "image", "document"))
    done = run("reply", stored("m1", reply=allowed), "--file", "foto.png", "--file", "etichetta.pdf")
    assert done.exit_code == 0, done.stderr
    lines = run("outgoing", "show", done.stdout.split()[0]).stdout.splitlines()
    assert [line.split() for line in lines if line.startswith("file ")] == [
        ["file", "image/png", "128", "foto.png"],
        ["file", "application/pdf", "16", "etichetta.pdf"],
    ]
    refused = run("reply", stored("m2"), "--text", "Ecco", "--file", "foto.png")
    assert (refused.exit_code, "not sent, files_not_taken: file 1: " in refused.stderr) == (1, True)


TEMPLATES = """
fields: {order: text}
categories: {general: {label: All}}
default: general
templates:
  update:
    text: {it: "È partito: {{ fields.order }}", en: "It has left: {{ fields.order }}"}
    whatsapp: {name: order_update, parameters: ["{{ fields.order }}"]}
"""


@pytest.fixture
def message(run: Run) -> str:
    """A stored message, whose envelope has what rules ask about, where the rules have a template."""
    Path("rules.yaml").write_text(TEMPLATES)
    return stored_whole("m1")


def stored_whole(name: str) -> str:
    id_ = stored(name)

    def work(connection: Connection) -> None:
        (envelope,) = connection.execute(select(messages.c.envelope).where(messages.c.id == id_)).scalars()
        whole = orjson.loads(envelope)
        whole["data"] |= {
            "customer": {"name": "Anna", "tier": None, "tags": [], "match": "new", "messages": 0, "unanswered": 0},
            "conversation": {
                "messages": 1, "opened_at": whole["data"]["received_at"], "channels": [], "ticket": None, "reopened": False,
            },
            "history": [],
            "routing": {"category": "general", "extracted": {}},
        }  # fmt: skip
        connection.execute(update(messages).values(envelope=orjson.dumps(whole)))

    write_down(work)
    return id_


def test_a_template_gives_the_words(run: Run, message: str) -> None:
    shown = run("reply", message, "--template", "update", "--field", "order=IT-1", "--language", "en", "--preview")
    assert (shown.exit_code, shown.stdout) == (0, "It has left: IT-1\n\nWhatsApp: order_update (en): IT-1\n")
    assert texts() == []
    done = run("reply", message, "--template", "update", "--field", "order=IT-1")
    assert (done.exit_code, texts()) == (0, ["È partito: IT-1"]), done.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("--template", "updte"), 1, "unknown_template"),
        (("--template", "updte", "--preview"), 1, "unknown_template"),
        (("--template", "update", "--field", "order"), 2, "write --field name=value"),
        (("--template", "update", "--text", "x"), 1, "give either a text or --template"),
        (("--text", "x", "--preview"), 2, "--preview needs --template"),
    ],
)
def test_templates_that_cannot_be(run: Run, message: str, arguments: tuple[str, ...], status: int, said: str) -> None:
    done = run("reply", message, *arguments)
    assert (done.exit_code, said in done.stderr) == (status, True), done.stderr
    assert texts() == []
