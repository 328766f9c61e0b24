"""Descriptions that ship with us, by name: one YAML file each."""

import difflib
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from pydantic import BaseModel

from config.files import is_path
from config.loader import read_included

M = TypeVar("M", bound=BaseModel)
EXAMPLES: Final = Path(__file__).parent / "examples"


class Shipped(Generic[M]):
    """Those in a folder of `config/examples`. Each is read once."""

    def __init__(self, folder: str, model: type[M]) -> None:
        self._folder = EXAMPLES / folder
        self._model = model
        self._read: dict[str, M] = {}

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(sorted(path.stem for path in self._folder.glob("*.yaml")))

    def get(self, name: str) -> M:
        """The description of that name. Raises ValueError, which lists the names there are."""
        if name not in self.names:
            close = difflib.get_close_matches(name, self.names, n=1)
            meant = f" (did you mean {close[0]}?)" if close else ""
            raise ValueError(f"is none of {', '.join(self.names)}, and no path: a path has a / or ends in .yaml{meant}")
        if name not in self._read:
            self._read[name] = read_included(self._folder / f"{name}.yaml", self._model)
        return self._read[name]

    def by_name(self, value: Any) -> Any:
        """A name as what it stands for; the loader has read the file of a path before a model sees the settings."""
        if is_path(value):
            raise ValueError("a path can only stand in a configuration file")
        return self.get(value) if isinstance(value, str) else value
