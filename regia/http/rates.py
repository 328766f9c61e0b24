"""How often one visitor or one user may post."""

import logging

from connectors.api import Api
from connectors.base import Connector, Request
from connectors.errors import Rejected
from connectors.form_settings import RateLimit
from storage.coordination import Coordination, CoordinationUnavailable

logger = logging.getLogger(__name__)


async def within(rate: RateLimit, key: str, coordination: Coordination) -> None:
    """Count one request of `key`. Raises `Rejected("rate_limited")`."""
    try:
        allowed = await coordination.hit(key, rate.count, rate.seconds)
    except CoordinationUnavailable as error:
        # A customer must not be turned away because our own counter is gone.
        logger.warning("requests are not counted", extra={"reason": str(error)})
        return
    if not allowed:
        raise Rejected("rate_limited", f"more than {rate.count} requests in {rate.seconds} seconds", retry_after=rate.seconds)


async def user_within_rate(connector: Connector, received: Request, coordination: Coordination) -> None:
    """Count a post that comes with a user's token alone; a program's own posts are not counted.

    By the user and not by the address: whole towns of phones share one, and a stolen token is not worth more in many hands.
    Raises `Rejected`: `rate_limited`, and `signature_…` for a token that is none.
    """
    if not isinstance(connector, Api) or connector.settings.users is None:
        return
    author = connector.direct_author(received)
    if author is not None:
        await within(connector.settings.users.rate, f"user/{connector.name}/{author.handle.value}", coordination)
