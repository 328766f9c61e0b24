"""Who wrote, by what the expressions of a description found. Pure."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from connectors.declared.description import From
from connectors.declared.values import id_of
from connectors.kit.addresses import as_proved
from connectors.reading import Misshapen, Part
from normalizer.inbound import Handle, Sender
from normalizer.values import Invalid, read_email, read_phone

_NO_REGION: Final = "ZZ"
"""No country: a number must have its prefix."""
_ADDRESSES: Final[Mapping[str, Callable[[str, str], str]]] = MappingProxyType(
    {"email": lambda text, _region: read_email(text), "phone": read_phone}
)


def sender(described: From, message: Part, account_id: str | None) -> Sender:
    """Who wrote, scoped to the account of ours that saw the id. Raises `Misshapen`."""
    said = message.hints("sender")
    region = described.claims.region or _NO_REGION
    handle = Handle(described.kind, _address(described.kind, said, region, account_id), described.proof)
    return Sender(
        handle=as_proved(handle, said.ident("id")),
        name=said.hint("name"),
        claims=tuple(_claims(said.hints("claims"), region)),
    )


def is_scoped(kind: str) -> bool:
    """Whether ids of the kind hold within one account only: all but addresses, which are the same for everybody."""
    return kind not in _ADDRESSES


def _address(kind: str, said: Part, region: str, account_id: str | None) -> str:
    """An id of the provider's within the account; a mail address or a phone number as every other channel writes it."""
    value = said.ident("id")
    if is_scoped(kind):
        return f"{account_id}:{value}" if account_id else value
    try:
        return _ADDRESSES[kind](value, region)
    except Invalid:
        raise Misshapen(said.at("id"), f"an address of kind {kind}") from None


def _claims(said: Part, region: str) -> list[Handle]:
    claims: list[Handle] = []
    for kind, reader in _ADDRESSES.items():
        try:
            value = reader(id_of(said.data.get(kind)) if said.data.get(kind) else "", region)
        except (Invalid, TypeError, AttributeError):
            continue  # it only decorates
        claims.append(Handle(kind, value, "claimed"))
    return claims
