"""By which handles a visitor is known.

Anonymous, it is the visitor's own id. Whoever is logged in to the site writes under a handle made of the user's id: the
chat follows the user from one device to the next, and of two users at one browser neither sees what the other wrote, nor are
they ever taken for one customer. The anonymous handle of that browser is then no more than a claim.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from connectors.api_sender import APP_USER, scoped
from connectors.chat.settings import ChatSettings
from connectors.errors import Rejected
from connectors.kit.user_tokens import User, UserTokens
from normalizer.inbound import Handle, Sender

CHAT: Final = "chat"
"""The kind of a visitor's handle. Its value begins with the connector that saw it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who is at the widget. `handle` is the one written under and answered to; the widget shows messages of all in `seen`."""

    handle: Handle
    visitor: Handle
    app_user: Handle | None = None
    user: User | None = None

    @property
    def seen(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((self.handle.value, self.visitor.value)))

    def sender(self, claims: tuple[Handle, ...]) -> Sender:
        """With addresses that were typed."""
        if self.user is None or self.app_user is None:
            return Sender(handle=self.handle, claims=claims)
        aliases = (self.app_user, *self.user.aliases)
        known = {(one.kind, one.value) for one in aliases}
        browser = Handle(CHAT, self.visitor.value, "claimed")
        said = {(one.kind, one.value): one for one in (*self.user.claims, *claims, browser)}
        others = tuple(one for key, one in said.items() if key not in known)
        return Sender(handle=self.handle, name=self.user.name, aliases=aliases, claims=others, recorded=True)


class People:
    """Of one connector, called `name`."""

    def __init__(self, name: str, settings: ChatSettings) -> None:
        users = settings.user_tokens
        self._name = name
        self._tokens = UserTokens(users, settings.region) if users else None
        self._scope = (users.scope or name) if users else name

    def person(self, visitor: str, user: tuple[str, datetime] | None) -> Person:
        """By the id of a visitor and the site's token, if there is one. Raises `Rejected`: `signature_…`."""
        anonymous = Handle(CHAT, f"{self._name}:{visitor}", "verified")
        if user is None:
            return Person(handle=anonymous, visitor=anonymous)
        if self._tokens is None:
            raise Rejected("signature_wrong", "this chat takes no user tokens: leave it out, or configure user_tokens")
        found = self._tokens.read(user[0].strip(), user[1])
        value = scoped(self._scope, found.id)
        own = hashlib.sha256(value.encode()).hexdigest()[:32]
        return Person(
            handle=Handle(CHAT, f"{self._name}:u-{own}", "verified"),
            visitor=anonymous,
            app_user=Handle(APP_USER, value, "verified"),
            user=found,
        )
