"""`regia rules preview` and `regia rules explain`: what a customer would read, and what became of an answer."""

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from regia.cli.main import app
from tests.databases import migrated_sqlite

__all__ = ["migrated_sqlite"]

RULES = """\
fields: {order: text, total: number}
categories: {returns: {label: Resi}, general: {label: Informazioni}}
default: general
templates:
  received:
    subject: {it: "Ricevuto {{ reference }}", en: "Received {{ reference }}"}
    text:
      it: "Ciao {{ name }}: {{ category }}, {{ fields.order }} {{ fields.total }}"
      en: "Hello {{ name }}: {{ category }}, {{ fields.order }} {{ fields.total }}"
  short: {text: {it: "Grazie {{ name }}"}}
rules:
  - {name: returns, when: {text: {words: refund}}, then: {category: returns}}
  - {name: acknowledge, then: {reply: received}}
"""
CONFIG = """\
data: {make_secrets: true}
links_key: file:links-key
languages: [it, en]
rules: [rules.yaml]
connectors:
  mail:
    type: email
    brand: demo
    address: help@demo.example
    thread_key: file:thread-key
    smtp: {host: mail.demo.example}
"""


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("REGIA_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("REGIA__DATA__PATH", str(tmp_path / "data"))
    (tmp_path / "regia.yaml").write_text(CONFIG, encoding="utf-8")
    path = tmp_path / "rules.yaml"
    path.write_text(RULES, encoding="utf-8")
    return path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["rules", *arguments])


def test_sample_values_in_all_languages(rules: Path) -> None:
    result = run("preview", "received", str(rules))
    assert result.exit_code == 0
    italian, english = result.output.split("--- en\n")
    assert italian.startswith("--- it\nSubject: Ricevuto R-")
    assert italian.endswith("\n\nCiao Anna Bianchi: Informazioni, order 89.9\n\n")
    assert english.endswith("\n\nHello Anna Bianchi: Informazioni, order 89.9\n\n")


def test_one_language_and_no_subject(rules: Path) -> None:
    assert run("preview", "received", str(rules), "--language", "en").output.count("---") == 1
    assert run("preview", "short", str(rules)).output == "--- it\nGrazie Anna Bianchi\n\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("recieved",), "there is no template 'recieved' (did you mean 'received'?)"),
        (("received", "--language", "de"), "'received' has no 'de': it, en"),
    ],
)
def test_what_is_not_there(rules: Path, arguments: tuple[str, ...], said: str) -> None:
    result = run("preview", *arguments)
    assert (result.exit_code, result.stderr) == (2, f"regia: {said}\n")
