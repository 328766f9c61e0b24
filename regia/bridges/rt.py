"""Bridges to Request Tracker."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from config.secrets import Secret
from connectors.exchange import Http
from connectors.kit.basic_auth import basic
from desk.bridges.rt import RequestTracker
from desk.bridges.rt_rest import RtRest
from desk.bridges.ways import Customers
from regia.bridges.common import Address, Bridge, Word


class RequestTrackerBridge(Bridge):
    """A Request Tracker, of which contacts become tickets in one of its queues."""

    type: Literal["rt"]
    url: Address = Field(description="Its first page, such as https://help.example/rt/.")
    queue: Word = Field(description="Its queue in which tickets are opened.")
    token: Secret | None = Field(default=None, description="Of the bridge's own user; or `user` and `password`.")
    user: Word | None = Field(default=None, description="The bridge's own user, which no person uses.")
    password: Secret | None = Field(default=None, description="Of that user.")
    requestors: Customers = Field(
        default="none",
        description="Whose e-mail address is made the ticket's requestor; RT's scrips write to requestors, beside the gateway.",
    )
    closed: tuple[Word, ...] = Field(
        default=("resolved", "rejected"), min_length=1, description="Statuses in which a ticket is closed."
    )
    reopened: Word = Field(default="open", description="The status of a ticket that is open again.")
    priorities: dict[int, Annotated[int, Field(ge=0, le=1000)]] = Field(  # type: ignore[assignment]  # numbers, not words
        default={}, description="From which priority of the routing on a ticket gets which of RT's, such as 5: 80."
    )

    @model_validator(mode="after")
    def _one_proof(self) -> Self:
        by_password = self.user is not None and self.password is not None
        if (self.token is not None) == by_password or (self.user is None) != (self.password is None):
            raise ValueError("needs a token, or user and password, and not both")
        return self


def request_tracker(settings: RequestTrackerBridge, http: Http) -> RequestTracker:
    if settings.token is not None:
        proof = {"Authorization": f"token {settings.token.get_secret_value()}"}
    else:
        assert settings.user is not None  # noqa: S101  # one of the two is there: the model says so
        assert settings.password is not None  # noqa: S101
        proof = basic(settings.user, settings.password)
    rest = RtRest(http, settings.url, proof)
    return RequestTracker(rest, settings.ways, queue=settings.queue, requestors=settings.requestors)
