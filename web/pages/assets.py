"""The style sheet and the script of the pages, to be served by the HTTP layer under `/static/pages/`."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

_STYLE, _SCRIPT = "text/css; charset=utf-8", "text/javascript; charset=utf-8"
_TYPES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("form.css", "faq.css", "state.css"), _STYLE),
    **dict.fromkeys(("form.js", "topics.js", "upload.js", "suggest.js", "faq.js", "chat.js"), _SCRIPT),
}
PREFIX: Final = "/static/pages/"


@dataclass(frozen=True, slots=True)
class Asset:
    """A file that never changes under its link: the link carries the start of its hash."""

    content: bytes
    content_type: str
    version: str


def _load(name: str, content_type: str) -> Asset:
    content = files("web.pages").joinpath("static", name).read_bytes()
    return Asset(content, content_type, hashlib.sha256(content).hexdigest()[:12])


ASSETS: Final[Mapping[str, Asset]] = {f"{PREFIX}{name}": _load(name, kind) for name, kind in _TYPES.items()}
"""Path to content: what the HTTP layer serves."""


def link(name: str) -> str:
    """The address of `form.css` or `form.js` for a page, with its version."""
    path = f"{PREFIX}{name}"
    return f"{path}?v={ASSETS[path].version}"
