"""`regia rules test`: what it prints, and with which status it ends."""

from pathlib import Path

from typer.testing import CliRunner

from regia.cli.main import app

RULES = """\
categories: {returns: {}, general: {}}
queues: [partners]
default: general
rules:
  - {name: returns, when: {text: {words: refund}}, then: {category: returns, copy_to: partners}}
  - {name: news, when: {automated: list}, then: {discard: a newsletter}}
tests:
  - {name: of a brand, message: {text: refund, brand: demo}, expect: {category: returns}}
  - {name: of any brand, message: {text: refund}, expect: {category: general}}
  - {name: nowhere, message: {automated: list}, expect: {discard: true}}
"""


def test_the_final_queues(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(RULES, encoding="utf-8")
    quiet = CliRunner().invoke(app, ["rules", "test", str(path)])
    wrong = f"{path}:9:5: of any brand: category: expected general, got returns (by returns)\n"
    assert (quiet.output, quiet.exit_code) == (f"{wrong}2 passed, 1 failed\n", 1)
    told = CliRunner().invoke(app, ["rules", "test", str(path), "-v"])
    assert told.output == (
        f"{path}:8:5: of a brand: passed, to demo.returns, demo.partners\n"
        f"{path}:9:5: of any brand: FAILED, to <brand>.returns, <brand>.partners\n"
        f"{wrong}"
        f"{path}:10:5: nowhere: passed, to no queue (discarded: a newsletter)\n"
        "2 passed, 1 failed\n"
    )
