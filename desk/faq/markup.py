"""An article's Markdown as clean HTML. HTML in it is shown as text; links go to the web or to a mail address, pictures come
from the folder. What is made of it is cleaned once more by a short list of what may stand."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

_SCHEMES: Final = ("http:", "https:", "mailto:")
_TAGS: Final = frozenset(
    "p br hr h2 h3 h4 strong em s ul ol li blockquote code pre a img table thead tbody tr th td".split()  # noqa: SIM905  # one line
)
_ATTRIBUTES: Final = {"a": {"href", "title"}, "img": {"src", "alt", "title"}, "ol": {"start"}}
_HIGHEST, _LOWEST = 2, 4
"""Headings of an article, below that of its title: the highest that it uses becomes the highest of these."""

Picture = Callable[[str], str | None]
"""The address under which a picture of the folder is served; None where there is none of this name."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """What cannot stand in an article. `line` counts from 1 in its body."""

    line: int
    message: str
    hint: str


@dataclass(slots=True)
class Rendered:
    html: str = ""
    words: str = ""
    wrong: list[Wrong] = field(default_factory=list)


def render(source: str, picture: Picture) -> Rendered:
    """The body of an article."""
    tokens = _MARKDOWN.parse(source)
    lines = source.split("\n")
    made = Rendered()
    above = min((int(one.tag[1]) for one in tokens if one.type == "heading_open"), default=_HIGHEST) - _HIGHEST
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) - above, _LOWEST)}"
        for child in token.children or ():
            if (found := _wrong(child, picture)) is not None:
                told, part, hint = found
                made.wrong.append(Wrong(_line(token, lines, part), told, hint))
    made.words = " ".join(_words(tokens))
    if not made.wrong:
        html = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
        made.html = nh3.clean(
            html,
            tags=set(_TAGS),
            attributes={tag: set(names) for tag, names in _ATTRIBUTES.items()},
            url_schemes={"http", "https", "mailto"},
            link_rel="noopener noreferrer",
        )
    return made


def _wrong(token: Token, picture: Picture) -> tuple[str, str, str] | None:
    """What is wrong with a link or a picture, and by which part of the source its line is found. A picture gets its address."""
    if token.type == "link_open":
        href = str(token.attrs.get("href", ""))
        if not href.lower().startswith(_SCHEMES):
            return "has a link that leads nowhere", href, "links begin with https://, http:// or mailto:"
    if token.type == "image":
        name = str(token.attrs.get("src", ""))
        address = picture(name)
        if address is None:
            return "shows a picture that is not there", name, "PNG, JPEG, GIF or WebP in the folder of the FAQ, up to 2 MB"
        if not token.content.strip():
            return "shows a picture without words", name, "say what is to be seen: ![the label](label.png)"
        token.attrs["src"] = address
    return None


def _line(token: Token, lines: Sequence[str], part: str) -> int:
    first, after = token.map or (0, len(lines))
    return next((number for number in range(first, after) if part and part in lines[number]), first) + 1


def _words(tokens: Sequence[Token]) -> Iterator[str]:
    for token in tokens:
        if token.children:
            yield "".join(" " if one.type in ("softbreak", "hardbreak") else one.content for one in token.children)
        elif token.type in ("fence", "code_block"):
            yield token.content


def first_words(text: str, longest: int) -> str:
    """How a text begins, cut between words."""
    plain = re.sub(r"\s+", " ", text).strip()
    return plain if len(plain) <= longest else f"{plain[:longest].rsplit(' ', 1)[0]}…"


def _any_link(url: str) -> bool:
    return True


def _parser() -> MarkdownIt:
    made = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    # It leaves a link it does not trust as text, unseen: here every link is looked at, and a wrong one is an error.
    made.validateLink = _any_link  # type: ignore[method-assign]
    return made


_MARKDOWN: Final = _parser()
