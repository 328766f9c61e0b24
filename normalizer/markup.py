"""HTML to text as a person reads it, and HTML made safe to show."""

import re
from collections.abc import Mapping
from html import unescape
from typing import Final
from urllib.parse import unquote

import nh3
from selectolax.lexbor import LexborHTMLParser, LexborNode

from normalizer.text import clean
from normalizer.writer import Writer

MAX_HTML: Final = 1_000_000
"""Characters of HTML that are looked at."""
_MAX_DEPTH: Final = 400
_MAX_COPIES: Final = 2_000_000
_MAX_TAG: Final = 4000
"""Characters of a tag beside its quoted values (which may hold a whole picture)."""

# ruff: noqa: SIM905  # tags are listed in lines rather than in columns
_HIDDEN: Final = frozenset(
    "head style script title template noscript object svg math select datalist -comment -doctype".split()
)
_PARAGRAPHS: Final = frozenset("p ul ol dl pre h1 h2 h3 h4 h5 h6 table blockquote figure fieldset".split())
_BLOCKS: Final = _PARAGRAPHS | frozenset(
    "div section article header footer main nav aside address form center li dt dd tr caption figcaption hr legend".split()
)
_CELLS: Final = frozenset(("td", "th"))
_FORMATTING: Final = frozenset("a b big code em font i nobr s small strike strong tt u".split())
_CLOSED_BY_OTHERS: Final = frozenset(
    "area base br col embed hr img input link meta source wbr p li td th tr dt dd option thead tbody tfoot".split()
)

_SCHEMES: Final = frozenset(("http", "https", "mailto", "tel", "cid"))

_TAG: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:]{0,20})")
_WHOLE_TAG: Final = re.compile(r"""<[a-zA-Z](?>[^"'>]+|"[^"]*"|'[^']*')*+""")
_VALUE: Final = re.compile(r"""\"[^"]*"|'[^']*'""")
_ANY_TAG: Final = re.compile(r"<[^<>]{0,2000}>")
_BLANKS: Final = re.compile(r"[ \t\r\f]+")
_NOT_SHOWN: Final = re.compile(r"display\s{0,3}:\s{0,3}none|mso-hide\s{0,3}:\s{0,3}all", re.IGNORECASE)


def html_to_text(html: str, images: Mapping[str, str] | None = None) -> str:
    """Plain text: paragraphs and rows as lines, lists with marks, links with their address, quotes behind `> `, pictures
    as `[image: …]` with their description or the name that `images` gives for their `cid:`.

    HTML that is built to be slow (see `_tangled`) only loses its tags. Never raises for any input.
    """
    html = html[:MAX_HTML]
    if _tangled(html):
        return clean("\n".join(line.strip(" ") for line in _BLANKS.sub(" ", _ANY_TAG.sub(" ", html)).split("\n")))
    root = LexborHTMLParser(html).root
    writer = Writer(images=images or {})
    if root is not None:
        _walk(root, writer)
    return clean(writer.text())


def sanitise_html(html: str) -> str | None:
    """HTML without scripts, style sheets, forms, frames and event handlers; links open apart and tell no referrer.

    Pictures that came with the mail keep their place (`src="cid:…"`). Those on foreign servers lose their address, for
    fetching them tells who reads the mail and when; their description stays.
    None where it is too large or too tangled to be cleaned in reasonable time.
    """
    if len(html) > MAX_HTML or _tangled(html):
        return None
    return nh3.clean(
        _without_hidden(html),
        link_rel="noopener noreferrer nofollow",
        url_schemes=_SCHEMES,
        url_relative="deny",
        attribute_filter=_local,
    )


def _without_hidden(html: str) -> str:
    """Without what a mail program does not show: `html` then says what `text` says. Styles go when it is cleaned, and what
    they hid would be seen."""
    if not _NOT_SHOWN.search(unescape(html)):
        return html
    tree = LexborHTMLParser(html)
    for node in tree.css("[style]"):
        if _hidden(node):
            node.decompose()
    return tree.html or ""


def _local(tag: str, attribute: str, value: str) -> str | None:
    """The value, or None to leave the attribute out: no address in a mail stands for a place of ours."""
    if tag == "img" and attribute == "src" and not value.strip().lower().startswith("cid:"):
        return None
    return None if attribute == "cite" else value


