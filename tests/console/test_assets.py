"""Vendored files are those of the manifest, and every file has a licence beside it."""

import hashlib
import json
from pathlib import Path

import pytest

from tests.console.scene import Scene
from web.console.assets import ASSETS, link

FOLDER = Path(__file__).parents[2] / "web" / "console" / "static"
PACKAGES = json.loads((FOLDER / "vendor" / "manifest.json").read_text())["packages"]


def test_the_manifest_has_every_file_and_its_hash() -> None:
    recorded = {file["name"]: file["sha256"] for package in PACKAGES for file in package["files"]}
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (FOLDER / "vendor").iterdir()}
    del found["manifest.json"]
    assert found == recorded


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package["name"])
def test_every_package_says_version_and_licence(package: dict[str, str]) -> None:
    assert package["version"].count(".") == 2
    assert package["licence"] in {"MIT", "0BSD"}
    assert any("LICENSE" in file["name"] for file in package["files"])  # type: ignore[index]


def test_every_file_is_served() -> None:
    ours = {f"/console/static/{path.relative_to(FOLDER)}" for path in FOLDER.rglob("*") if path.suffix in (".css", ".js")}
    assert ours == set(ASSETS)


async def test_a_link_is_for_ever(scene: Scene) -> None:
    for path, asset in ASSETS.items():
        answer = await scene.client.get(link("", path.removeprefix("/console/static/")))
        assert (answer.status, await answer.read(), answer.headers["Content-Type"]) == (200, asset.content, asset.content_type)
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    for name in ("vendor/manifest.json", "..%2fpage.py", "vendor/..%2f..%2fpage.py", "nothing"):
        assert (await scene.get(f"/static/{name}")).status == 404


def test_no_script_of_ours_evaluates_or_writes_markup() -> None:
    own = (FOLDER / "console.js").read_text()
    for word in ("eval(", "Function(", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write"):
        assert word not in own


def test_style_sheets_close_what_they_open() -> None:
    """A rule that is not closed takes all that follow with it, and no browser says so."""
    for path in FOLDER.glob("*.css"):
        depth = 0
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            depth += line.count("{") - line.count("}")
            assert depth >= 0, f"{path.name}:{number}"
            assert depth == 0 or not line.startswith("/* ---"), f"{path.name}:{number}"
        assert depth == 0, path.name
