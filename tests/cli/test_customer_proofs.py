"""Proofs on the command line, without a running gateway: what is asked, answered, decided and refused."""

import asyncio
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from sqlalchemy import Connection, select
from typer.testing import CliRunner, Result

from regia.cli import customer_proofs
from storage.database import Database
from storage.schema import challenges, handles, outgoing
from tests.customers import add_customer
from tests.databases import migrated_sqlite

__all__ = ["migrated_sqlite"]

CONFIG = """
server: {public_url: https://regia.example}
links_key: ${KEY}
rules: [rules.yaml]
connectors:
  mail:
    type: email
    brand: demo
    address: help@demo.example
    thread_key: ${KEY}
    smtp: {host: mail.demo.example}
identity: {codes: {email: mail}}
"""
RULES = "categories: {general: {label: All}}\ndefault: general\n"
ANNA = ("--kind", "email", "--value", "Anna@Example.it")

Run = Callable[..., Result]


def on_database(work: Callable[[Connection], Any]) -> Any:
    async def do() -> Any:
        database = Database("sqlite:///data/regia.sqlite")
        try:
            return await database.write(work)
        finally:
            await database.close()

    return asyncio.run(do())


@pytest.fixture
def run(tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    (tmp_path / "regia.yaml").write_text(CONFIG)
    (tmp_path / "rules.yaml").write_text(RULES)
    (tmp_path / "data").mkdir()
    shutil.copy(migrated_sqlite, tmp_path / "data" / "regia.sqlite")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KEY", "a-secret-of-the-tests")
    on_database(lambda connection: add_customer(connection, "cus_1", standing="verified"))
    app = typer.Typer()
    app.command()(customer_proofs.prove)
    app.command()(customer_proofs.answer)
    return lambda *arguments, **more: CliRunner().invoke(app, [*arguments], **more)


def words() -> str:
    found: str = on_database(lambda connection: connection.execute(select(outgoing.c.text)).scalar_one())
    return found


def links() -> list[tuple[Any, ...]]:
    columns = (handles.c.customer_id, handles.c.kind, handles.c.value, handles.c.proof, handles.c.evidence)
    return [tuple(row) for row in on_database(lambda connection: connection.execute(select(*columns)).all())]


def test_a_code_is_sent_and_read_out_on_the_phone(run: Run) -> None:
    asked = run("prove", "cus_1", *ANNA)
    assert asked.exit_code == 0, asked.stderr
    found = re.fullmatch(r"(chl_\w+) good until 20\S+Z\n", asked.stdout)
    assert found
    code = re.findall(r"\b[0-9]{6}\b", words())[0]
    assert code not in asked.output
    done = run("answer", found[1], input=f"{code}\n")
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "cus_1 linked")
    assert links() == [("cus_1", "email", "anna@example.it", "verified", f"challenge/{found[1]}")]
    again = run("answer", found[1], "--code", code)
    assert (again.exit_code, again.stderr) == (1, "regia: not proven, already_used: it was used before, and proves once only\n")


def test_a_link_in_english(run: Run) -> None:
    assert run("prove", "cus_1", *ANNA, "--method", "link", "--language", "en").exit_code == 0
    assert re.search(r"within 24 hours:\nhttps://regia\.example/proof/\S+\n", words())


def test_wrong_codes_are_counted_between_commands(run: Run) -> None:
    id_ = run("prove", "cus_1", *ANNA).stdout.split()[0]
    for _ in range(5):
        assert "not proven, wrong_code" in run("answer", id_, "--code", "no").stderr
    assert "not proven, too_many_attempts" in run("answer", id_, "--code", "no").stderr
    assert on_database(lambda connection: connection.execute(select(challenges.c.state)).scalar_one()) == "failed"


def test_a_persons_word(run: Run) -> None:
    done = run("prove", "cus_1", "--kind", "phone", "--value", "+39 333 1234567", "--agent", "--reason", " knows her  well ")
    assert (done.exit_code, done.stdout) == (0, "cus_1 linked\n")
    assert links() == [("cus_1", "phone", "+393331234567", "agent", "command line: knows her well")]
    assert on_database(lambda connection: connection.execute(select(outgoing.c.id)).all()) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("cus_9", *ANNA), "not done, unknown_customer: "),
        (("cus_9", *ANNA, "--agent", "--reason", "x"), "not done, unknown_customer: "),
        (("cus_1", "--kind", "phone", "--value", "+393331234567"), "not done, cannot_send: "),
        (("cus_1", "--kind", "email", "--value", "info@example.it"), "not done, shared_handle: "),
        (("cus_1", "--kind", "email", "--value", "anna"), "--value: Please write a complete e-mail address"),
        (("cus_1", "--kind", "phone", "--value", "333 1234567"), "--value: Please write only a complete phone number"),
        (("cus_1", "--kind", "Crm", "--value", "7", "--agent", "--reason", "x"), "--kind and --value: name a kind"),
        (("cus_1", "--kind", "crm", "--value", " ", "--agent", "--reason", "x"), "--kind and --value: name a kind"),
        (("cus_1", *ANNA, "--agent"), "--agent and --reason go together"),
        (("cus_1", *ANNA, "--agent", "--reason", " "), "--agent and --reason go together"),
        (("cus_1", *ANNA, "--reason", "x"), "--agent and --reason go together"),
    ],
)
def test_what_is_refused(run: Run, arguments: tuple[str, ...], said: str) -> None:
    done = run("prove", *arguments)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith(f"regia: {said}")
    assert links() == []
