"""The script of the widget, `GET /chat/{connector}/widget.js`: its parts one after another, in a function of their own.

Comments and blanks stay behind: a fifth of what every page of a shop would load. rjsmin takes them out of the scripts; it
knows template literals, but not one inside another: the blanks of the inner one would be gone. A test looks for such.
"""

import gzip
import hashlib
import json
import re
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from rjsmin import jsmin  # type: ignore[import-untyped]  # it has no stubs

PARTS: Final = (
    *("dom", "store", "outbox", "http", "visitor", "line", "sender", "conversation", "email", "flow"),
    *("bubbles", "options", "composer", "panel", "chat", "start"),
)
_AROUND: Final = re.compile(r"\s*([{};,])\s*|(?<=:)\s+")


@dataclass(frozen=True, slots=True)
class Script:
    """A script with its entity tag, in quotation marks as the header takes it (RFC 9110 §8.8.3)."""

    content: bytes
    packed: bytes
    """The same by gzip, for browsers that take it: a third."""
    etag: str
    content_type: str = "text/javascript; charset=utf-8"


def _read(name: str) -> str:
    return files("web.widget").joinpath("static", name).read_text("utf-8")


def _style() -> str:
    lines = (line.strip() for line in _read("style.css").splitlines())
    text = "\n".join(line for line in lines if line and not line.startswith("/*"))
    return _AROUND.sub(r"\1", text).replace(";}", "}")


def _script() -> Script:
    style = f"const CSS = {json.dumps(_style(), ensure_ascii=False)};"
    text = "\n".join(("(() => {", '"use strict";', style, *(_read(f"{part}.js") for part in PARTS), "})();", ""))
    content = str(jsmin(text)).encode()
    return Script(content, gzip.compress(content, mtime=0), f'"{hashlib.sha256(content).hexdigest()[:20]}"')


WIDGET: Final = _script()
