"""Reads the folder of a FAQ: one file an article and language, `returns.it.md`, and the pictures they show."""

import hashlib
import os
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from config.problems import ConfigError, Problem
from desk.faq.front import Front, read_front
from desk.faq.library import Article, Image, Library
from desk.faq.markup import first_words, render
from normalizer.advice import Language
from normalizer.sniffing import sniff

PICTURES: Final = ("image/png", "image/jpeg", "image/gif", "image/webp")
"""Types that are served: none of them can hold a script."""
_ENDINGS: Final = (".png", ".jpg", ".jpeg", ".gif", ".webp")
_NAME: Final = re.compile(r"(?P<id>[a-z0-9][a-z0-9_-]{0,59})(?:\.(?P<language>[a-z]{2}))?\.md")
_MOST_FILES: Final = 5_000
_LARGEST_ARTICLE: Final = 200_000
_LARGEST_PICTURE: Final = 2_000_000
_SUMMARY: Final = 180
"""Characters of the body that stand for a summary."""

Stamp = tuple[str, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What the configuration says of a FAQ. `categories` are those there are, any where it names none; pictures are served
    below `pictures`, a path that ends with a slash."""

    folder: Path
    languages: tuple[Language, ...]
    categories: Collection[str]
    pictures: str


def stamps(folder: Path) -> tuple[Stamp, ...]:
    """What tells one state of a folder from another."""
    found = []
    for path in _files(folder):
        try:
            state = path.stat()
        except OSError:
            continue
        found.append((str(path), state.st_mtime_ns, state.st_size, state.st_ino))
    return tuple(found)


def read_folder(declared: Declared) -> tuple[Library, list[Problem]]:
    """The articles that are right, and what is wrong with the others, by file and line."""
    problems: list[Problem] = []
    files = list(_files(declared.folder))
    if len(files) == _MOST_FILES:
        told = f"has more than {_MOST_FILES:,} files"
        problems.append(Problem(str(declared.folder), None, None, "", told, "the others are not looked at"))
    images = dict(_images(declared.folder, files))
    articles: dict[tuple[str, Language], Article] = {}
    for path in files:
        if path.suffix != ".md":
            continue
        try:
            article = _article(path, declared, images)
        except ConfigError as error:
            problems += error.problems
            continue
        if articles.setdefault((article.id, article.language), article) is not article:
            told = f"is another article {article.id!r} in the language {article.language!r}"
            problems.append(Problem(str(path), 1, 1, "", told, "rename one of the two"))
    return Library(declared.languages, articles, images), problems


def _files(folder: Path) -> Iterator[Path]:
    """Articles and pictures, in the order of their names; nothing hidden, and nothing that a link brings in from elsewhere."""
    count, root = 0, folder.resolve()
    for place, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(place, name)
            wanted = name.lower().endswith((".md", *_ENDINGS)) and not name.startswith(".")
            if wanted and path.resolve().is_relative_to(root):
                yield path
                count += 1
                if count == _MOST_FILES:
                    return


def _images(folder: Path, files: Collection[Path]) -> Iterator[tuple[str, Image]]:
    """Those whose bytes are what may be served."""
    for path in files:
        if path.suffix == ".md":
            continue
        content = _content(path, _LARGEST_PICTURE)
        kind = sniff(content, None) if content else ""
        if kind in PICTURES:
            name = path.relative_to(folder.resolve()).as_posix()
            version = hashlib.sha256(content).hexdigest()[:12]
            yield name, Image(path=path, content_type=kind, version=version)


def _content(path: Path, most: int) -> bytes:
    """The bytes; none where it is larger, or cannot be read."""
    try:
        return path.read_bytes() if path.stat().st_size <= most else b""
    except OSError:
        return b""


def _article(path: Path, declared: Declared, images: dict[str, Image]) -> Article:
    """Raises `ConfigError`."""
    content = _content(path, _LARGEST_ARTICLE)
    if not content:
        told = "is empty, cannot be read, or is too large"
        raise ConfigError([Problem(str(path), None, None, "", told, f"at most {_LARGEST_ARTICLE:,} bytes")])
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError([Problem(str(path), line, 1, "", "is not UTF-8", "save it as UTF-8")]) from None
    front, document = read_front(text, str(path))
    id_, language = _named(path, front, declared)
    if declared.categories and front.category not in declared.categories:
        hint = f"one of {', '.join(declared.categories)}"
        raise ConfigError([document.problem(("category",), "is no category of this FAQ", hint)])

    def picture(name: str) -> str | None:
        image = images.get(name.removeprefix("./"))
        return None if image is None else f"{declared.pictures}{name.removeprefix('./')}?v={image.version}"

    made = render(front.body, picture)
    if made.wrong:
        raise ConfigError(Problem(str(path), front.above + one.line, 1, "", one.message, one.hint) for one in made.wrong)
    return Article(
        id=id_,
        language=language,
        title=front.title,
        summary=front.summary or first_words(made.words, _SUMMARY),
        category=front.category,
        tags=front.tags,
        html=made.html,
        words=made.words,
    )


def _named(path: Path, front: Front, declared: Declared) -> tuple[str, Language]:
    """Id and language: what stands in the file, or in its name. Raises `ConfigError`."""
    name = _NAME.fullmatch(path.name)
    if name is None and front.id is None:
        hint = "call it by its id and language, such as returns.it.md, or write id: and language:"
        raise ConfigError([Problem(str(path), 1, 1, "", "has a name that is no id", hint)])
    said = front.language or (name["language"] if name else None) or declared.languages[0]
    language = next((one for one in declared.languages if one == said), None)
    if language is None:
        hint = f"one of {', '.join(declared.languages)}"
        raise ConfigError([Problem(str(path), 1, 1, "", f"is in {said!r}, which this FAQ does not have", hint)])
    return front.id or (name["id"] if name else ""), language
