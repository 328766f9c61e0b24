"""OAuth 2 access tokens for mailboxes: fetched, kept, and renewed before they end.

Sources: RFC 6749 (sections 4.4, 5 and 6); Microsoft, "Authenticate an IMAP, POP or SMTP connection using OAuth" and
"Refresh tokens in the Microsoft identity platform"; Google, "Using OAuth 2.0 to Access Google APIs" and "OAuth 2.0
Mechanism" of Gmail's IMAP.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec

from connectors.email.settings import OAuthSettings
from connectors.errors import HttpFailed, SourceFailed
from connectors.exchange import Http, HttpResponse

Purpose = Literal["imap", "smtp"]

AHEAD: Final = 300.0
"""Seconds before its end at which a token is renewed."""
_UNSAID: Final = 600.0
"""Seconds a token is taken to live when the server does not say."""

_MICROSOFT: Final = "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"
_GOOGLE: Final = "https://oauth2.googleapis.com/token"
_APPLICATION: Final = "https://outlook.office365.com/.default"
_PERSON: Final[Mapping[Purpose, str]] = {
    "imap": "https://outlook.office.com/IMAP.AccessAsUser.All offline_access",
    "smtp": "https://outlook.office.com/SMTP.Send offline_access",
}

_CONSENT_GONE: Final[Mapping[str, str]] = {
    "invalid_grant": "consent was withdrawn or has expired: let a person consent again and set the new refresh_token",
    "consent_required": "consent is missing: let a person or an administrator consent again",
    "interaction_required": "a person must log in again: repeat the consent and set the new refresh_token",
    "invalid_client": "client_id or client_secret is not accepted: check both, and whether the secret has expired",
    "deleted_client": "the application was deleted: register it again and set client_id and client_secret",
    "disabled_client": "the application is disabled: enable it at the provider",
    "unauthorized_client": "the application may not ask for this: give it the permission and let an administrator consent",
}
"""The provider's error (RFC 6749, 5.2, and the providers' own) to what is to be done about it. Waiting repairs none."""


@dataclass(frozen=True, slots=True)
class _Token:
    value: str
    renew_at: float
    ends_at: float


class AccessTokens:
    """The access tokens of one grant, one for each scope. Only for one event loop.

    Where the provider replaces the refresh token (Microsoft does at every use, some others too), the newest is kept in
    memory only. After a restart the one of the settings is used again. That works at Microsoft, which lets earlier ones
    live for 90 days after they were issued: so a service that runs or is restarted for longer than that needs a new one
    in its settings before its next start. It does not work at a provider that revokes a refresh token at its first use.
    """

    def __init__(self, settings: OAuthSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._refresh_token = settings.refresh_token.get_secret_value() if settings.refresh_token else None
        self._tokens: dict[str, _Token] = {}
        self._asking = asyncio.Lock()

    async def get(self, purpose: Purpose, http: Http) -> str:
        """A token that lives for some minutes more. Raises `SourceFailed`: `consent_gone`, `token_unavailable`."""
        scope = _scope(self._settings, purpose)
        async with self._asking:  # one request at a time; who waited finds its result
            token = self._tokens.get(scope)
            if token is None or self._clock() >= token.renew_at:
                token = await self._renewed(scope, token, http)
            return token.value

    def kept(self, purpose: Purpose) -> str | None:
        """The token that is here already, if there is one."""
        token = self._tokens.get(_scope(self._settings, purpose))
        return token.value if token else None

    def drop(self, value: str) -> None:
        """A server refused this token: the next `get` asks for another."""
        self._tokens = {scope: token for scope, token in self._tokens.items() if token.value != value}

    async def _renewed(self, scope: str, old: _Token | None, http: Http) -> _Token:
        try:
            self._tokens[scope] = await self._ask(scope, http)
        except SourceFailed as error:
            if error.reason == "token_unavailable" and old is not None and self._clock() < old.ends_at:
                return old
            self._tokens.pop(scope, None)
            raise
        return self._tokens[scope]

    async def _ask(self, scope: str, http: Http) -> _Token:
        asked = self._clock()
        try:
            response = await http.request("POST", _token_url(self._settings), form=self._form(scope))
        except HttpFailed as error:
            raise SourceFailed("token_unavailable", f"the token server cannot be reached: {error.reason}") from error
        said = _said(response)
        if response.status != 200:  # noqa: PLR2004  # RFC 6749, 5.1
            raise _failure(response.status, said)
        value = said.get("access_token")
        if not isinstance(value, str) or not value.isascii() or not value.isprintable() or not value:
            raise SourceFailed("token_unavailable", "the token server's answer holds no access token")
        if isinstance(newer := said.get("refresh_token"), str) and newer and self._refresh_token is not None:
            self._refresh_token = newer
        lives = _lives(said.get("expires_in"))
        return _Token(value, renew_at=asked + max(lives - AHEAD, lives / 2), ends_at=asked + lives)

    def _form(self, scope: str) -> dict[str, str]:
        settings = self._settings
        form = {"client_id": settings.client_id}
        if settings.client_secret is not None:
            form["client_secret"] = settings.client_secret.get_secret_value()
        if self._refresh_token is None:
            form["grant_type"] = "client_credentials"
        else:
            form |= {"grant_type": "refresh_token", "refresh_token": self._refresh_token}
        return form | ({"scope": scope} if scope else {})


_KEPT: Final[dict[OAuthSettings, AccessTokens]] = {}


def access_tokens(settings: OAuthSettings) -> AccessTokens:
    """The tokens of these settings, the same object for equal ones: folders, mailboxes and both directions share them."""
    return _KEPT.setdefault(settings, AccessTokens(settings))


def xoauth2(user: str, token: str) -> bytes:
    """What a client says in SASL's XOAUTH2, before it is written as base64. Raises `SourceFailed` for a user that would
    end its field."""
    if "\x01" in user:
        raise SourceFailed("login_refused", "the user holds a control character: correct the settings")
    return f"user={user}\x01auth=Bearer {token}\x01\x01".encode()


def _token_url(settings: OAuthSettings) -> str:
    if settings.token_url is not None:
        return settings.token_url
    return _GOOGLE if settings.provider == "google" else _MICROSOFT.format(tenant=settings.tenant)


def _scope(settings: OAuthSettings, purpose: Purpose) -> str:
    """Empty where none is to be named: a refresh token then gives what was consented to (RFC 6749, 6)."""
    if settings.scope is not None:
        return settings.scope
    if settings.provider != "microsoft":
        return ""
    return _APPLICATION if settings.refresh_token is None else _PERSON[purpose]


def _said(response: HttpResponse) -> dict[str, Any]:
    try:
        said = msgspec.json.decode(response.body)
    except (msgspec.DecodeError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _failure(status: int, said: Mapping[str, Any]) -> SourceFailed:
    error = said.get("error")
    if isinstance(error, str) and error in _CONSENT_GONE:
        return SourceFailed("consent_gone", f"{error}: {_CONSENT_GONE[error]}")
    if error in ("invalid_scope", "invalid_request", "unsupported_grant_type"):
        return SourceFailed("token_unavailable", f"{error}: check scope, tenant and token_url in the settings")
    return SourceFailed("token_unavailable", f"the token server answers with status {status}")


def _lives(said: Any) -> float:
    """Seconds. Some servers write the number as a string."""
    try:
        lives = float(said)
    except (TypeError, ValueError):
        return _UNSAID
    return min(lives, 86400.0) if lives > 0 else _UNSAID
