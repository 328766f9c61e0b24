"""Files on their way into a ticket."""

from base64 import b64encode
from typing import Any

from desk.bridges.base import Entry, File, SystemRefused
from desk.bridges.described.steps import Steps


class Filing:
    """As the description says: uploaded before, written into the JSON, or as parts of the body."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._described = steps.caller.described.files

    async def made(self, entry: Entry, text: str) -> tuple[list[Any] | None, str]:
        """What `{files}` stands for, None for no files; and the text, which names those that do not come along."""
        if self._described is None:
            return None, _naming(text, entry.files)
        made: list[Any] = []
        refused: list[File] = []
        for file in entry.files:
            try:
                made.append(await self._one(file))
            except SystemRefused:  # too large for it, or of a kind that it does not take
                refused.append(file)
        return made or None, _naming(text, tuple(refused))

    async def _one(self, file: File) -> Any:
        described = self._described
        kind = file.content_type.partition(";")[0].strip()  # parameters would be read as part of a data: address
        values: dict[str, Any] = {"filename": file.filename, "content_type": kind, "size": len(file.content)}
        if described is None or described.parts:
            return file
        if described.inside is not None:
            return described.inside.value(values | {"base64": b64encode(file.content).decode()})
        return (await self._steps.run(described.upload or (), values | {"file": file}, at="files.upload"))["file"]


def _naming(text: str, missing: tuple[File, ...]) -> str:
    lines = "".join(f"\n{file.filename} is not here: the ticket system did not take it." for file in missing)
    return f"{text}\n{lines}" if missing else text
