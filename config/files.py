"""Settings that stand in a file of their own: the loader puts the file's contents in the place of its name."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, Final

from pydantic import BaseModel

from config.problems import Loc
from config.shape import marked

_ENDINGS: Final = frozenset({".yaml", ".yml"})


@dataclass(frozen=True, slots=True)
class FileMark:
    """Marks a field of a settings model whose value may be the path of a YAML file that holds a `model`."""

    model: type[BaseModel]


def is_path(value: object) -> bool:
    """Whether a text is a path and not a plain name: it has a folder or the ending of a YAML file."""
    return isinstance(value, str) and (PurePath(value).suffix in _ENDINGS or "/" in value)


def named_files(model: type[BaseModel], data: Any, folder: Path) -> Mapping[Loc, tuple[Path, FileMark]]:
    """The files that `data` names for marked fields of `model`, and of the models in it. Relative paths start at `folder`."""
    places = {loc: mark for loc, mark in marked(model, data, FileMark) if is_path(_at(data, loc))}
    return {loc: (folder / _at(data, loc), mark) for loc, mark in places.items()}


def _at(data: Any, loc: Loc) -> Any:
    for part in loc:
        data = data[part]
    return data
