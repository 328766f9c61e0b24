"""How each provider comes to the gateway: its deliveries, and its test of our address. Signed by the fakes' own words."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from urllib.parse import parse_qsl

from tests.e2e import channel_fakes
from tests.providers import graph, standard_webhooks, twilio, wechat_webhook
from tests.providers import line as line_
from tests.providers import telegram as telegram_
from tests.providers import viber as viber_
from tests.providers import x as x_
from tests.providers.asking import call
from tests.providers.base import Reply, wait_until

WRONG: Final = "another-secret"
VERIFY_TOKEN: Final = "regia-verify"
AES_KEY: Final = "cmVnaWEtd2VjaGF0LWFlcy1rZXktMzItYnl0ZXMhISE"
SAFE_APP: Final = "wxsafe1"
LINE_BOT: Final = "U0000000000000000000000000000reg1"


@dataclass(frozen=True, kw_only=True)
class Way:
    """To one connector of the running gateway. `public_url` is where its provider believes it to be; `fake` the provider."""

    url: str
    public_url: str
    fake: Any


Deliver = Callable[[Way, bytes, str], Awaitable[Reply | None]]
"""A body, proved by a secret. None where the gateway fetches it and answers nobody."""
Handshake = Callable[[Way, str], Awaitable[None]]
"""The right one, with the secret of deliveries, and wrong ones. AssertionError."""


async def meta(way: Way, body: bytes, secret: str) -> Reply:
    return await graph.deliver(way.url, json.loads(body), secret)


async def telegram(way: Way, body: bytes, secret: str) -> Reply:
    return await telegram_.deliver(way.url, body, secret)


async def polled(way: Way, body: bytes, _: str) -> None:
    """Telegram numbers updates as they happen, and forgets one when the gateway asks for the next."""
    update = json.loads(body)
    del update["update_id"]
    way.fake.add_update(update)
    await wait_until(lambda: not way.fake.updates.pending, 30)


async def line(way: Way, body: bytes, secret: str) -> Reply:
    return await line_.deliver(way.url, body, secret)


async def viber(way: Way, body: bytes, secret: str) -> Reply:
    return await viber_.deliver(way.url, body, secret)


async def wechat(way: Way, body: bytes, secret: str) -> Reply:
    return await wechat_webhook.deliver(way.url, body, secret)


async def wechat_safe(way: Way, body: bytes, secret: str) -> Reply:
    return await wechat_webhook.deliver_safe(way.url, body, secret, AES_KEY, SAFE_APP, account="gh_regiashop")


async def x(way: Way, body: bytes, secret: str) -> Reply:
    return await x_.deliver(way.url, body, secret)


async def twilio_form(way: Way, body: bytes, secret: str) -> Reply:
    return await twilio.deliver(way.url, parse_qsl(body.decode(), keep_blank_values=True), secret, public_url=way.public_url)


async def chat(way: Way, body: bytes, secret: str) -> Reply:
    return await channel_fakes.deliver_chat(way.url, body, secret)


async def exchange(way: Way, body: bytes, secret: str) -> Reply:
    return await channel_fakes.deliver_call(way.url, body, secret)


async def standard(way: Way, body: bytes, secret: str) -> Reply:
    """The id of a delivery stays the same when it is repeated."""
    return await standard_webhooks.deliver(way.url, body, [secret], message_id=f"msg_{sha256(body).hexdigest()[:20]}")


async def hub_challenge(way: Way, _: str) -> None:
    good = await graph.handshake(way.url, VERIFY_TOKEN)
    assert (good.status, good.body) == (200, b"1158201444"), f"Meta's challenge got {good.status} {good.body!r}"
    for token, mode in ((WRONG, "subscribe"), (VERIFY_TOKEN, "unsubscribe")):
        bad = await graph.handshake(way.url, token, mode=mode)
        assert bad.status == 403, f"a challenge with {token} and {mode} got {bad.status}"


async def verify_button(way: Way, secret: str) -> None:
    """What LINE's console sends when "Verify" is pressed: no events."""
    empty: dict[str, Any] = {"destination": LINE_BOT, "events": []}
    good, bad = [await line_.deliver(way.url, empty, one) for one in (secret, WRONG)]
    assert (good.status, bad.status) == (200, 401), f"LINE's verification got {good.status}, a forged one {bad.status}"


async def set_webhook(way: Way, _: str) -> None:
    """Viber asks the address at once; another bot's token signs what must be refused."""
    wanted = {"url": way.url, "send_name": True}
    said = await call("POST", f"{way.fake.url}/pa/set_webhook", wanted, {"X-Viber-Auth-Token": way.fake.token})
    assert (said.json["status"], way.fake.webhook) == (0, wanted), f"set_webhook: {said.json}"
    async with viber_.FakeViber(WRONG) as other:
        said = await call("POST", f"{other.url}/pa/set_webhook", wanted, {"X-Viber-Auth-Token": WRONG})
    assert said.json["status_message"] == "invalidUrl", f"set_webhook of another bot: {said.json}"


async def echostr(way: Way, secret: str) -> None:
    good = await wechat_webhook.handshake(way.url, secret)
    assert (good.status, good.body) == (200, b"5837194826091733217"), f"echostr got {good.status} {good.body!r}"
    for bad in (
        await wechat_webhook.handshake(way.url, WRONG),
        await wechat_webhook.handshake(way.url, secret, signature="0" * 40),
        await wechat_webhook.handshake(way.url, secret, timestamp="1700000000"),
    ):
        assert bad.status == 401, f"a wrong echostr got {bad.status}"


async def crc(way: Way, secret: str) -> None:
    good = await x_.crc(way.url)
    assert x_.crc_passed(good, secret), f"X's check got {good.status} {good.body!r}"
    assert not x_.crc_passed(good, WRONG), "X's check is answered by any secret"
    bad = await x_.crc(way.url, "")
    assert bad.status == 403, f"a check without a token got {bad.status}"
