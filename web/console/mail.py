"""The HTML of a mail as a page of its own, to be shown in a frame: it runs nothing, loads nothing from elsewhere, and says of
every link where it goes.

The last word has the sanitiser, which writes every byte of the body. Beside it stand the page's own policy and the frame's
sandbox: each alone would do.
"""

import base64
import hashlib
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

import nh3
from markupsafe import Markup
from selectolax.lexbor import LexborHTMLParser, LexborNode

from normalizer.markup import sanitise_html
from web.console.frame import Frame
from web.console.page import GUARDS

_SHOWN: Final = 60
"""Characters of a target behind its link; the whole stands in its title."""
_TO: Final = "to"
_TAGS: Final = nh3.ALLOWED_TAGS - {"map", "area"}
_PLACED: Final = {"align", "valign", "colspan", "rowspan"}

STYLE: Final = """
:root{color-scheme:light dark}
:root[data-theme=light]{color-scheme:light}
:root[data-theme=dark]{color-scheme:dark}
body{margin:12px 14px;font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;overflow-wrap:anywhere;
background:light-dark(#fff,#191e25);color:light-dark(#161b22,#e6eaef)}
a{color:light-dark(#1c5d87,#82b9de)}
.to{margin:0 .35em;font-size:.82em;color:light-dark(#56616e,#9aa6b3)}
img{max-width:100%;height:auto}
img:not([src]){display:inline-block;padding:.1em .5em;border:1px dashed light-dark(#8b96a3,#67727f);border-radius:4px;
font-size:.85em}
blockquote{margin:.6em 0;padding-left:.8em;border-left:3px solid light-dark(#d6dce3,#2c343e);color:light-dark(#56616e,#9aa6b3)}
table{max-width:100%;border-collapse:collapse}
td,th{vertical-align:top;padding:2px 4px}
pre{white-space:pre-wrap}
"""
_HASH: Final = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
_SANDBOX: Final = "allow-popups allow-popups-to-escape-sandbox"
"""What a frame may, and nothing else: open links in windows of their own."""

POLICY: Final = (
    f"sandbox {_SANDBOX}; default-src 'none'; style-src 'sha256-{_HASH}'; img-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'self'"
)


@dataclass(frozen=True, slots=True)
class Safe:
    """`remote`: pictures that would have been fetched from elsewhere, and are not."""

    html: str
    remote: int


def headers() -> dict[str, str]:
    """Of the answer that is the frame."""
    return {
        **GUARDS,
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": POLICY,
        "X-Frame-Options": "SAMEORIGIN",
        "Referrer-Policy": "no-referrer",
    }


def safe(html: str, images: Mapping[str, str]) -> Safe | None:
    """What may be shown of a mail's HTML. `images`: Content-ID to where the picture that came with the mail is loaded from.
    None where it cannot be cleaned in reasonable time."""
    first = sanitise_html(html)
    if first is None:
        return None
    tree = LexborHTMLParser(first)
    remote = sum(not _place(node, images) for node in tree.css("img"))
    for node in tree.css("a[href]"):
        _say_where(tree, node)
    body = tree.body
    return Safe(_cleaned(body.inner_html or "" if body is not None else "", frozenset(images.values())), remote)


def render(frame: Frame, shown: Safe) -> str:
    """The whole page."""
    theme = Markup("") if frame.theme == "auto" else Markup(' data-theme="{}"').format(frame.theme)
    return str(
        Markup(
            '<!doctype html><html lang="und"{}><head><meta charset="utf-8"><title>Mail</title><style>{}</style></head>'
            "<body>{}</body></html>"
        ).format(theme, Markup(STYLE), Markup(shown.html))  # noqa: S704  # the sanitiser wrote it
    )


def _place(node: LexborNode, images: Mapping[str, str]) -> bool:
    """Let a picture of the mail be loaded from us; whether it is one."""
    scheme, _, name = (node.attributes.get("src") or "").strip().partition(":")
    link = (images.get(name) or images.get(unquote(name))) if scheme.lower() == "cid" else None
    if link is not None:
        node.attrs["src"] = link
    elif "src" in node.attributes:
        del node.attrs["src"]
    return link is not None or scheme.lower() == "cid"


def _say_where(tree: LexborHTMLParser, node: LexborNode) -> None:
    """Behind the words of a link where it goes: words may say something else."""
    target = (node.attributes.get("href") or "").strip()
    shown = _readable(target)
    if (
        shown.rstrip("/").lower()
        == (node.text() or "").strip().removeprefix("https://").removeprefix("http://").rstrip("/").lower()
    ):
        return
    said = tree.create_node("span")
    said.attrs["class"] = _TO
    said.insert_child(f"[{shown}]")
    node.attrs["title"] = target
    node.insert_after(said)


def _readable(target: str) -> str:
    """Host and path. What stands before an `@`, which looks like a host, is left out."""
    try:
        parts = urlsplit(target)
        whole = f"{parts.hostname or ''}{parts.path}{'?…' if parts.query else ''}" if parts.netloc else target
    except ValueError:
        whole = target
    return whole if len(whole) <= _SHOWN else f"{whole[:_SHOWN]}…"


def _cleaned(html: str, own: frozenset[str]) -> str:
    def allowed(tag: str, attribute: str, value: str) -> str | None:
        if tag == "img" and attribute == "src":
            return value if value in own else None
        if attribute == "href":
            return value if value.lower().startswith(("http://", "https://", "mailto:", "tel:")) else None
        return value

    attributes = deepcopy(_ATTRIBUTES)
    return nh3.clean(
        html,
        tags=set(_TAGS),
        attributes=attributes,
        allowed_classes={"span": {_TO}},
        attribute_filter=allowed,
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )


_ATTRIBUTES: Final[dict[str, set[str]]] = {
    "a": {"href", "title"},
    "img": {"src", "alt", "width", "height"},
    "ol": {"start"},
    "table": {"align"},
    "td": set(_PLACED),
    "th": set(_PLACED),
    "tr": {"align", "valign"},
    "*": {"lang", "dir"},
}
