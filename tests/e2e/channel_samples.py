"""The stored samples as requests of this run: dated today, with ids and addresses put into them."""

import hashlib
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlencode

SAMPLES: Final = Path(__file__).parents[1] / "samples"
_STAMP: Final = re.compile(r"\b(?:1767225|1767226|1795284)\d{3}(?P<millis>\d{3})?\b(?!\.)")
"""When the samples were sent, in seconds or milliseconds: too long ago to be answered on some channels. With a point it is a
call's id."""
_NOW: Final = int(time.time())


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A sample's file below `tests/samples`. `put` maps parts of its text to what stands there instead, where `{files}` and
    `{api}` are the addresses of the file server and of the provider, `{sent}` and `{token}` the provider's id of our answer and
    our own."""

    file: str
    put: Mapping[str, str] = field(default_factory=dict)

    def body(self, **places: str) -> bytes:
        text = (SAMPLES / self.file).read_text()
        put = {old: new.format_map(places) for old, new in self.put.items()}
        if self.file.endswith(".form"):
            return urlencode([(name, _filled(value, put)) for name, value in parse_qsl(text, keep_blank_values=True)]).encode()
        # Of two spellings of the same JSON, the one in which addresses are readable.
        plain = json.dumps(json.loads(text), ensure_ascii=False) if self.file.endswith(".json") else text
        return _filled(plain, put).encode()


def _filled(text: str, put: Mapping[str, str]) -> str:
    text = _STAMP.sub(lambda stamp: f"{_NOW}{stamp['millis'] or ''}", text)
    for old, new in put.items():
        text = text.replace(old, new)
    return text


def content(name: str) -> bytes:
    """The bytes of a file: a JPEG's beginning, and then different ones for each name."""
    return b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + hashlib.sha512(name.encode()).digest() * 20
