"""Checks that the lock files can be trusted: run by `make lint`, exit status 1 with one line a fault.

Every requirement stands at one exact version with at least one sha256, no line names a host (each reader's own index
or mirror serves the files), every dependency that pyproject.toml declares is there in a version it allows, and the
runtime lock is a part of the development lock.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

RUNTIME, DEVELOPMENT = "requirements.lock", "requirements-dev.lock"
RUNTIME_GROUPS, DEVELOPMENT_GROUPS = ("build",), ("build", "dev")

_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}(?=\s|$)")


@dataclass(frozen=True)
class Pin:
    """One locked version: the exact version, and the marker that says where it is meant for."""

    name: str
    version: str
    marker: str


def main(folder: Path) -> int:
    """Prints every fault of the locks in `folder` and returns the exit status."""
    faults = list(check(folder))
    for fault in faults:
        print(fault, file=sys.stderr)
    if faults:
        print("The locks are written by `make lock`.", file=sys.stderr)
    return 1 if faults else 0


def check(folder: Path) -> Iterator[str]:
    """Yields one sentence for each fault of the two locks in `folder`."""
    project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))
    pins: dict[str, set[Pin]] = {}
    for name, groups in ((RUNTIME, RUNTIME_GROUPS), (DEVELOPMENT, DEVELOPMENT_GROUPS)):
        text = (folder / name).read_text("utf-8")
        faults, pins[name] = read_lock(text)
        yield from (f"{name}: {fault}" for fault in faults)
        yield from (f"{name}: {fault}" for fault in _missing(declared(project, groups), pins[name]))
    for pin in sorted(pins[RUNTIME] - pins[DEVELOPMENT], key=lambda pin: pin.name):
        yield f"{DEVELOPMENT}: lacks {pin.name}=={pin.version} of {RUNTIME}"


def read_lock(text: str) -> tuple[list[str], set[Pin]]:
    """Splits a lock into its pins, and lists the lines that are not a pinned, hashed requirement without an address."""
    faults: list[str] = []
    pins: set[Pin] = set()
    for line in text.replace("\\\n", " ").splitlines():
        if "://" in line:
            faults.append(f"names a host: {line.split('--hash')[0].strip()}")
        elif line.strip() and not line.startswith("#"):
            pin = _pin(line)
            if pin is None:
                faults.append(f"not pinned to one version: {line.split('--hash')[0].strip()}")
            elif not _HASH.search(line):
                faults.append(f"has no sha256: {pin.name}=={pin.version}")
            else:
                pins.add(pin)
    return faults, pins


def declared(project: dict[str, object], groups: tuple[str, ...]) -> list[Requirement]:
    """The requirements that a parsed pyproject.toml declares for running, for building, and in the named groups."""
    tables = project["project"], project["build-system"], project.get("dependency-groups", {})
    match tables:
        case {"dependencies": list(direct)}, {"requires": list(build)}, dict(named):
            texts = [*direct, *build, *(text for group in groups for text in named.get(group, []))]
            return [Requirement(str(text)) for text in texts]
    raise ValueError("pyproject.toml: project.dependencies and build-system.requires must be lists")


def _pin(line: str) -> Pin | None:
    try:
        requirement = Requirement(line.split("--hash", maxsplit=1)[0])
    except InvalidRequirement:
        return None
    specifiers = list(requirement.specifier)
    if len(specifiers) != 1 or specifiers[0].operator != "==" or "*" in specifiers[0].version:
        return None
    return Pin(canonicalize_name(requirement.name), specifiers[0].version, str(requirement.marker or ""))


def _missing(requirements: list[Requirement], pins: set[Pin]) -> Iterator[str]:
    for requirement in requirements:
        versions = [pin.version for pin in pins if pin.name == canonicalize_name(requirement.name)]
        if not versions:
            yield f"lacks {requirement.name}, which pyproject.toml declares"
        elif not all(requirement.specifier.contains(version, prereleases=True) for version in versions):
            yield f"has {requirement.name} {', '.join(sorted(versions))}, but pyproject.toml wants {requirement.specifier}"


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parent.parent))
