"""The rulesets that are shipped as examples: nothing in them is useless, their tests pass, and these reach everything."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from regia.cli.main import app

FOLDERS = sorted(path for path in (Path(__file__).parents[2] / "config" / "examples" / "rules").iterdir() if path.is_dir())


def run(folder: Path, *command: str) -> str:
    files = sorted(map(str, folder.glob("*.yaml")))
    result = CliRunner().invoke(app, ["rules", *command, *files])
    assert result.exit_code == 0, result.output
    return result.output


def test_there_are_some() -> None:
    assert "kitchenware" in [folder.name for folder in FOLDERS]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_ruleset(folder: Path) -> None:
    assert run(folder, "check", "--strict").endswith("tests: no problems\n")
    passed, failed = run(folder, "test").split(",")
    assert int(passed.split()[0]) >= 40
    assert failed == " 0 failed\n"
    reached = json.loads(run(folder, "coverage", "--json"))
    assert [rule["rule"] for rule in reached["rules"] if not rule["matched"]] == []
    assert [name for name, messages in reached["categories"].items() if not messages] == []


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_order_that_a_comment_names_is_that_of_the_files(folder: Path) -> None:
    files = sorted(path.name for path in folder.glob("*.yaml"))
    head = (folder / files[0]).read_text(encoding="utf-8").split("\n\n")[0]
    assert [name for name in files if f"{folder.name}/{name}" not in head] == []
