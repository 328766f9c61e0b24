"""Who a contact is about: the user of a signed token, or whom the calling program names."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from connectors.api_body import AddressBody, HandleBody, SenderBody
from connectors.api_settings import ApiSettings
from connectors.kit.addresses import as_proved
from connectors.kit.user_tokens import User
from normalizer.inbound import Handle, Sender
from normalizer.values import Invalid, read_email, read_phone

APP_USER: Final = "app_user"


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Whose token a request has. `alone`: no program vouches for the request, it comes from the user's own device."""

    user: User
    handle: Handle
    alone: bool


class Senders:
    """Reads the addresses of one contact; every problem is kept by its dotted name. `scope` stands before the ids of an
    app's users, None where the connector knows of none."""

    def __init__(self, settings: ApiSettings, scope: str | None, author: Author | None) -> None:
        self._settings = settings
        self._scope = scope
        self._author = author
        # What a customer's own phone says about other people's proof is worth nothing.
        self._trusted = () if author and author.alone else settings.trusted_proofs
        self.problems: dict[str, str] = {}

    def read(self, body: SenderBody) -> Sender | None:
        """The sender; None where nobody is named, which is a problem.

        An alias that nobody vouches for is handed on among the claims: in a contact, aliases are proven.
        """
        handle = self._sender(body)
        aliases = tuple(self._handles("sender.aliases", body.aliases))
        typed = tuple(alias for alias in aliases if alias.proof == "claimed")
        proven = tuple(alias for alias in aliases if alias.proof != "claimed")
        claims = (*typed, *self._handles("sender.claims", body.claims))
        if handle is None:
            self.problems["sender.handle"] = "is required"
            return None
        if self._author is None:
            return Sender(handle=handle, name=body.name or None, aliases=proven, claims=claims, recorded=True)
        user = self._author.user
        aliases = _others((*user.aliases, *proven), (handle,))
        claims = _others((*user.claims, *claims), (handle, *aliases))
        name = user.name or body.name or None
        return Sender(handle=handle, name=name, aliases=aliases, claims=claims, recorded=True)

    def address(self, path: str, address: HandleBody | AddressBody) -> str:
        """The value as envelopes have it."""
        try:
            if address.kind == "email":
                return read_email(address.value)
            if address.kind == "phone":
                return read_phone(address.value, self._settings.region)
        except Invalid as invalid:
            self.problems[path] = invalid.problem.advice()
        if address.kind == APP_USER and self._scope is not None:
            return scoped(self._scope, address.value)
        return address.value

    def _sender(self, body: SenderBody) -> Handle | None:
        given = None if body.handle is None else self._handle("sender.handle", body.handle)
        if self._author is None:
            return given
        proven = self._author.handle
        if given is not None and (given.kind, given.value) != (proven.kind, proven.value):
            self.problems["sender.handle"] = "must be the user of the token: leave it out, addresses go to sender.claims"
        return proven

    def _handles(self, path: str, handles: Iterable[HandleBody]) -> Iterator[Handle]:
        for index, handle in enumerate(handles):
            yield self._handle(f"{path}.{index}", handle)

    def _handle(self, path: str, handle: HandleBody) -> Handle:
        if handle.proof != "claimed" and handle.proof not in self._trusted:
            self.problems[f"{path}.proof"] = "this connector is not trusted to give that proof: leave it out"
        return as_proved(Handle(handle.kind, self.address(f"{path}.value", handle), handle.proof), handle.value)


def scoped(scope: str, user_id: str) -> str:
    """The value of an `app_user`. A scope has no colon, so two scopes never give one value."""
    return f"{scope}:{user_id}"


def _others(handles: Iterable[Handle], known: Iterable[Handle]) -> tuple[Handle, ...]:
    """Every address once, the first as it is said, without those that are known already."""
    seen = {(handle.kind, handle.value) for handle in known}
    found: dict[tuple[str, str], Handle] = {}
    for handle in handles:
        if (handle.kind, handle.value) not in seen:
            found.setdefault((handle.kind, handle.value), handle)
    return tuple(found.values())
