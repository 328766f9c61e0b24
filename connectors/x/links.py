"""Short links in what people write: X puts `https://t.co/…` in place of every address, and one behind a text for each file.

Source: X developers, "Entities object" (v1.1 and v2), "t.co links".
"""

import re
from collections.abc import Iterable
from typing import Final

from connectors.reading import Part

_ADDRESS: Final = re.compile(r"https?://\S+")


def entities(*parts: Part | None) -> list[Part]:
    """The links of texts, of which a message of v2 may have its list in either of two places."""
    every = [part for part in parts if part is not None]
    return [link for part in every for link in (*part.hints("entities").objects("urls"), *part.objects("urls"))]


def without(text: str, files: Iterable[str | None]) -> str:
    """The text before the links to its files: those are not the customer's words."""
    for link in files:
        text = text.removesuffix(link).rstrip() if link and text.endswith(link) else text
    return text


def expanded(text: str, links: Iterable[Part]) -> str:
    """The text with the addresses that were written: nobody else can tell where a short one leads."""
    long = {short: given for link in links if (short := link.hint("url")) and (given := _written(link))}
    if not long:
        return text
    # The longest first, and none that goes on: one short link may begin like another.
    shorts = "|".join(re.escape(short) for short in sorted(long, key=len, reverse=True))
    return re.sub(rf"(?:{shorts})(?![A-Za-z0-9])", lambda found: long[found[0]], text)


def _written(link: Part) -> str | None:
    given = link.hint("expanded_url")
    return given if given is not None and _ADDRESS.fullmatch(given) else None


def to_post(links: Iterable[Part], post_id: str) -> str:
    """The address of a post: as it was quoted, or the one that X leads on from."""
    quoted = (given for link in links if (given := _written(link)) and given.partition("?")[0].endswith(f"/status/{post_id}"))
    return next(quoted, f"https://x.com/i/web/status/{post_id}")
