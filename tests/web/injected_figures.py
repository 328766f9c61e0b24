"""Figures by what customers filled in: contacts that are counted, and the pages that group by their words."""

import time
from typing import Final
from urllib.parse import urlencode

from desk.kpi.facts import LONGEST
from desk.kpi.rolling import Rolling
from tests.console.contacts_in import contact_in, settled
from tests.console.scene import Scene
from tests.web.injection_words import line
from tests.web.injections import INJECTIONS
from web.console.kpi import MOST

_SHORT: Final = [shown for one in INJECTIONS if 0 < len(shown := line(one)) <= LONGEST]
"""Those that a figure may be grouped by."""
GROUPED: Final = {
    "/console/kpi?whole=1&period=1&by=field.shop&" + urlencode([("field", f"shop={said}") for said in some]): some
    for some in (_SHORT[place : place + MOST] for place in range(0, len(_SHORT), MOST))
}
"""The pages, and the groups of each."""


async def counted(scene: Scene) -> None:
    """A contact for each of the groups, in the figures."""
    for said in _SHORT:
        sender = {"handle": {"kind": "nick", "value": "4"}}
        await contact_in(scene, sender=sender, kind="visit", visit={"shop": said, "reason": "asked"})
    await settled(scene)
    await Rolling(scene.gateway.stores.database).finish(round(time.time() * 1000))
