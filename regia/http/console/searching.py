"""Looking for a customer as somebody types: one way, for every page that does."""

from collections.abc import Sequence
from typing import Final

from connectors.form_settings import RateLimit
from identity.views.search import Found, search
from regia.http.console.visit import Visit
from regia.http.rates import within

_GUESSES: Final = RateLimit(count=60, seconds=600)
"""Who sees addresses in part must not find out the rest of them by trying."""


async def look_for(visit: Visit, typed: str, *, limit: int) -> Sequence[Found]:
    """Whoever fits, the surest first. Whoever sees data masked finds only by what was typed to its end, and not too often.
    Raises `Rejected` (`rate_limited`)."""
    spaces, whole = sorted(visit.gateway.configured.brands), visit.frame.masked
    if typed and whole:
        await within(_GUESSES, f"console/search/{visit.me.person.id}", visit.gateway.stores.coordination)
    return await visit.read(lambda connection: search(connection, typed, spaces=spaces, whole=whole, limit=limit))
