"""Bridges to Zammad."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from config.secrets import Secret
from connectors.exchange import Http
from desk.bridges.ways import Customers
from desk.bridges.zammad import Zammad
from desk.bridges.zammad_rest import ZammadRest
from regia.bridges.common import Address, Bridge, Word


class ZammadBridge(Bridge):
    """A Zammad, of which contacts become tickets in one of its groups."""

    type: Literal["zammad"]
    url: Address = Field(description="Its first page, such as https://help.example/.")
    token: Secret = Field(description="An access token of the bridge's own user, who must be an agent, with `ticket.agent`.")
    group: Word = Field(description="The group in which tickets are opened.")
    customers: Customers = Field(
        default="none",
        description="Who becomes the customer of their ticket, by e-mail address, and a user of Zammad, who can log in there "
        "and read what agents answered.",
    )
    unknown_customer: Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$")] = Field(
        description="The e-mail address of the user who is the customer of all other tickets."
    )
    closed: tuple[Word, ...] = Field(default=("closed",), min_length=1, description="States in which a ticket is closed.")
    reopened: Word = Field(default="open", description="The state of a ticket that is open again.")


def zammad(settings: ZammadBridge, http: Http) -> Zammad:
    rest = ZammadRest(http, settings.url, settings.token.get_secret_value())
    return Zammad(rest, settings.ways, group=settings.group, customers=settings.customers, unknown=settings.unknown_customer)
