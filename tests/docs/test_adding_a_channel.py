"""ADDING_A_CHANNEL.md is followed step by step in a copy of the checkout: its channel must pass what it promises."""

import ast
import subprocess
from pathlib import Path

import pytest

from config.document import read_yaml
from regia import scaffold
from tests.docs.pages import ROOT, Desk, blocks

PAGE = "ADDING_A_CHANNEL.md"
PACKAGES = ("config", "desk", "dispatcher", "identity", "normalizer", "regia", "router", "scripts", "storage", "web")
WRITTEN_INTO = (
    "connectors",
    "tests",
    "tests/connectors",
    "tests/samples",
    "tests/subjects",
    "docs",
    "docs/channels",
)
IMPORT_BEFORE = "    pbx,\n"
LINE_BEFORE = "    pbx.CHANNEL,\n"
STATEMENTS = 60
"""What a webhook channel has of its own beside tables and settings."""


def _checkout(folder: Path) -> Desk:
    """Links to everything, but folders of its own where the page writes."""
    for name in (*PACKAGES, ".venv", "pyproject.toml"):
        (folder / name).symlink_to(ROOT / name)
    for inner in WRITTEN_INTO:
        (folder / inner).mkdir()
    for inner in WRITTEN_INTO:
        for path in (ROOT / inner).iterdir():
            if not (folder / inner / path.name).exists():
                (folder / inner / path.name).symlink_to(path)
    return Desk(folder, 0, {"PYTHONPATH": str(folder)})


def _register(folder: Path) -> None:
    (block,) = (block for block in blocks(PAGE, "python") if block.first_line == "# connectors/registry.py")
    _, imported, line = block.text.splitlines(keepends=True)
    registry = folder / "connectors" / "registry.py"
    text = registry.read_text(encoding="utf-8")
    assert text.count(IMPORT_BEFORE) == text.count(LINE_BEFORE) == 1
    registry.unlink()
    registry.write_text(text.replace(IMPORT_BEFORE, imported + IMPORT_BEFORE).replace(LINE_BEFORE, line + LINE_BEFORE))


def _checked(command: list[str], desk: Desk) -> None:
    found = subprocess.run(command, cwd=desk.folder, env=desk.environment, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.timeout(200)
def test_following_it_gives_a_channel(tmp_path: Path) -> None:
    desk = _checkout(tmp_path)
    new, *others = blocks(PAGE, "bash", "console")
    desk.run(new)
    _register(tmp_path)
    for block in others:
        desk.run(block)
    code = [path for path in scaffold.in_checkout("parley").files if path.endswith(".py")]
    config = ["--no-cache", "--config", str(ROOT / "pyproject.toml")]
    _checked([".venv/bin/ruff", "check", *config, *code, "connectors/registry.py"], desk)
    _checked([".venv/bin/ruff", "format", "--check", *config, *code, "connectors/registry.py"], desk)
    mypy = [".venv/bin/mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), "connectors/parley.py"]
    _checked([*mypy, "--explicit-package-bases", "--config-file", "/dev/null"], desk)


@pytest.mark.timeout(200)
def test_a_distribution_of_its_own_holds_up_too(tmp_path: Path) -> None:
    folder = tmp_path / "regia-parley"
    desk = Desk(folder, 0, {"PYTHONPATH": str(folder)})
    regia = str(ROOT / ".venv" / "bin" / "regia")
    folder.mkdir()
    _checked([regia, "connector", "new", "parley", "--outside", str(folder)], desk)
    _checked([regia, "connector", "verify", "parley"], desk)
    _checked([str(ROOT / ".venv" / "bin" / "python"), "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"], desk)


@pytest.mark.parametrize("path", ["connectors/line.py", "connectors/line_kinds.py"])
def test_what_it_shows_of_a_real_channel_is_the_code(path: str) -> None:
    code = (ROOT / path).read_text(encoding="utf-8")
    shown = [block.text.partition("\n")[2] for block in blocks(PAGE, "python") if block.first_line == f"# {path}"]
    assert shown
    for text in shown:
        assert text in code, text


def test_a_new_channel_is_as_small_as_it_says() -> None:
    code = scaffold.render("parley", scaffold.in_checkout("parley"))["connectors/parley.py"]
    assert statements(code) <= STATEMENTS
    assert len(code.splitlines()) <= 150


def statements(code: str) -> int:
    """Statements inside functions: what is neither a table nor a setting nor an import."""
    functions = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    lines: set[int] = set()
    for function in functions:
        for node in ast.walk(function):
            documentation = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            if isinstance(node, ast.stmt) and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.arg):
                lines |= set() if documentation else {node.lineno}
    return len(lines)


def test_its_configuration_fits_its_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layout = scaffold.outside("parley")
    scaffold.write(tmp_path, scaffold.render("parley", layout))
    monkeypatch.syspath_prepend(str(tmp_path))
    import regia_parley  # type: ignore[import-not-found]  # written a moment ago

    (example,) = blocks(PAGE, "yaml")
    given = read_yaml(example.text, PAGE).data["connectors"]["parley"]
    assert regia_parley.ParleySettings.model_validate(given).brands == {"demo"}
    (page,) = blocks_of((tmp_path / "README.md").read_text(encoding="utf-8"))
    shown = read_yaml(page, "README.md").data["parley"]
    assert regia_parley.ParleySettings.model_validate(shown).brands == {"demo"}


def blocks_of(text: str) -> list[str]:
    """The YAML blocks of a page that is not in the tree."""
    return [part.partition("```")[0] for part in text.split("```yaml\n")[1:]]
