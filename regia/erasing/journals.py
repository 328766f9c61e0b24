"""The journals of this machine: what they hold of a customer is committed before an erase, and gone from the files after."""

import asyncio
from pathlib import Path
from typing import Final

from regia.erasing.failures import EraseFailed
from storage.journal_file import JournalUnavailable, progress
from storage.scrubbing import NotScrubbed, scrub
from storage.threads import once

_LOOK: Final = 0.05


async def worked_off(folder: Path, seconds: float) -> None:
    """Wait until everything is committed that the journals of this machine hold now. Raises `EraseFailed`
    (`not_worked_off`) when that takes longer, as while an import goes on, or where no gateway runs."""
    wanted = {path: accepted for path in journals(folder) if (accepted := (await _progress(path))[0])}
    until = asyncio.get_running_loop().time() + seconds
    while wanted:
        path, accepted = next(iter(wanted.items()))
        first = (await _progress(path))[1]
        if first is None or first > accepted:
            del wanted[path]
        elif asyncio.get_running_loop().time() >= until:
            raise EraseFailed("not_worked_off", path.name)
        else:
            await asyncio.sleep(_LOOK)


async def scrub_files(paths: list[Path], seconds: float) -> None:
    """Write files of SQLite anew, one after the other. Raises `EraseFailed` (`not_scrubbed`), after all were tried."""
    wrong = [problem for path in paths if (problem := await once(lambda path=path: _scrubbed(path, seconds), "scrub"))]  # type: ignore[misc]
    if wrong:
        raise EraseFailed("not_scrubbed", "; ".join(wrong))


def journals(folder: Path) -> list[Path]:
    """The journals of this machine."""
    return sorted(folder.glob("*.sqlite"))


async def _progress(path: Path) -> tuple[int, int | None]:
    """Accepted events and the first that is not done; of a journal that was worked off and removed, none."""
    try:
        return await asyncio.to_thread(progress, path)
    except JournalUnavailable as error:
        if not path.exists():
            return 0, None
        raise EraseFailed("not_worked_off", str(error)) from error


def _scrubbed(path: Path, seconds: float) -> str | None:
    try:
        scrub(path, seconds)
    except NotScrubbed as error:
        return str(error)
    return None
