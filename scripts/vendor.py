"""What `scripts/vendor.sh` does: packages from npm, whole dist files out of them, their hashes against the manifest's."""

import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parents[1] / "web" / "console" / "static" / "vendor"
MANIFEST: Final = FOLDER / "manifest.json"


def main() -> int:
    """Fetch, check, write. 1 where a file is not the one of the manifest; nothing is written then."""
    manifest = json.loads(MANIFEST.read_text(encoding="utf-8"))
    found: dict[str, bytes] = {}
    with tempfile.TemporaryDirectory() as folder:
        for package in manifest["packages"]:
            found |= _files(package, Path(folder))
    wrong = [name for name, content in found.items() if _recorded(manifest, name)["sha256"] != _sha256(content)]
    if wrong and "--write" not in sys.argv:
        print(f"not the files of the manifest: {', '.join(wrong)}", file=sys.stderr)
        return 1
    for name, content in found.items():
        FOLDER.joinpath(name).write_bytes(content)
        _recorded(manifest, name)["sha256"] = _sha256(content)
    MANIFEST.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    print(f"{len(found)} files of {len(manifest['packages'])} packages")
    return 0


def _files(package: dict[str, Any], folder: Path) -> dict[str, bytes]:
    """Our name to the bytes, for every file of a package."""
    wanted = f"{package['name']}@{package['version']}"
    packed = subprocess.run(["npm", "pack", "--silent", wanted], cwd=folder, check=True, capture_output=True, text=True)  # noqa: S603, S607  # no shell
    with tarfile.open(folder / packed.stdout.strip().splitlines()[-1]) as archive:
        found = {}
        for file in package["files"]:
            member = archive.extractfile(f"package/{file['from']}")
            if member is None:
                raise FileNotFoundError(f"{wanted} has no {file['from']}")
            found[file["name"]] = member.read()
    return found


def _recorded(manifest: dict[str, Any], name: str) -> dict[str, Any]:
    files: list[dict[str, Any]] = [file for package in manifest["packages"] for file in package["files"]]
    return next(file for file in files if file["name"] == name)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
