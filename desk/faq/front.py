"""What stands above an article between two lines of `---`: its title, summary, category and tags, in YAML."""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Final

from config.document import Document, read_yaml
from config.problems import ConfigError, Problem

_END: Final = re.compile(r"^---[ \t]*$", re.MULTILINE)
_KEYS: Final = ("id", "language", "title", "summary", "category", "tags")
_LONGEST: Final = {"title": 150, "summary": 300, "category": 60, "id": 60, "language": 2}
_TAGS, _TAG = 20, 40
_ID: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """`id` and `language` are None where only the file's name says them; `body` begins after line `above`."""

    id: str | None
    language: str | None
    title: str
    summary: str
    category: str
    tags: tuple[str, ...]
    body: str
    above: int


def read_front(text: str, name: str) -> tuple[Front, Document]:
    """The parts of a file that `name` calls in messages. Raises `ConfigError`."""
    text = text.replace("\r\n", "\n").removeprefix("\ufeff")
    ends = list(_END.finditer(text))[:2]
    if len(ends) < 2 or ends[0].start() != 0:  # noqa: PLR2004  # it begins and ends
        hint = "an article begins with ---, then title: …, then ---"
        raise ConfigError([Problem(name, 1, 1, "", "does not begin with its title", hint)])
    # The empty line stands for the first ---, so that lines are those of the file.
    document = read_yaml("\n" + text[ends[0].end() + 1 : ends[1].start()], name)
    reader = _Reader(document)
    front = Front(
        id=reader.text("id", _is_id) or None,
        language=reader.text("language") or None,
        title=reader.text("title", needed=True),
        summary=reader.text("summary"),
        category=reader.text("category"),
        tags=reader.tags(),
        body=text[ends[1].end() :].removeprefix("\n"),
        above=text.count("\n", 0, ends[1].end()) + 1,
    )
    reader.finish(_KEYS)
    return front, document


def _is_id(text: str) -> str | None:
    return None if _ID.fullmatch(text) else "must be of a to z, 0 to 9, - and _"


class _Reader:
    """Reads values and keeps what is wrong with them."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._problems: list[Problem] = []
        self._data: dict[str, Any] = document.data if isinstance(document.data, dict) else {}

    def text(self, key: str, check: Callable[[str], str | None] | None = None, *, needed: bool = False) -> str:
        value = self._data.get(key)
        if value is None:
            if needed:
                self._problems.append(self._document.problem((), f"has no {key}", f"write {key}: …"))
            return ""
        text = " ".join(str(value).split()) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
        if not text:
            self._wrong(key, "must be a text")
        elif len(text) > _LONGEST[key]:
            self._wrong(key, f"has {len(text)} characters", f"at most {_LONGEST[key]}")
        elif check is not None and (told := check(text)) is not None:
            self._wrong(key, told)
        return text

    def tags(self) -> tuple[str, ...]:
        given = self._data.get("tags") or []
        if not isinstance(given, list) or not all(isinstance(one, str | int) and 0 < len(str(one)) <= _TAG for one in given):
            self._wrong("tags", "must be a list of words", f"[reso, rimborso], each of at most {_TAG} characters")
            return ()
        if len(given) > _TAGS:
            self._wrong("tags", f"has {len(given)} words", f"at most {_TAGS}")
        return tuple(str(one) for one in given)

    def finish(self, known: Collection[str]) -> None:
        """Raises `ConfigError` with everything that is wrong."""
        for key in self._data.keys() - set(known):
            hint = f"an article has {', '.join(known)}"
            self._problems.append(self._document.problem((key,), "is nothing that an article has", hint, key=True))
        if self._problems:
            raise ConfigError(self._problems)

    def _wrong(self, key: str, message: str, hint: str | None = None) -> None:
        self._problems.append(self._document.problem((key,), message, hint))
