"""What axe-core finds on a page in Chromium: `assert await findings(tab) == []`.

It looks at open shadow roots too. `scripts/axe.sh` brings it.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import Page as Tab

AXE: Final = Path(__file__).parent / "axe" / "node_modules" / "axe-core" / "axe.min.js"
_SERIOUS: Final = ("serious", "critical")
_RUN: Final = """async ([within, only]) => {
    const rules = only ? {runOnly: {type: "rule", values: only}} : {};
    const found = await axe.run(within || document, {resultTypes: ["violations"], ...rules});
    const places = (one) => one.nodes.map((node) => node.target.flat().join(" ")).join(", ");
    return found.violations.map((one) => [one.impact, one.id, places(one)]);
}"""


@lru_cache(maxsize=1)
def _axe() -> str:
    if not AXE.exists():
        pytest.fail("axe-core is not here: run scripts/axe.sh, which needs npm")
    return AXE.read_text("utf-8")


async def findings(tab: Tab, within: str | None = None, *, only: Sequence[str] = ()) -> list[str]:
    """The serious and critical findings, such as `serious color-contrast: #panel > p`; of the page, or `within` a selector.
    `only` are the rules that are asked for, all of them where none is named."""
    # Evaluated by the browser's tools, so that the page's Content-Security-Policy has no say.
    if not await tab.evaluate("'axe' in window"):
        await tab.evaluate(_axe())
    found: list[list[str]] = await tab.evaluate(_RUN, [within, list(only) or None])
    return [f"{impact} {rule}: {where}" for impact, rule, where in found if impact in _SERIOUS]
