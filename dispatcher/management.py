"""What stands in a virtual host, as RabbitMQ's management API tells it. It is only read.

AMQP cannot list anything: bindings, the arguments of a queue and queues that nobody names are seen only here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

import aiohttp
from yarl import URL

from dispatcher.addresses import addresses

_SECONDS: Final = 20.0
_ELSE: Final = "what answers at queues.management_url is no management API: that has a port of its own, mostly 15671 or 15672"
_QUEUE: Final = "name,type,durable,auto_delete,exclusive,arguments,effective_policy_definition,policy,messages,consumers"


class ManagementUnavailable(Exception):
    """The API cannot be read; the text says why, without credentials."""


@dataclass(frozen=True, slots=True)
class Found:
    """Exchanges and queues by their names, and bindings, as the API has them."""

    exchanges: Mapping[str, Mapping[str, Any]]
    queues: Mapping[str, Mapping[str, Any]]
    bindings: Sequence[Mapping[str, Any]]


async def look(management_url: str, amqp_url: str) -> Found:
    """Everything in the virtual host of `amqp_url`. Without a user of its own, `management_url` is asked as that of
    `amqp_url`, which may name several nodes. Raises `ManagementUnavailable`."""
    api, amqp = URL(management_url), URL(addresses(amqp_url)[0])  # user and virtual host are those of all nodes
    asked = api if api.user is not None else amqp
    headers = {"Authorization": aiohttp.encode_basic_auth(asked.user or "guest", asked.password or "guest", "utf-8")}
    vhost = quote(amqp.path[1:] or "/", safe="")
    base = str(api.with_user(None)).rstrip("/")
    timeout = aiohttp.ClientTimeout(total=_SECONDS)
    try:
        async with aiohttp.ClientSession(headers=headers, timeout=timeout) as http:
            exchanges = await _get(http, f"{base}/api/exchanges/{vhost}?columns=name,type,durable,auto_delete")
            queues = await _get(http, f"{base}/api/queues/{vhost}?columns={_QUEUE}")
            bindings = await _get(http, f"{base}/api/bindings/{vhost}?columns=source,destination,destination_type,routing_key")
    except TimeoutError:
        raise ManagementUnavailable(f"the management API did not answer within {_SECONDS:.0f} s") from None
    except (aiohttp.ClientPayloadError, aiohttp.ClientResponseError, aiohttp.ServerDisconnectedError):
        raise ManagementUnavailable(_ELSE) from None
    except aiohttp.ClientError as error:
        raise ManagementUnavailable(f"the management API cannot be reached ({type(error).__name__})") from None
    return Found({one["name"]: one for one in exchanges}, {one["name"]: one for one in queues}, bindings)


async def _get(http: aiohttp.ClientSession, url: str) -> list[dict[str, Any]]:
    async with http.get(URL(url, encoded=True), allow_redirects=False) as answer:
        if answer.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            told = "refused this user: it needs the tag monitoring or management, and rights in the virtual host"
            raise ManagementUnavailable(f"the management API {told}")
        if answer.status == HTTPStatus.NOT_FOUND:
            raise ManagementUnavailable("the management API knows no such virtual host, or this is not its address")
        if answer.status != HTTPStatus.OK:
            raise ManagementUnavailable(f"the management API answered with {answer.status}")
        try:
            found: list[dict[str, Any]] = await answer.json()
        except ValueError:
            raise ManagementUnavailable(_ELSE) from None
        return found
