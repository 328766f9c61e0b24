"""What the provider sent, as much of it as can be shown."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from connectors.errors import Rejected
from regia.http import stored
from regia.http.console.readable import readable
from regia.http.console.visit import Visit
from web.console import mail
from web.console.message import Original

_SHOWN: Final = 64 * 1024
"""Characters of an original; the rest is for those who save it."""
_LARGEST: Final = 1 << 20
"""Bytes that are read for it."""
_MIDDLE, _TALL = 400, 2_500
"""Characters of HTML from which a frame is higher."""


async def original_of(visit: Visit, row: Any, data: Mapping[str, Any]) -> Original:
    """Of a mail with HTML, that; of another channel its JSON or text; of everything else only what it is. Who sees personal
    data masked sees what it is, too."""
    about = {"content_type": row["raw_content_type"], "size": data["raw"]["size"]}
    gone = row["raw"] is None and not row["raw_sha256"]
    found = None
    if data["html"] and not visit.frame.masked:
        found = await asyncio.to_thread(mail.safe, data["html"], {})  # a long mail takes a second, in which others must go on
    if found is not None:
        return Original(form="mail", **about, gone=gone, remote=found.remote, tall=_height(found.html))
    if gone or visit.frame.masked or about["size"] > _LARGEST or not _is_text(about["content_type"]):
        return Original(form="bytes", **about, gone=gone)
    try:
        content = await stored.raw_of(visit.request, row)
    except Rejected:
        return Original(form="bytes", **about, gone=True)
    text = _readable(content, about["content_type"])
    return Original(form="shown", **about, text=text[:_SHOWN], cut=len(text) > _SHOWN)


def _height(html: str) -> str:
    return "short" if len(html) < _MIDDLE else "middle" if len(html) < _TALL else "tall"


def _is_text(content_type: str) -> bool:
    return any(word in content_type.lower() for word in ("json", "text/", "xml", "x-www-form-urlencoded"))


def _readable(content: bytes, content_type: str) -> str:
    """JSON with line ends, a form with one field a line, other texts as they are."""
    if "json" in content_type and (json := readable(content)) is not None:
        return json
    text = content.decode("utf-8", "replace")
    if "urlencoded" in content_type:
        return "\n".join(f"{name} = {value}" for name, value in parse_qsl(text, keep_blank_values=True))
    return text
