"""What is wrong with a configuration, said without the values that are in it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

Loc: TypeAlias = tuple[str | int, ...]
"""A way into a document: mapping keys and list indices, as in the errors of pydantic."""

_SHOWN_MAX: Final = 400


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to repair. `file` is a file, or the environment variable that set the value; then there is no line.

    `line` and `column` count from 1. `key` is the dotted path, empty for the whole file. Neither `message` nor `hint`
    ever holds a configured value: it may be a secret.
    """

    file: str
    line: int | None
    column: int | None
    key: str
    message: str
    hint: str | None = None

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}:{self.column or 1}"
        key = f"{_cut(self.key)}: " if self.key else ""
        hint = f" ({_cut(self.hint)})" if self.hint else ""
        return f"{place}: {key}{_cut(self.message)}{hint}"


class ConfigError(Exception):
    """A configuration that cannot be used, with everything that is wrong with it: one line a problem, in file order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        unique = dict.fromkeys(problems)
        self.problems: tuple[Problem, ...] = tuple(sorted(unique, key=_reading_order))
        super().__init__("\n".join(map(str, self.problems)))


def _cut(text: str) -> str:
    """The text as it is shown: a name of a megabyte would hide all else."""
    return text if len(text) <= _SHOWN_MAX else f"{text[: _SHOWN_MAX // 2]}…{text[-_SHOWN_MAX // 2 :]}"


def _reading_order(problem: Problem) -> tuple[str, int, int]:
    return problem.file, problem.line or 0, problem.column or 0


def dotted(loc: Loc) -> str:
    """`connectors.site-form.fields[2].type`, as a person would write it."""
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
