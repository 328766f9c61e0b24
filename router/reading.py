"""A place in a rules document, with the questions its readers ask; what is wrong goes into one shared list."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

from config.document import Document, Loc, Problem, dotted

_NOWHERE: Final[Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True)
class Source:
    """One rules file while it is read: its document, its lines as written, and the list that collects what is wrong."""

    document: Document
    lines: Sequence[str]
    problems: list[Problem]


@dataclass(frozen=True, slots=True)
class Node:
    """A value of the document and where it stands. A question that is not answered has been reported, and gives None."""

    source: Source
    loc: Loc
    value: Any

    def fail(self, message: str, hint: str | None = None, *, key: bool = False) -> None:
        """Report a problem at the value, or at the key it stands under."""
        self.source.problems.append(self.source.document.problem(self.loc, message, hint, key=key))

    def fail_inside(self, line: int, column: int, message: str, hint: str | None = None) -> None:
        """Report a problem at a line and column inside the text (from 1), or at its start where YAML reshaped it."""
        document = self.source.document
        line, column = self._inside(line, column) or document.position(self.loc)
        self.source.problems.append(Problem(document.name, line, column, dotted(self.loc), message, hint))

    def _inside(self, line: int, column: int) -> tuple[int, int] | None:
        start_line, start_column = self.source.document.position(self.loc)
        wanted = str(self.value).split("\n")[line - 1]
        first = self.source.lines[start_line - 1][start_column - 1 :]
        block = first.startswith(("|", ">"))
        row = start_line + line - (0 if block else 1)
        written = self.source.lines[row - 1] if row <= len(self.source.lines) else ""
        offset = written.find(wanted, 0 if block or line > 1 else start_column - 1)
        return (row, offset + column) if offset >= 0 else None

    @property
    def place(self) -> tuple[str, int, int]:
        """File, line and column: of the key, or of the item in a list."""
        return (self.source.document.name, *self.source.document.position(self.loc, key=True))

    def child(self, part: str | int) -> "Node":
        return Node(self.source, (*self.loc, part), self.value[part])

    def mapping(self, known: Collection[str] | None = None, elsewhere: Mapping[str, str] = _NOWHERE) -> Mapping[str, "Node"]:
        """The entries of a mapping; empty where it is none. With `known`, any other key is an error.

        `elsewhere` has a hint for keys that belong to another place.
        """
        if not isinstance(self.value, dict):
            self.fail("must be a mapping of names to values")
            return {}
        children = {key: self.child(key) for key in self.value}
        if known is None:
            return children
        for key in children.keys() - set(known):
            children.pop(key).fail("unknown key", elsewhere.get(key) or suggestion(key, known), key=True)
        return children

    def items(self) -> Iterator["Node"]:
        """The items of a list; nothing where it is none."""
        if not isinstance(self.value, list):
            self.fail("must be a list")
            return
        for index in range(len(self.value)):
            yield self.child(index)

    def one_or_many(self) -> list["Node"]:
        """The items of a list, or the value alone; an empty list is an error."""
        if not isinstance(self.value, list):
            return [self]
        if not self.value:
            self.fail("is an empty list", "name at least one value, or leave the key out")
        return list(self.items())

    def text(self) -> str | None:
        """A text that is not blank."""
        if not isinstance(self.value, str):
            self.fail(f"must be text, not {_kind(self.value)}", "put the value in quotes" if _quotable(self.value) else None)
        elif not self.value.strip():
            self.fail("is empty")
        else:
            return self.value
        return None

    def texts(self) -> tuple[str, ...]:
        """One text or a list of them, without repeats; those that are none have been reported."""
        found = (item.text() for item in self.one_or_many())
        return tuple(dict.fromkeys(text for text in found if text is not None))

    def flag(self) -> bool | None:
        if isinstance(self.value, bool):
            return self.value
        self.fail(f"must be true or false, not {_kind(self.value)}")
        return None

    def name_in(self, names: Collection[str], what: str, hint: str | None = None) -> str | None:
        """One of the declared `names`; `what` says what they name, and `hint` what to do where none is suggested."""
        name = self.text()
        if name is None or name in names:
            return name
        self.fail(f"there is no {what} {name!r}", suggestion(name, names) or hint)
        return None


def suggestion(word: str, known: Collection[str]) -> str | None:
    """A hint with the nearest known word, or with all where there are few."""
    near = get_close_matches(word, known, n=1, cutoff=0.7)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"known: {', '.join(sorted(known))}" if 0 < len(known) <= 16 else None  # noqa: PLR2004 - a line's worth


def _kind(value: object) -> str:
    kinds = {bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "a mapping", str: "text"}
    return kinds.get(type(value), "nothing")


def _quotable(value: object) -> bool:
    return isinstance(value, bool | int | float)
