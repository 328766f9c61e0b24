"""The lock files: pinned, hashed, without an address, and in step with pyproject.toml."""

from pathlib import Path

import pytest

from scripts.check_lock import DEVELOPMENT, RUNTIME, check

ROOT = Path(__file__).resolve().parents[2]
HASH = f"--hash=sha256:{'a1' * 32}"

PROJECT = """
[build-system]
requires = ["hatchling"]
[project]
dependencies = ["aiohttp>=3.14", "ruamel.yaml>=0.18"]
[dependency-groups]
dev = ["pytest>=8"]
"""
GOOD_RUNTIME = f"""
aiohttp==3.14.5 \\
    {HASH} \\
    {HASH}
colorama==0.4.6 ; sys_platform == 'win32' \\
    {HASH}
hatchling==1.33.0 {HASH}
ruamel-yaml==0.19.1 {HASH}
"""
GOOD_DEVELOPMENT = f"{GOOD_RUNTIME}pytest==9.2.0 {HASH}\n"


def faults_of(folder: Path, project: str, runtime: str, development: str) -> list[str]:
    for name, text in (("pyproject.toml", project), (RUNTIME, runtime), (DEVELOPMENT, development)):
        (folder / name).write_text(text)
    return list(check(folder))


def test_our_locks_have_no_fault() -> None:
    assert list(check(ROOT)) == []


def test_a_good_lock_has_no_fault(tmp_path: Path) -> None:
    assert faults_of(tmp_path, PROJECT, GOOD_RUNTIME, GOOD_DEVELOPMENT) == []


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (
            f"--index-url https://pypi.example/simple\naiohttp==3.14.5 {HASH}",
            "names a host: --index-url https://pypi.example/simple",
        ),
        (f"aiohttp @ https://files.example/aiohttp.whl {HASH}", "names a host: aiohttp @ https://files.example/aiohttp.whl"),
        ("-e .", "not pinned to one version: -e ."),
        (f"yarl>=1.18 {HASH}", "not pinned to one version: yarl>=1.18"),
        (f"yarl==1.* {HASH}", "not pinned to one version: yarl==1.*"),
        (f"yarl>=1,==1.18 {HASH}", "not pinned to one version: yarl>=1,==1.18"),
        ("yarl==1.25.1", "has no sha256: yarl==1.25.1"),
        ("yarl==1.25.1 --hash=md5:d41d8cd98f00b204e9800998ecf8427e", "has no sha256: yarl==1.25.1"),
        ("yarl==1.25.1 --hash=sha256:a1a1", "has no sha256: yarl==1.25.1"),
    ],
)
def test_a_line_that_cannot_be_trusted_is_named(tmp_path: Path, line: str, fault: str) -> None:
    faults = faults_of(tmp_path, PROJECT, GOOD_RUNTIME, f"{GOOD_DEVELOPMENT}{line}\n")
    assert faults == [f"{DEVELOPMENT}: {fault}"]


@pytest.mark.parametrize(
    ("old", "new", "faults"),
    [
        (f"ruamel-yaml==0.19.1 {HASH}", "", [f"{RUNTIME}: lacks ruamel.yaml, which pyproject.toml declares"]),
        (f"hatchling==1.33.0 {HASH}", "", [f"{RUNTIME}: lacks hatchling, which pyproject.toml declares"]),
        (
            "aiohttp==3.14.5",
            "aiohttp==3.13.0",
            [
                f"{RUNTIME}: has aiohttp 3.13.0, but pyproject.toml wants >=3.14",
                f"{DEVELOPMENT}: lacks aiohttp==3.13.0 of {RUNTIME}",
            ],
        ),
        ("colorama==0.4.6", "colorama==0.4.5", [f"{DEVELOPMENT}: lacks colorama==0.4.5 of {RUNTIME}"]),
    ],
)
def test_a_lock_out_of_step_is_named(tmp_path: Path, old: str, new: str, faults: list[str]) -> None:
    assert old in GOOD_RUNTIME
    assert faults_of(tmp_path, PROJECT, GOOD_RUNTIME.replace(old, new), GOOD_DEVELOPMENT) == faults
