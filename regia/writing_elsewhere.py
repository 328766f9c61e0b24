"""By which mailbox a brand writes to an address that a customer only typed."""

from collections.abc import Iterable
from typing import Final

from connectors.email.mailbox import MailConnector
from desk.elsewhere import KIND, Elsewhere
from identity.views.claimed import Claimed
from normalizer.inbound import Handle
from regia.code_settings import cannot_carry
from regia.gateway import Gateway

_SUBJECTS: Final = {"it": "La tua richiesta a {brand}", "en": "Your request to {brand}"}


def mailbox(gateway: Gateway, brand: str) -> str | None:
    """The connector: that of the brand's codes, else its only mailbox that can send; None where that is not plain."""
    found, way = gateway.configured, gateway.proofs.brand(brand).ways.get(KIND)
    if way is not None:
        return way.connector
    able = [
        name
        for name, connector in found.connectors.items()
        if isinstance(connector, MailConnector)
        and brand in connector.brands
        and cannot_carry(KIND, connector, found.channels.get(name)) is None
    ]
    return able[0] if len(able) == 1 else None


def choices(gateway: Gateway, brand: str, claims: Iterable[Claimed]) -> dict[str, Handle]:
    """What can be written to, by a name that tells nothing of the address, and stays its own whatever comes meanwhile."""
    if mailbox(gateway, brand) is None:
        return {}
    return {gateway.links.alias(one.handle.value): one.handle for one in claims if one.handle.kind == KIND}


def elsewhere(gateway: Gateway, brand: str, to: Handle, language: str | None) -> Elsewhere | None:
    """To such an address, with the subject of a mail that answers none; None where the brand has no mailbox for it."""
    connector = mailbox(gateway, brand)
    if connector is None:
        return None
    subject = _SUBJECTS.get(language or "", _SUBJECTS["en"])
    return Elsewhere(connector=connector, to=to, subject=subject.format(brand=gateway.proofs.brand(brand).name))
