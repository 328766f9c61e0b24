"""Bridges to HubSpot."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from config.secrets import Secret
from connectors.exchange import Http
from desk.bridges.hubspot import HubSpot
from desk.bridges.hubspot_rest import HubSpotRest
from desk.bridges.ways import Customers
from regia.bridges.common import Address, Marked, Word


class HubSpotBridge(Marked):
    """An account of HubSpot, of which contacts become tickets in one of its pipelines."""

    type: Literal["hubspot"]
    url: Address = Field(default="https://api.hubapi.com", description="Its interface.")
    token: Secret = Field(description="The access token of a private app; the scopes that it needs stand above.")
    portal: Annotated[str, StringConstraints(pattern=r"^\d{1,20}$")] = Field(
        description="The account's number (Hub ID), in quotes, for links to tickets."
    )
    answers: Literal["all", "marked"] = Field(
        default="marked",
        description="Which notes of agents the customer gets: those only that begin with `mark`, or all but those with a line "
        "that begins with it.",
    )
    mark: Word = Field(default="#customer", description="That mark; with answers: all, say #internal.")
    customers: Customers = Field(
        default="verified",
        description="Who becomes a contact of HubSpot, by e-mail address or telephone number, and is tied to the ticket.",
    )
    property: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,99}$")] = Field(
        default="regia_contact", description="The property of tickets that keeps our id; made where it is missing."
    )
    pipeline: Word = Field(default="0", description="The label or id of the pipeline.")
    opened: Word = Field(default="1", description="The label or id of the stage of a new ticket.")
    closed: tuple[Word, ...] = Field(default=("4",), min_length=1, description="Those of stages in which a ticket is closed.")
    reopened: Word = Field(default="3", description="That of the stage of a ticket that is open again.")
    every_seconds: float = Field(default=15.0, ge=1, le=3600, description="Between two looks at what agents did.")


def hubspot(settings: HubSpotBridge, http: Http) -> HubSpot:
    return HubSpot(
        HubSpotRest(http, settings.url, settings.token.get_secret_value()),
        settings.ways,
        marks=settings.marks,
        customers=settings.customers,
        mark=settings.property,
        names=(settings.pipeline, settings.opened),
        portal=settings.portal,
    )
