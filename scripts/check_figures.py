"""Checks that measured figures in docs/ are as they were measured: run by `make lint`, exit status 1 with one line a fault.

A program writes them between two markers, and the first one holds the sha256 of what stands between:

    <!-- figures:performance date=2026-11-21 commit=… cores=2 python=3.11.7 sha256=… -->
    …
    <!-- /figures -->

Who edits a figure by hand breaks the sum. What the marker says of date, commit and machine must stand in the text too.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

_START = re.compile(r"<!-- figures:(?P<name>[a-z-]+)(?P<facts>[^\n]*?) -->\n")
_END = "<!-- /figures -->"
_FACT = re.compile(r"(?P<key>[a-z0-9]+)=(?P<value>\S+)")
_SUM = "sha256"


def main(folder: Path) -> int:
    """Prints every fault of the pages below `folder` and returns the exit status."""
    faults = [fault for page in sorted(folder.rglob("*.md")) for fault in check(page.read_text("utf-8"), page.name)]
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


def check(text: str, page: str) -> Iterator[str]:
    """Yields one sentence for each fault of the figures in one page."""
    starts = list(_START.finditer(text))
    if not len(starts) == text.count(_END) == text.count("<!-- figures:"):
        yield f"{page}: every `<!-- figures:NAME … -->` line needs its own `{_END}`"
        return
    for start in starts:
        yield from (f"{page}: figures:{start['name']}: {fault}" for fault in _faults(start, text))


def _faults(start: re.Match[str], text: str) -> Iterator[str]:
    content, end, _ = text[start.end() :].partition(_END)
    facts = dict(_FACT.findall(start["facts"]))
    if not end or "<!-- figures:" in content:
        yield f"is not closed by `{_END}`"
    elif facts.pop(_SUM, None) != digest(content):
        yield "was changed after it was measured: measure again, and let the program write it"
    else:
        yield from (f"the text does not say {key} {value}" for key, value in facts.items() if value not in content)


def digest(content: str) -> str:
    """The sum over what stands between the markers."""
    return hashlib.sha256(content.encode()).hexdigest()


def block(name: str, content: str, facts: dict[str, str]) -> str:
    """The text with its markers, as `check` wants it."""
    content = content if content.endswith("\n") else content + "\n"
    words = " ".join(f"{key}={value}" for key, value in {**facts, _SUM: digest(content)}.items())
    return f"<!-- figures:{name} {words} -->\n{content}{_END}"


def replaced(page: str, name: str, new: str) -> str:
    """The page with its block of that name replaced. Raises ValueError where there is not exactly one."""
    pattern = re.compile(rf"<!-- figures:{re.escape(name)}\b[^\n]*-->\n.*?{re.escape(_END)}", re.DOTALL)
    text, number = pattern.subn(lambda _: new, page)
    if number != 1:
        raise ValueError(f"the page has {number} blocks of figures:{name}, one is needed")
    return text


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parent.parent / "docs"))
