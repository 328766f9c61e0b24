"""The widget's script, to be served by the HTTP layer under `/chat/{connector}/widget.js`."""

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from typing import Final


@dataclass(frozen=True, slots=True)
class Script:
    """Its bytes, and the entity tag (RFC 9110 §8.8.3) by which a browser asks whether they are still the same."""

    content: bytes
    etag: str


def _load(name: str) -> Script:
    content = files("web.widget").joinpath("static", name).read_bytes()
    return Script(content, f'"{hashlib.sha256(content).hexdigest()[:20]}"')


WIDGET: Final = _load("widget.js")
