"""The rulesets that are shipped as examples: nothing in them is useless, their tests pass, and these reach everything."""

import json
import re
from pathlib import Path
from typing import Final

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from regia.cli.main import app

FOLDERS = sorted(path for path in (Path(__file__).parents[2] / "config" / "examples" / "rules").iterdir() if path.is_dir())

REFERENCE: Final = r"\bR-[0-9A-Z]{10}\b"


def run(folder: Path, *command: str) -> str:
    files = sorted(map(str, folder.glob("*.yaml")))
    result = CliRunner().invoke(app, ["rules", *command, *files])
    assert result.exit_code == 0, result.output
    return result.output


def test_there_are_some() -> None:
    assert [folder.name for folder in FOLDERS] == ["diy", "kitchenware", "services"]


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


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_each_answer_has_both_languages_and_the_number_to_quote(folder: Path) -> None:
    templates = YAML(typ="safe").load(folder / "60-replies.yaml")["templates"]
    files = sorted(map(str, folder.glob("*.yaml")))
    for name in templates:
        shown = CliRunner().invoke(app, ["rules", "preview", name, *files])
        assert shown.exit_code == 0, shown.output
        italian, english = shown.output.split("--- en")
        assert italian.startswith("--- it")
        assert re.search(REFERENCE, italian), name
        assert re.search(REFERENCE, english), name
