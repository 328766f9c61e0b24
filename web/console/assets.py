"""Style sheets and scripts of the console, to be served by the HTTP layer under `/console/static/`."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

PREFIX: Final = "/console/static/"
_CSS, _SCRIPT = "text/css; charset=utf-8", "text/javascript; charset=utf-8"
_TYPES: Final[Mapping[str, str]] = {
    "console.css": _CSS,
    "console.js": _SCRIPT,
    "customers.css": _CSS,
    "editor.js": _SCRIPT,
    "kpi.css": _CSS,
    "kpi.js": _SCRIPT,
    "live.css": _CSS,
    "message.css": _CSS,
    "parts.css": _CSS,
    "queues.css": _CSS,
    "rules.css": _CSS,
    "drafts.js": _SCRIPT,
    "touch.css": _CSS,
    "vendor/htmx.min.js": _SCRIPT,
    "vendor/hx-sse.min.js": _SCRIPT,
    "vendor/hx-upsert.min.js": _SCRIPT,
    "vendor/pico.min.css": _CSS,
    "vendor/uPlot.iife.min.js": _SCRIPT,
    "vendor/uPlot.min.css": _CSS,
}


SHEETS: Final = ("console.css", "parts.css", "live.css", "message.css", "customers.css", "touch.css")
"""Those of every page, in this order: what comes later wins."""


@dataclass(frozen=True, slots=True)
class Asset:
    """A file that never changes under its link: the link carries the start of its hash."""

    content: bytes
    content_type: str
    version: str


def _load(name: str, content_type: str) -> Asset:
    content = files("web.console").joinpath("static", *name.split("/")).read_bytes()
    return Asset(content, content_type, hashlib.sha256(content).hexdigest()[:12])


ASSETS: Final[Mapping[str, Asset]] = {f"{PREFIX}{name}": _load(name, kind) for name, kind in _TYPES.items()}
"""Path to content: what the HTTP layer serves."""


def link(base: str, name: str) -> str:
    """The address of a file for a page, with its version. `base` is the path of `server.public_url`."""
    path = f"{PREFIX}{name}"
    return f"{base}{path}?v={ASSETS[path].version}"
