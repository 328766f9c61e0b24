"""What the console keeps in memory, one of each in a process."""

from dataclasses import dataclass
from typing import Final

from aiohttp import web

from desk.staff.passwords import Passwords
from desk.staff.throttle import Throttle
from normalizer.advice import Language
from regia.gateway import Gateway
from regia.http.console.cookies import Cookies
from regia.http.console.depths import Depths
from regia.http.console.feed import Feed
from regia.trying.attempt import Told
from regia.trying.bench import Bench


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Made once, with the application."""

    cookies: Cookies
    passwords: Passwords
    throttle: Throttle
    feed: Feed
    bench: Bench
    depths: Depths
    checked: dict[tuple[str, Language], tuple[Told, ...]]
    """By the hash of a version and a language, what it may have wrong though it loads."""

    @classmethod
    def of(cls, gateway: Gateway) -> "Parts":
        settings = gateway.configured.settings
        key = settings.links_key.get_secret_value().encode()
        return cls(
            cookies=Cookies(settings.server),
            passwords=Passwords(),
            throttle=Throttle(gateway.stores.coordination, key),
            feed=Feed(gateway),
            bench=Bench(),
            depths=Depths(gateway.stores.queues),
            checked={},
        )

    async def close(self, _app: web.Application) -> None:
        """End what it has started."""
        await self.bench.close()
        await self.depths.close()


CONSOLE: Final = web.AppKey("console", Parts)
