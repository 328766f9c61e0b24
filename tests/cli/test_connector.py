"""`regia connector`: names that cannot be a channel's, and channels that the suite is not for."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from connectors.registry import find
from regia import scaffold
from regia.cli.connector import app

RUNNER = CliRunner()


@pytest.mark.parametrize("name", ["class", "none", "true", "channel", "request", "hmac-", "Big", "line"])
def test_a_name_that_cannot_be_one_is_refused(name: str, tmp_path: Path) -> None:
    found = RUNNER.invoke(app, ["new", name, "--outside", str(tmp_path)])
    assert found.exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_ours_is_no_name_in_the_tree() -> None:
    assert RUNNER.invoke(app, ["new", "kit"]).exit_code == 2


def test_other_names_are_free() -> None:
    assert [name for name in ("parley", "signal", "match", "my_chat") if scaffold.taken(name)] == []


@pytest.mark.parametrize("name", ["web_form", "api", "email", "mailgun", "postmark", "ses"])
def test_what_the_suite_is_not_for_says_so_in_one_line(name: str) -> None:
    found = RUNNER.invoke(app, ["verify", name])
    assert found.exit_code == 0
    (line,) = found.output.splitlines()
    assert line == f"The suite is not for {name}: {find(name).unverified}."
    assert "tests/connectors/" in line


def test_webhook_is_described() -> None:
    found = RUNNER.invoke(app, ["verify", "webhook", "--quiet"])
    assert found.exit_code == 0
    assert found.output.endswith(" held, 0 not\n")
