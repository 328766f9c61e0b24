"""What the console keeps in memory, one of each in a process."""

from dataclasses import dataclass
from typing import Final

from aiohttp import web

from desk.staff.passwords import Passwords
from desk.staff.throttle import Throttle
from regia.gateway import Gateway
from regia.http.console.cookies import Cookies
from regia.http.console.feed import Feed


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Made once, with the application."""

    cookies: Cookies
    passwords: Passwords
    throttle: Throttle
    feed: Feed

    @classmethod
    def of(cls, gateway: Gateway) -> "Parts":
        settings = gateway.configured.settings
        key = settings.links_key.get_secret_value().encode()
        return cls(
            cookies=Cookies(settings.server),
            passwords=Passwords(),
            throttle=Throttle(gateway.stores.coordination, key),
            feed=Feed(gateway),
        )


CONSOLE: Final = web.AppKey("console", Parts)
