"""The address of a cluster: `amqp://user:password@one:5672,two:5672/vhost` names several nodes of one."""

import re
from typing import Final

from yarl import URL

_PARTS: Final = re.compile(r"(?P<before>amqps?://(?:[^/?#@]*@)?)(?P<hosts>[^/?#@]+)(?P<after>(?:[/?#][^@]*)?)", re.DOTALL)
_WRONG: Final = (
    "the address of RabbitMQ must be amqp[s]://user:password@host:port/vhost, or name several hosts with commas; "
    "percent-encode characters such as @ / : ? # % in user and password"
)


def nodes(url: str) -> tuple[URL, ...]:
    """One address for each host, in their order. Raises `ValueError`, whose text has nothing of `url`."""
    found = _PARTS.fullmatch(url)
    if found is None:
        raise ValueError(_WRONG)
    try:
        each = tuple(URL(f"{found['before']}{host}{found['after']}") for host in found["hosts"].split(","))
    except ValueError:  # a port that is none; its own text repeats the address
        raise ValueError(_WRONG) from None
    if not all(one.host for one in each):
        raise ValueError(_WRONG)
    return each
