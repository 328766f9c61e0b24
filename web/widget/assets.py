"""The script of the widget, `GET /chat/{connector}/widget.js`: its parts one after another, in a function of their own.

Lines that are only a comment stay behind, and so do the blanks before a line: a sixth of what every page of a shop
would load. So no string of these files may run over a line.
"""

import gzip
import hashlib
import json
import re
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

PARTS: Final = (
    *("dom", "store", "outbox", "http", "visitor", "line", "sender", "conversation", "flow"),
    *("bubbles", "options", "composer", "panel", "chat", "start"),
)
_AROUND: Final = re.compile(r"\s*([{};,])\s*|(?<=:)\s+")
_COMMENT: Final = re.compile(r"//|/\*\*|\*[ /]")


@dataclass(frozen=True, slots=True)
class Script:
    """A script with its entity tag, in quotation marks as the header takes it (RFC 9110 §8.8.3)."""

    content: bytes
    packed: bytes
    """The same by gzip, for browsers that take it: a third."""
    etag: str
    content_type: str = "text/javascript; charset=utf-8"


def _read(name: str) -> str:
    text = files("web.widget").joinpath("static", name).read_text("utf-8")
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line and not _COMMENT.match(line))


def _style() -> str:
    return _AROUND.sub(r"\1", _read("style.css")).replace(";}", "}")


def _script() -> Script:
    style = f"const CSS = {json.dumps(_style(), ensure_ascii=False)};"
    text = "\n".join(("(() => {", '"use strict";', style, *(_read(f"{part}.js") for part in PARTS), "})();", ""))
    content = text.encode()
    return Script(content, gzip.compress(content, mtime=0), f'"{hashlib.sha256(content).hexdigest()[:20]}"')


WIDGET: Final = _script()
