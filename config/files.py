"""Settings that stand in a file of their own: the loader puts the file's contents in the place of its name."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, Final

from pydantic import BaseModel

_ENDINGS: Final = frozenset({".yaml", ".yml"})


@dataclass(frozen=True, slots=True)
class FileMark:
    """Marks a field of a settings model whose value may be the path of a YAML file that holds a `model`."""

    model: type[BaseModel]


def is_path(value: object) -> bool:
    """Whether a text is a path and not a plain name: it has a folder or the ending of a YAML file."""
    return isinstance(value, str) and (PurePath(value).suffix in _ENDINGS or "/" in value)


def named_files(model: type[BaseModel], data: Any, folder: Path) -> Mapping[str, tuple[Path, FileMark]]:
    """The files that `data` names for fields of `model` itself. Relative paths start at `folder`."""
    if not isinstance(data, dict):
        return {}
    marks = {name: mark for name, field in model.model_fields.items() for mark in field.metadata if isinstance(mark, FileMark)}
    return {name: (folder / data[name], mark) for name, mark in marks.items() if is_path(data.get(name))}
