"""The address of a cluster: `amqp://user:password@one:5672,two:5672/vhost` names several nodes of one."""

import re
from typing import Final

_PARTS: Final = re.compile(r"(?P<before>[^/?#]*//(?:[^/?#]*@)?)(?P<hosts>[^/?#@]*)(?P<after>.*)", re.DOTALL)


def addresses(url: str) -> tuple[str, ...]:
    """One address for each host, in their order; the other parts are those of all. What names one host comes back as it is."""
    found = _PARTS.fullmatch(url)
    if found is None:
        return (url,)
    return tuple(f"{found['before']}{host}{found['after']}" for host in found["hosts"].split(","))
