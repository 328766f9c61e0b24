"""A console of a gateway that has a configuration and rules of its own."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from regia.compose import configure
from tests.console.scene import Scene, a_console
from tests.http import served


@asynccontextmanager
async def own_console(
    folder: Path,
    migrated: Path,
    patch: pytest.MonkeyPatch,
    *,
    config: str = served.CONFIG,
    rules: str = served.RULES,
    files: Mapping[str, str] | None = None,
) -> AsyncIterator[Scene]:
    """On plain http, for Chromium too. `files` are more files beside the configuration."""
    for name, text in {"regia.yaml": config, "rules.yaml": rules, **(files or {})}.items():
        (folder / name).write_text(text)
    found = configure(folder / "regia.yaml", {**served.SECRETS, "PBX": "secret-of-the-exchange"})
    patch.setattr(served, "configured", lambda: found)
    async with a_console(folder, migrated, public_url=None) as scene:
        yield scene
