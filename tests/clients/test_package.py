"""The distribution: built as a wheel, it holds what it needs, asks for aio-pika alone, and imports where nothing else is."""

import ast
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import aio_pika
import pytest

ROOT = Path(__file__).parents[2]
PROJECT = ROOT / "clients/python"
PACKAGE = PROJECT / "regia_consumer"
WITH_AIO_PIKA = {"aio_pika", "yarl"}
"""yarl's addresses are part of aio-pika's own interface."""
OPTIONAL = {"postgresql.py": {"psycopg"}, "redis.py": {"redis"}}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, timeout=100)
    (made,) = folder.glob("regia_consumer-*.whl")
    return made


def test_the_wheel_holds_the_package_and_its_terms(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    wanted = {f"regia_consumer/{path.name}" for path in (*PACKAGE.glob("*.py"), PACKAGE / "py.typed")}
    assert wanted == {name for name in names if name.startswith("regia_consumer/")}
    (terms,) = (name for name in names if name.endswith("licenses/LICENSE"))
    assert zipfile.ZipFile(wheel).read(terms) == (ROOT / "LICENSE").read_bytes()
    (metadata,) = (name for name in names if name.endswith("METADATA"))
    lines = zipfile.ZipFile(wheel).read(metadata).decode().splitlines()
    needs = [line.partition(": ")[2] for line in lines if line.startswith("Requires-Dist:")]
    assert [need for need in needs if "extra ==" not in need] == ["aio-pika>=10.2.1"]


def test_it_imports_in_an_environment_of_its_own(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "env", with_pip=False)
    (packages,) = (tmp_path / "env").glob("lib/python3*/site-packages")
    zipfile.ZipFile(wheel).extractall(packages)
    # aio-pika and what it needs come from here, by name: nothing else of this environment can be imported.
    here = Path(aio_pika.__file__).parents[1]
    for name in ("aio_pika", "aiormq", "pamqp", "yarl", "multidict", "idna", "propcache"):
        for path in (here / name, *here.glob(f"{name}-*.dist-info")):
            (packages / path.name).symlink_to(path)
    code = "import regia_consumer, regia_consumer.sqlite; print(regia_consumer.__file__)"
    done = subprocess.run(
        [tmp_path / "env/bin/python", "-I", "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(packages / "regia_consumer/__init__.py")


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("*.py")), ids=lambda path: path.name)
def test_a_module_imports_nothing_of_the_gateway(path: Path) -> None:
    allowed = {*sys.stdlib_module_names, "regia_consumer", *WITH_AIO_PIKA, *OPTIONAL.get(path.name, set())}
    tree = ast.parse(path.read_text())
    roots = {alias.name.partition(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    roots |= {(node.module or "").partition(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert roots <= allowed
    assert len(path.read_text().splitlines()) <= 250


def test_it_asks_for_no_newer_aio_pika_than_the_gateway() -> None:
    gateway = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert set(tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["dependencies"]) <= set(gateway)
