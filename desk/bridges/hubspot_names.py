"""What a HubSpot account has under the names of a bridge's settings, and the property that the bridge needs there."""

from dataclasses import dataclass
from typing import Any, Final

from desk.bridges.base import SystemRefused
from desk.bridges.hubspot_rest import HubSpotRest, there
from desk.bridges.ways import Ways

_PROPERTIES: Final = "crm/v3/properties/tickets"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stages:
    """Ids of a pipeline and of stages in it."""

    pipeline: str
    opened: str
    reopened: str
    closed: frozenset[str]
    labels: dict[str, str]
    """Of all stages of the account."""


async def stages(rest: HubSpotRest, ways: Ways, pipeline: str, opened: str) -> Stages:
    """By their labels or ids. Raises `SystemRefused` for a name that is not there."""
    pipelines = (await rest.get("crm/v3/pipelines/tickets"))["results"]
    found = _named(pipelines, pipeline, "pipeline")
    ids = {name: str(_named(found["stages"], name, "stage")["id"]) for name in (opened, ways.reopened, *ways.closed)}
    labels = {str(stage["id"]): str(stage["label"]) for one in pipelines for stage in one["stages"]}
    closed = frozenset(ids[name] for name in ways.closed)
    return Stages(pipeline=str(found["id"]), opened=ids[opened], reopened=ids[ways.reopened], closed=closed, labels=labels)


def _named(given: list[dict[str, Any]], name: str, kind: str) -> dict[str, Any]:
    for one in given:
        if name in (str(one["id"]), one["label"]):
            return one
    raise SystemRefused(f"HubSpot has no {kind} {name!r} for tickets: see the settings of the bridge")


async def make_property(rest: HubSpotRest, name: str) -> None:
    """The property of tickets that keeps marks, of which each can be of one ticket only; made where it is missing."""
    found = await there(rest, f"{_PROPERTIES}/{name}")
    if found is None:
        values = {
            "name": name,
            "label": "Regia",
            "description": "The contact that this ticket was opened for, by which the gateway finds it again.",
            "groupName": "ticketinformation",
            "type": "string",
            "fieldType": "text",
            "hasUniqueValue": True,
        }
        try:
            await rest.create(_PROPERTIES, values)
        except SystemRefused:
            if await there(rest, f"{_PROPERTIES}/{name}") is None:  # else another node has made it in this moment
                raise
    elif not found.get("hasUniqueValue"):
        raise SystemRefused(f"HubSpot's property {name!r} of tickets is not one of unique values: name another")


async def check_priorities(rest: HubSpotRest, ways: Ways) -> None:
    if not ways.priorities:
        return
    known = {str(one["value"]) for one in (await rest.get(f"{_PROPERTIES}/hs_ticket_priority"))["options"]}
    for _, name in ways.priorities:
        if name not in known:
            raise SystemRefused(f"HubSpot has no priority {name!r}: see the settings of the bridge")