def _tangled(html: str) -> bool:
    """Whether the tree would grow out of proportion.

    Both libraries take quadratic time for deep nesting (100,000 open `div`: 40 s), and HTML's rules copy every
    formatting element that was left open into each following block. A tag with thousands of attributes is as bad.
    """
    depth = formatting = copies = 0
    if any(len(tag) > _MAX_TAG and len(_VALUE.sub("", tag)) > _MAX_TAG for tag in _WHOLE_TAG.findall(html)):
        return True
    for closing, name in _TAG.findall(html):
        tag = name.lower()
        if tag not in _CLOSED_BY_OTHERS:
            step = -1 if closing else 1
            depth = max(0, depth + step)
            if tag in _FORMATTING:
                formatting = max(0, formatting + step)
        copies += formatting
        if depth > _MAX_DEPTH or copies > _MAX_COPIES:
            return True
    return False


def _walk(root: LexborNode, writer: Writer) -> None:
    """Depth first without recursion, with a word at the beginning and at the end of every element."""
    node: LexborNode | None = root
    stack: list[tuple[LexborNode, int]] = []
    while node is not None:
        child = None
        if node.tag == "-text":
            writer.words(node.text_content or "")
        elif not _hidden(node):
            child = node.first_child
            _enter(node, writer)
            if child is not None:
                stack.append((node, len(writer.pieces)))
                node = child
                continue
            _leave(node, writer, len(writer.pieces))
        following = node.next
        while following is None and stack:
            parent, start = stack.pop()
            _leave(parent, writer, start)
            following = parent.next
        node = following


def _hidden(node: LexborNode) -> bool:
    if node.tag in _HIDDEN:
        return True
    style = node.attributes.get("style")
    return bool(style and _NOT_SHOWN.search(style))


def _enter(node: LexborNode, writer: Writer) -> None:
    tag = node.tag or ""
    if tag == "br":
        writer.line_feed()
    elif tag == "img":
        _image(node, writer)
    if tag in _BLOCKS:
        writer.break_line(2 if tag in _PARAGRAPHS and not writer.lists else 1)
    if tag == "blockquote":
        writer.quote += 1
    elif tag == "pre":
        writer.preformatted += 1
    elif tag in ("ul", "ol"):
        writer.lists.append(0 if tag == "ol" else None)
    elif tag == "li":
        _item(writer)
    elif tag in _CELLS:
        writer.words(" ")


def _leave(node: LexborNode, writer: Writer, start: int) -> None:
    tag = node.tag or ""
    if tag == "a":
        _link(node, writer, "".join(writer.pieces[start:]).strip())
    if tag == "blockquote":
        writer.quote -= 1
    elif tag == "pre":
        writer.preformatted -= 1
    elif tag in ("ul", "ol") and writer.lists:
        writer.lists.pop()
    elif tag in _CELLS:
        writer.words(" ")
    if tag in _BLOCKS:
        writer.break_line(2 if tag in _PARAGRAPHS and not writer.lists else 1)


def _item(writer: Writer) -> None:
    number = writer.lists[-1] if writer.lists else None
    if writer.lists and number is not None:
        writer.lists[-1] = number + 1
    writer.words("- " if number is None else f"{number + 1}. ")


def _link(node: LexborNode, writer: Writer, label: str) -> None:
    """The address behind a link, where its words do not say it already."""
    target = (node.attributes.get("href") or "").strip()
    if not label or not target.lower().startswith(("http://", "https://", "mailto:", "tel:")):
        return
    bare = re.sub(r"^(?:mailto:|tel:|https?://(?:www\.)?)", "", target, flags=re.IGNORECASE).rstrip("/")
    if bare.lower() not in label.lower():
        writer.words(f" ({target[:2000]})")


def _image(node: LexborNode, writer: Writer) -> None:
    """A picture in the text: its description; one that came with the mail also without, to mark its place."""
    shown = " ".join((node.attributes.get("alt") or "").split())[:200]
    scheme, _, name = (node.attributes.get("src") or "").strip().partition(":")
    attached = scheme.lower() == "cid"
    if attached and not shown:
        shown = writer.images.get(name) or writer.images.get(unquote(name)) or ""
    if shown or attached:
        writer.words(f" [image: {shown}] " if shown else " [image] ")
