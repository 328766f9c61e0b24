"""Settings from a YAML file, overrides from the environment, secrets from references, checked by a pydantic model.

In two steps, because where secrets lie is itself a setting:

    document = read(path, environ)
    folder = Path(document.get("data", "path", default="data")) / "secrets"
    settings = document.validate(Settings, secrets_folder=folder, make_secrets=True)

Everything that is wrong is reported at once, and no message holds a configured value.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from config import overrides
from config.document import ConfigError, Document, Loc, Problem, dotted
from config.files import named_files
from config.overrides import Override
from config.parse import parse, read_text
from config.secrets import References, Unresolved
from config.shape import Kind, kinds, known_keys
from config.wording import word

M = TypeVar("M", bound=BaseModel)


@dataclass
class SettingsDocument(Document):
    """A document with the overrides of the environment laid over it. Problems are kept until `validate` reports all."""

    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    overrides: Mapping[Loc, Override] = field(default_factory=dict, repr=False)
    problems: tuple[Problem, ...] = ()

    def get(self, *path: str | int, default: Any = None) -> Any:
        """The value at `path`, a text with its `${NAME}` replaced. Raises ConfigError where a variable is not set."""
        value = super().get(*path, default=default)
        if not isinstance(value, str) or self._override(path) is not None:
            return value
        try:
            return References(environ=self.environ, folder=Path()).interpolate(value)
        except Unresolved as unresolved:
            raise ConfigError([self.problem(path, unresolved.message, unresolved.hint)]) from unresolved

    def problem(self, loc: Loc, message: str, hint: str | None = None, *, key: bool = False) -> Problem:
        """A problem at `loc`: with its place in the file, or with the name of the variable that put it there."""
        override = self._override(loc) or self._maker(loc)
        if override is not None:
            return Problem(override.variable, None, None, dotted(loc), message, hint)
        return super().problem(loc, message, hint, key=key)

    def validate(self, model: type[M], *, secrets_folder: Path, make_secrets: bool = False, at: Loc = ()) -> M:
        """The settings at `at` (the whole document by default) as a `model`.

        Relative `file:` secrets lie below `secrets_folder`; with `make_secrets` missing ones are made there. Values
        the model types as `Any` or `object` are handed on untouched, references and all, to be validated with `at`.
        Files that a field marked with `FileMark` names are read, each with the places of its own problems.
        Raises ConfigError with every problem of file, variables, references and values.
        """
        references = References(environ=self.environ, folder=secrets_folder, make=make_secrets)
        data = copy.deepcopy(super().get(*at))
        data = {} if data is None else data
        wanted = kinds(model, data) if isinstance(data, dict | list) else {}
        unresolved = self._resolve(wanted, data, at, references)
        elsewhere = include(model, data, Path(self.name).parent)
        settings, errors = _validated(model, data)
        explained = [self._explain(error, model, data, at, references) for error in errors]
        problems = [*self.problems, *unresolved.values(), *(one for told in elsewhere.values() for one in told)]
        known_bad = [*unresolved, *((*at, *loc) for loc in elsewhere)]
        problems += [problem for loc, problem in explained if not any(loc[: len(bad)] == bad for bad in known_bad)]
        if settings is None or problems:
            raise ConfigError(problems)
        return settings

    def _resolve(self, wanted: Mapping[Loc, Kind], data: Any, at: Loc, references: References) -> dict[Loc, Problem]:
        """Replace references in `data` in place; what could not be replaced, by its way from the root."""
        problems: dict[Loc, Problem] = {}
        for inner, kind in wanted.items():
            loc = (*at, *inner)
            container = _walk(data, inner[:-1])
            value = container[inner[-1]]
            override = self._override(loc)
            try:
                if kind is Kind.TEXT and override is None:
                    container[inner[-1]] = references.interpolate(value)
                elif kind is not Kind.TEXT and isinstance(value, str | int | float):
                    text = value if isinstance(value, str) else self._as_set(loc, value)
                    container[inner[-1]] = references.secret(text, url=kind is Kind.URL, literal=override is not None)
            except Unresolved as unresolved:
                problems[loc] = self.problem(loc, unresolved.message, unresolved.hint)
        return problems

    def _explain(self, error: ErrorDetails, model: type[M], data: Any, at: Loc, references: References) -> tuple[Loc, Problem]:
        """An error of pydantic as a problem, with the way from the root to what it is about."""
        inside = self.present((*at, *error["loc"][:-1]))[len(at) :]
        known = known_keys(model, data, inside) if error["type"] == "extra_forbidden" else ()
        worded = word(error, known, references.seen)
        loc = self.present((*at, *worded.loc))
        if worded.is_missing:
            loc = (*self.present((*at, *worded.loc[:-1])), worded.loc[-1])
        return loc, self.problem(loc, worded.message, worded.hint, key=worded.at_key)

    def _as_set(self, loc: Loc, value: Any) -> str:
        """A secret that reads as a number, as it was set: `0042` is not 42."""
        override = self.overrides.get(loc)
        return str(value) if override is None else override.text

    def _override(self, loc: Loc) -> Override | None:
        """The variable that set the value at `loc`, or something `loc` is inside of."""
        return next((self.overrides[loc[:end]] for end in range(len(loc), 0, -1) if loc[:end] in self.overrides), None)

    def _maker(self, loc: Loc) -> Override | None:
        """The variable that made the section `loc` is in, where the file has no such section."""
        for end in range(1, len(loc) + 1):
            if not self.in_file(loc[:end]):
                return next((self.overrides[way] for way in self.overrides if way[:end] == loc[:end]), None)
        return None


def read(path: Path, environ: Mapping[str, str]) -> SettingsDocument:
    """Read a YAML file and lay the `REGIA__…` variables of `environ` over it. Raises ConfigError where it is not YAML."""
    name = str(path)
    root, data, problems = parse(read_text(path, name), name)
    if data is not None and not isinstance(data, dict):
        raise ConfigError([Problem(name, 1, 1, "", "must be a mapping of keys to values")])
    document = SettingsDocument(name, data or {}, root, environ=environ)
    document.overrides, misplaced = overrides.apply(document, environ)
    document.problems = (*problems, *misplaced)
    return document


def include(model: type[BaseModel], data: Any, folder: Path) -> dict[Loc, tuple[Problem, ...]]:
    """Put the contents of the files that `data` names for `model` in the place of their names.

    Gives what is wrong with them, by the way to the field. `folder` is where relative paths start. Such a file is the same
    wherever it lies: it has no variables of its own.
    """
    problems: dict[Loc, tuple[Problem, ...]] = {}
    for loc, (path, mark) in named_files(model, data, folder).items():
        try:
            _walk(data, loc[:-1])[loc[-1]] = read_included(path, mark.model)
        except ConfigError as error:
            problems[loc] = error.problems
    return problems


def read_included(path: Path, model: type[M]) -> M:
    """A file that holds a `model` and refers to nothing. Raises ConfigError."""
    return read(path, _NoVariables()).validate(model, secrets_folder=path.parent)


class _NoVariables(dict[str, str]):
    """The environment of a file that must not depend on it."""

    def get(self, _key: str, _default: Any = None) -> Any:
        raise Unresolved("this file has no variables of its own", "write the value itself, or $${ for the characters")


def load(
    path: Path,
    model: type[M],
    *,
    environ: Mapping[str, str],
    secrets_folder: Path | None = None,
    make_secrets: bool = False,
) -> M:
    """`read` and `validate` in one step; relative `file:` secrets lie beside the file unless a folder is given."""
    document = read(path, environ)
    return document.validate(model, secrets_folder=secrets_folder or path.parent, make_secrets=make_secrets)


def _validated(model: type[M], data: Any) -> tuple[M | None, list[ErrorDetails]]:
    try:
        return model.model_validate(data), []
    except ValidationError as error:
        return None, error.errors(include_url=False)


def _walk(data: Any, loc: Loc) -> Any:
    for part in loc:
        data = data[part]
    return data
