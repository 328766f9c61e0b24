"""ADDING_A_CHANNEL.md is followed step by step in a copy of the checkout: its channel must pass what it promises."""

import importlib.util
import subprocess
from pathlib import Path

import pytest

from config.document import read_yaml
from tests.docs.pages import ROOT, Desk, blocks, python_block

PAGE = "ADDING_A_CHANNEL.md"
PACKAGES = ("config", "desk", "dispatcher", "identity", "normalizer", "regia", "router", "scripts", "storage", "web")
IMPORT_BEFORE = "from connectors.postmark import Postmark, PostmarkSettings\n"
LINE_BEFORE = '    _line(Channel(name="web_form"'


def _checkout(folder: Path) -> Desk:
    """Links to everything, but folders of its own where the page writes."""
    for name in (*PACKAGES, ".venv", "pyproject.toml"):
        (folder / name).symlink_to(ROOT / name)
    for inner in ("connectors", "tests", "tests/connectors", "tests/samples"):
        (folder / inner).mkdir()
        for path in (ROOT / inner).iterdir():
            if not (folder / inner / path.name).exists() and f"{inner}/{path.name}" not in (
                "tests/connectors",
                "tests/samples",
            ):
                (folder / inner / path.name).symlink_to(path)
    return Desk(folder, 0, {"PYTHONPATH": str(folder)})


def _register(folder: Path) -> None:
    registry = folder / "connectors" / "registry.py"
    text = registry.read_text(encoding="utf-8")
    assert text.count(IMPORT_BEFORE) == text.count(LINE_BEFORE) == 1
    _, imported, line = python_block(PAGE, "connectors/registry.py").splitlines(keepends=True)
    registry.unlink()
    registry.write_text(text.replace(IMPORT_BEFORE, imported + IMPORT_BEFORE).replace(LINE_BEFORE, line + LINE_BEFORE))


@pytest.mark.timeout(200)
def test_following_it_gives_a_channel(tmp_path: Path) -> None:
    desk = _checkout(tmp_path)
    for name in ("connectors/parley.py", "tests/connectors/test_parley.py"):
        (tmp_path / name).write_text(python_block(PAGE, name), encoding="utf-8")
    _register(tmp_path)
    commands = blocks(PAGE, "bash", "console")
    assert [block.language for block in commands] == ["bash", "console", "console"]
    for block in commands:
        desk.run(block)
    code = ["connectors/parley.py", "connectors/registry.py", "tests/connectors/test_parley.py"]
    lint = [".venv/bin/ruff", "check", "--no-cache", "--config", str(ROOT / "pyproject.toml"), *code]
    found = subprocess.run(lint, cwd=tmp_path, env=desk.environment, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout


def test_its_connector_is_as_short_as_it_says() -> None:
    assert len(python_block(PAGE, "connectors/parley.py").splitlines()) <= 175


def test_its_configuration_fits_its_settings(tmp_path: Path) -> None:
    (example,) = blocks(PAGE, "yaml")
    given = read_yaml(example.text, PAGE).data["connectors"]["parley"]
    (tmp_path / "parley.py").write_text(python_block(PAGE, "connectors/parley.py"), encoding="utf-8")
    spec = importlib.util.spec_from_file_location("parley_of_the_page", tmp_path / "parley.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.ParleySettings.model_validate(given).accounts == {"shop-it": "demo"}
