"""Tables of docs/bridges-http.md: what a description of a ticket system may say."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, get_args

from pydantic import BaseModel

from connectors.declared.query import Query
from desk.bridges.described import requests
from desk.bridges.described.checks import WORDS
from desk.bridges.described.description import LACKS, Description, Files, Settings, Value
from desk.bridges.described.moments import Times


def _table(*models: type[BaseModel], but: type[BaseModel] | None = None) -> str:
    """Key, default and meaning of the models' keys; without those of another model."""
    known = set() if but is None else set(but.model_fields)
    lines = ["| key | default | meaning |", "| --- | --- | --- |"]
    for model in models:
        for name, field in model.model_fields.items():
            if name not in known and field.description is not None:
                empty = field.default in (None, "", (), {}) or isinstance(field.default, BaseModel)
                shown = "**needed**" if field.is_required() else "" if empty else f"`{field.default}`"
                kind = "Expression. " if Query in _parts(field.annotation) else ""
                meaning = f"{kind}{field.description.rstrip('.')}".replace("|", "\\|")
                lines.append(f"| `{field.alias or name}` | {shown} | {meaning} |")
    return "\n".join(lines)


def _parts(annotation: Any) -> Iterator[Any]:
    yield annotation
    for part in get_args(annotation):
        yield from _parts(part)


def _placeholders() -> str:
    lines = ["| in | placeholders |", "| --- | --- |"]
    for name, words in WORDS.items():
        lines.append(
            f"| `{'files.upload' if name == 'upload' else name}` | {', '.join(f'`{{{one}}}`' for one in sorted(words))} |"
        )
    return "\n".join(lines)


def _lacks() -> str:
    return "\n".join(["| what | then |", "| --- | --- |", *(f"| `{name}` | {says} |" for name, says in LACKS.items())])


TABLES: Final[Mapping[str, Callable[[], str]]] = {
    "described": lambda: _table(Description),
    "described settings": lambda: _table(Settings, Value),
    "described request": lambda: _table(requests.Request),
    "described outcome": lambda: _table(requests.Outcome),
    "described list": lambda: _table(requests.Listing, but=requests.Request),
    "described pages": lambda: _table(requests.Pages),
    "described find": lambda: _table(requests.Find, but=requests.Listing),
    "described holds": lambda: _table(requests.Holds, but=requests.Listing),
    "described changed": lambda: _table(requests.ChangedList, but=requests.Listing),
    "described written": lambda: _table(requests.Written, but=requests.Listing),
    "described files": lambda: _table(Files),
    "described times": lambda: _table(Times),
    "described placeholders": _placeholders,
    "described lacks": _lacks,
}
