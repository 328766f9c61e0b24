"""The import contracts of .importlinter refuse what the architecture forbids, tried on a skeleton of the packages."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = [
    "regia",
    "web",
    "desk",
    "connectors",
    "dispatcher",
    "router",
    "identity",
    "normalizer",
    "storage",
    "config",
    "web/pages",
]
BROKEN = {
    "layers": "Imports go downwards only, and packages on one line do not import each other BROKEN",
    "connectors": "A connector knows nothing of identities, rules, queues or storage BROKEN",
    "web": "Console, pages and widget of the web do not import each other BROKEN",
}


def lint_imports(folder: Path, imports: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Runs import-linter on empty packages plus `imports`: the path of a module and the one it imports."""
    shutil.copy(ROOT / ".importlinter", folder)
    for package in PACKAGES:
        (folder / package).mkdir()
        (folder / package / "__init__.py").touch()
    for path, target in imports.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).parent.joinpath("__init__.py").touch()
        (folder / path).write_text(f"import {target}\n" if target else "")
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run([program, "--no-cache"], cwd=folder, capture_output=True, text=True, check=False)


def test_every_downward_import_is_allowed(tmp_path: Path) -> None:
    downwards = {
        "regia/compose.py": "connectors",
        "connectors/shop.py": "normalizer",
        "dispatcher/relay.py": "storage",
        "router/load.py": "config",
        "identity/merge.py": "storage",
        "normalizer/media.py": "storage",
    }
    kept = lint_imports(tmp_path, downwards)
    assert kept.returncode == 0, kept.stdout
    assert "3 kept, 0 broken" in kept.stdout


@pytest.mark.parametrize(
    ("imports", "contracts"),
    [
        ({"connectors/shop.py": "identity"}, {"connectors"}),
        ({"connectors/shop.py": "dispatcher"}, {"layers", "connectors"}),
        ({"router/load.py": "identity"}, {"layers"}),
        ({"normalizer/text.py": "router"}, {"layers"}),
        ({"storage/books.py": "regia"}, {"layers"}),
        ({"connectors/shop.py": "storage"}, {"connectors"}),
        ({"config/secrets.py": "storage"}, {"layers"}),
        ({"web/pages/form.py": "web.console", "web/console/inbox.py": ""}, {"web"}),
    ],
)
def test_a_forbidden_import_is_refused(tmp_path: Path, imports: dict[str, str], contracts: set[str]) -> None:
    refused = lint_imports(tmp_path, imports)
    assert refused.returncode == 1, refused.stdout
    assert {name for name, line in BROKEN.items() if line in refused.stdout} == contracts
