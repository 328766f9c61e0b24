"""The rule files that a configuration names, read together or anew."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

from config.parse import read_text
from config.problems import ConfigError, Problem
from regia.rules.live import EVERY_BRAND, Rules
from regia.settings import Source, open_settings
from router.load import load, ruleset_hash
from router.ruleset import Ruleset

Role = Literal["live", "shadow"]
Slot = tuple[Role, str]
Stamp = tuple[int, int, int, int]

_KEYS: Final[Mapping[Role, tuple[str, str]]] = {"live": ("rules", "brand_rules"), "shadow": ("shadow", "brand_shadow")}
"""The keys of the configuration: of every brand, and of brands by name."""


@dataclass(frozen=True, slots=True)
class RuleFile:
    """A file, and where the configuration names it."""

    path: Path
    at: tuple[str | int, ...]


def named(source: Source) -> dict[Slot, list[RuleFile]]:
    """The files of each version, as far as the configuration can be read: what is wrong with it, `Source.settings` says."""
    found: dict[Slot, list[RuleFile]] = {}
    for role, (every, by_brand) in _KEYS.items():
        sections: dict[str, tuple[tuple[str, ...], Any]] = {
            EVERY_BRAND: ((every,), source.document.get(every, default=[])),
        }
        of_brands = source.document.get(by_brand, default={})
        if isinstance(of_brands, dict):
            sections |= {str(brand): ((by_brand, brand), names) for brand, names in of_brands.items()}
        for brand, (at, names) in sections.items():
            if isinstance(names, list) and (files := _files(source, at, names)):
                found[role, brand] = files
    return found


def read_rules(source: Source, known: Rules | None = None, *, roles: Sequence[Role] = ("live", "shadow")) -> Rules:
    """All versions that a configuration names, or only those of some roles. One that is in `known` is not loaded again.

    Raises `ConfigError` with the problems of all files; one that is used for several brands is told of once.
    """
    problems: list[Problem] = []
    loaded = {ruleset.hash: ruleset for ruleset in known or ()}
    found: dict[Role, dict[str, Ruleset]] = {"live": {}, "shadow": {}}
    for (role, brand), files in named(source).items():
        if role not in roles:
            continue
        try:
            sources = _texts(source, files)
            hash_ = ruleset_hash([text for _, text in sources])
            if hash_ not in loaded:
                loaded[hash_] = load(sources)
            found[role][brand] = loaded[hash_]
        except ConfigError as error:
            problems += [one for one in error.problems if one not in problems]
    if problems or ("live" in roles and EVERY_BRAND not in found["live"]):
        raise ConfigError(problems)
    return Rules(live=found["live"], shadow=found["shadow"])


class RuleFiles:
    """The rule files of a running gateway: whether they have changed, and what they say now. `check` says what is wrong with a
    configuration besides its values."""

    def __init__(self, config: Path, environ: Mapping[str, str], check: Callable[[Source], Sequence[Problem]]) -> None:
        self._config = config
        self._environ = dict(environ)
        self._check = check
        self._paths: list[Path] = []
        self._read = self._seen = self._look()

    def changed(self) -> bool:
        """Whether the files are others than when they were read, and have stayed so since the last look: whoever is writing
        them may not be done yet. Which files these are is looked up by `read` alone."""
        before, self._seen = self._seen, self._look()
        return self._seen == before and self._seen != self._read

    def read(self, known: Rules) -> tuple[Rules, ConfigError | None]:
        """Read which files the configuration names, and the files; with what is wrong with the shadow, which then is none.

        Raises `ConfigError`. What is wrong counts as read too, since it must change to become right: then also the
        configuration is looked at, where the mistake may be.
        """
        self._paths = list(dict.fromkeys((self._config, *self._paths)))
        self._read = self._seen = self._look()
        source = open_settings(self._config, self._environ)
        source.settings()
        if problems := self._check(source):
            raise ConfigError(problems)
        paths = list(dict.fromkeys(one.path for files in named(source).values() for one in files))
        self._paths = [self._config, *paths]
        self._read = self._seen = self._look()
        rules, wrong = read_rules(source, known, roles=("live",)), None
        try:
            rules = replace(rules, shadow=read_rules(source, known, roles=("shadow",)).shadow)
        except ConfigError as error:
            wrong = error
        self._paths = paths
        self._read = self._seen = {path: self._read[path] for path in paths}
        return rules, wrong

    def _look(self) -> dict[Path, Stamp | None]:
        """What tells one state of the files from another."""
        return {path: _stamp(path) for path in self._paths}


def _files(source: Source, at: tuple[str, ...], names: Sequence[object]) -> list[RuleFile]:
    folder = Path(source.document.name).parent
    return [RuleFile(folder / name, (*at, number)) for number, name in enumerate(names) if isinstance(name, str)]


def _texts(source: Source, files: Sequence[RuleFile]) -> list[tuple[str, str]]:
    texts: list[tuple[str, str]] = []
    problems: list[Problem] = []
    for file in files:
        try:
            texts.append((str(file.path), read_text(file.path, str(file.path))))
        except ConfigError as error:
            problems += [one if one.line else _at(source, file, one) for one in error.problems]
    if problems:
        raise ConfigError(problems)
    return texts


def _at(source: Source, file: RuleFile, problem: Problem) -> Problem:
    """What is wrong with a whole file, where the configuration names it."""
    return source.document.problem(file.at, f"{file.path} {problem.message}", problem.hint)


def _stamp(path: Path) -> Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino
