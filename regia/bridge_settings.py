"""Bridges: which queues go into which ticket system, and how."""

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import Field

from config.document import Document
from config.problems import Problem
from dispatcher.base import Topology
from regia.bridges.common import Bridge
from regia.bridges.http import HttpBridge
from regia.bridges.hubspot import HubSpotBridge
from regia.bridges.roundup import RoundupBridge
from regia.bridges.rt import RequestTrackerBridge
from regia.bridges.zammad import ZammadBridge
from regia.queue_settings import did_you_mean

AnyBridge = Annotated[
    HttpBridge  # one line for each type; how it is made stands in `regia.bridging.MAKERS`
    | HubSpotBridge
    | RequestTrackerBridge
    | RoundupBridge
    | ZammadBridge,
    Field(discriminator="type"),
]
_AT: Final = ("bridges",)


def unusable(bridges: Mapping[str, Bridge], document: Document, topology: Topology, *, without_redis: bool) -> list[Problem]:
    """Queues that no rule has, those that two bridges would share, so that each got a part, and bridges that several processes
    would run at once."""
    problems = [
        document.problem((*_AT, name, "inside"), "needs Redis (coordination.url), by which one process of several runs it")
        for name, bridge in bridges.items()
        if without_redis and not bridge.inside
    ]
    owners: dict[str, str] = {}
    for name, bridge in bridges.items():
        for place, queue in enumerate(bridge.queues):
            at = (*_AT, name, "queues", place)
            if queue not in topology.queues:
                hint = did_you_mean(queue, topology.queues) or f"queues: {', '.join(topology.queues)}"
                problems.append(document.problem(at, "no rule has this queue", hint))
            elif (other := owners.setdefault(queue, name)) != name:
                problems.append(document.problem(at, f"bridge {other} takes from this queue too: each would get a part"))
    return problems
