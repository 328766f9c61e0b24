"""How often somebody may try to log in: by the name they try and where they come from. It never shuts for ever.

Whoever logged in from a browser before has a count of their own there, by a cookie that only we can make: so nobody is kept
out by others who try their name.
"""

import hashlib
import hmac
import logging
import secrets
from typing import Final

from storage.coordination import Coordination, CoordinationUnavailable, LocalCoordination

logger = logging.getLogger(__name__)

BY_NAME: Final = ((5, 60), (15, 900), (40, 7200))
"""Tries in so many seconds, all of which hold."""
BY_ADDRESS: Final = ((20, 60), (100, 3600))
"""The people of an office share one address."""


class Throttle:
    """`key` signs the cookies of browsers that are known. Without Redis each process counts for itself."""

    def __init__(self, coordination: Coordination, key: bytes) -> None:
        self._coordination = coordination
        self._instead = LocalCoordination()
        self._key = key

    async def wait(self, name: str, address: str, known: str) -> int | None:
        """Count one try; None where it may be made, else in how many seconds at most one may. `known`: the browser's cookie."""
        browser = known.partition(".")[0] if self._is_ours(name, known) else ""
        # Addresses first: one that has no more tries must not use up those of names.
        counted = [(f"login/address/{address}/{seconds}", count, seconds) for count, seconds in BY_ADDRESS if not browser]
        counted += [(f"login/name/{name}/{browser}/{seconds}", count, seconds) for count, seconds in BY_NAME]
        for key, count, seconds in counted:
            if not await self._hit(key, count, seconds):
                return seconds
        return None

    def cookie(self, name: str) -> str:
        """For a browser in which the right password was typed."""
        browser = secrets.token_hex(8)
        return f"{browser}.{self._signed(name, browser)}"

    def _is_ours(self, name: str, known: str) -> bool:
        browser, _, signature = known.partition(".")
        return hmac.compare_digest(self._signed(name, browser).encode(), signature.encode(errors="replace"))

    def _signed(self, name: str, browser: str) -> str:
        text = f"console-browser\n{name}\n{browser}".encode(errors="replace")
        return hmac.new(self._key, text, hashlib.sha256).hexdigest()

    async def _hit(self, key: str, count: int, seconds: int) -> bool:
        try:
            return await self._coordination.hit(key, count, seconds)
        except CoordinationUnavailable as error:
            logger.warning("log-ins are counted in this process only", extra={"reason": str(error)})
            return await self._instead.hit(key, count, seconds)
