"""The table of the console's addresses for the documentation, out of the table that the console itself goes by."""

import inspect
import re

from regia.http.console.entry import Entry
from regia.http.console.table import ENTRIES


def console_table() -> str:
    """Every address with the least role, the act in the audit log, and what it is."""
    lines = ["| address | least role | in the audit log | what it is |", "| --- | --- | --- | --- |"]
    for entry in ENTRIES:
        if entry.path != "/{rest:.*}":
            path = re.sub(r":[^}]*", "", entry.path)
            act = f"`{entry.audit}`" if entry.audit else "no"
            lines.append(f"| `{entry.method} {path}` | {entry.role} | {act} | {_meaning(entry)} |")
    return "\n".join(lines)


def _meaning(entry: Entry) -> str:
    """The first sentence of the handler's docstring, behind the address it begins with."""
    text = " ".join((inspect.getdoc(entry.handler) or "").split())
    said = re.sub(r"^`[^`]*`:? ?", "", text)
    if not said:
        raise ValueError(f"{entry.path}: the handler does not say what it is")
    first = re.split(r"(?<=[.;]) ", said)[0].rstrip(".;")
    return (first[0].upper() + first[1:]).replace("|", "\\|")
