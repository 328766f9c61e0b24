"""The file of rows that were not taken, or not all of them: as they stand in the list, with the line and the reason. What
could not be read at all stands as it is in a column of its own, so that nobody takes it for an address."""

import csv
import io
import os
from collections.abc import Iterable
from pathlib import Path

from regia.lists.sheet import REJECTED, Record, Sheet


class Rejects:
    """Made with the first row. `length` is how many bytes of it are sure to be there."""

    def __init__(self, sheet: Sheet, path: Path, length: int = 0) -> None:
        self._sheet = sheet
        self._columns = [name for name in sheet.columns if name not in REJECTED]
        self.path = path
        self.length = length

    @classmethod
    def beside(cls, sheet: Sheet) -> "Rejects":
        """In a file of its own beside the list: none that is there already is written over."""
        number, path = 1, sheet.path.with_suffix(".rejects.csv")
        while path.exists():
            number += 1
            path = sheet.path.with_suffix(f".rejects-{number}.csv")
        return cls(sheet, path)

    def write(self, rows: Iterable[tuple[Record, str]]) -> None:
        """Add rows with their reasons; they are on the disk afterwards. What was written behind `length` before is written
        over."""
        text = io.StringIO(newline="")
        writer = csv.writer(text, delimiter=self._sheet.delimiter)
        for record, reason in rows:
            if self.length == 0 and text.tell() == 0:
                writer.writerow([*self._columns, *REJECTED])
            cells = record.cells or {"reject_text": record.text}
            own = [cells.get(name, "") for name in self._columns]
            writer.writerow([*own, record.line, reason, cells.get("reject_text", "")])
        # With its mark, since spreadsheets take a file without one for Windows-1252.
        content = text.getvalue().encode("utf-8" if self.length else "utf-8-sig")
        if text.tell():
            with self.path.open("r+b" if self.path.exists() else "wb") as file:
                file.truncate(self.length)
                file.seek(self.length)
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            self.length += len(content)
