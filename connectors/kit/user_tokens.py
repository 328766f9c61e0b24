"""Who a signed user token is about: a JWT (RFC 7519) in the compact form of JWS, from a shop's own server for its user.

Pure: the time is the request's, never the clock's. Every refusal is `Rejected` and names claims and settings, never a
value of the token.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NoReturn

import jwt
from jwt.types import Options
from pydantic import BaseModel, ConfigDict, Field

from connectors.errors import Rejected
from connectors.kit.addresses import as_proved
from connectors.kit.user_keys import Key, UserKeys
from normalizer.inbound import Handle
from normalizer.values import Invalid, clean_line, read_email, read_phone

LONGEST: Final = 8000
"""Characters; the HTTP server takes no longer header."""
_LONGEST_ID: Final = 255
"""OpenID Connect Core 1.0 §2, `sub`."""
_LONGEST_NAME: Final = 500
_LATEST: Final = 2**53
_COMPACT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
_UNREADABLE: Final = "the user token is not a signed JWT in compact form (RFC 7519)"
# What depends on the time is checked below, against the request's; the user's id is read below from whatever claim holds it.
_OPTIONS: Final[Options] = {
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_sub": False,
    "verify_jti": False,
}


class UserClaims(BaseModel):
    """Which claims of a token say what. An address is verified where the claim of its name with `_verified` is true."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(default="sub", min_length=1, description="Claim with the user's id, which must never go to another user.")
    name: str = Field(default="name", min_length=1, description="Claim with the user's name.")
    email: str = Field(default="email", min_length=1, description="Claim with the e-mail address.")
    phone: str = Field(default="phone_number", min_length=1, description="Claim with the phone number.")


class UserTokenSettings(UserKeys):
    """Which user tokens are believed, and what is read from them."""

    audience: str = Field(
        min_length=1, description="What `aud` must name, so that a token made for something else does not open this channel."
    )
    issuer: str | None = Field(default=None, min_length=1, description="What `iss` must be; without it, it is not looked at.")
    max_age: int = Field(
        default=86_400,
        gt=0,
        le=31_536_000,
        description="Seconds a token may still be good for (`exp`), and may have been in use (`iat`, where it has one).",
    )
    leeway: int = Field(default=60, ge=0, le=300, description="Seconds your server's clock and ours may differ.")
    claims: UserClaims = UserClaims()
    verified_addresses: bool = Field(
        default=False,
        description="Whether an address is a verified alias, which joins customers, where the claim `…_verified` beside it is"
        " true; otherwise addresses of a token are claims.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """`aliases` are verified, `claims` only said."""

    id: str
    name: str | None = None
    aliases: tuple[Handle, ...] = ()
    claims: tuple[Handle, ...] = ()


class UserTokens:
    """Reads tokens by the settings. `region` is the country of phone numbers without a prefix (ISO 3166)."""

    def __init__(self, settings: UserTokenSettings, region: str) -> None:
        self._settings = settings
        self._region = region
        self._keys = settings.keys()

    def read(self, token: str, at: datetime) -> User:
        """The user of a token that is good at `at`.

        Raises `Rejected`: `signature_wrong`, and `signature_stale` where another token of the same server would do.
        """
        claims = self._signed(token)
        self._check_times(claims, at.timestamp())
        names = self._settings.claims
        user_id = _user_id(claims.get(names.id))
        name = claims.get(names.name)
        found = tuple(self._addresses(claims))
        return User(
            id=user_id,
            name=(clean_line(name)[:_LONGEST_NAME] or None) if isinstance(name, str) else None,
            aliases=tuple(handle for handle in found if handle.proof == "verified"),
            claims=tuple(handle for handle in found if handle.proof != "verified"),
        )

    def _signed(self, token: str) -> Mapping[str, Any]:
        """The claims under a signature of one of the keys, for this audience and of this issuer."""
        if len(token) > LONGEST:
            _wrong(f"the user token is longer than {LONGEST} characters")
        if not _COMPACT.fullmatch(token):
            _wrong(_UNREADABLE)
        problem = "the user token is not signed by any key of users"
        try:
            for key in self._fitting(jwt.get_unverified_header(token)):
                try:
                    return self._verified(token, key)
                except jwt.InvalidSignatureError:
                    continue
        except jwt.InvalidAudienceError:
            problem = "the audience (aud) of the user token is not the one of users.audience"
        except jwt.InvalidIssuerError:
            problem = "the issuer (iss) of the user token is not the one of users.issuer"
        except jwt.MissingRequiredClaimError as error:
            problem = f"the user token lacks the claim {error.claim}"
        except (jwt.PyJWTError, ValueError, RecursionError):
            # Before any signature is looked at, the header may be anything JSON can hold. The library makes errors of its own
            # of that; should it miss one, a stranger must still not make a defect of it.
            problem = _UNREADABLE
        # Raised outside the handlers: the library's errors quote the token.
        return _wrong(problem)

    def _fitting(self, header: Mapping[str, Any]) -> list[Key]:
        """The keys by which a token with this header may be verified: those of its algorithm and, where it names one, id."""
        keys = [key for key in self._keys if key.algorithm == header.get("alg")]
        if not keys:
            _wrong("the algorithm (alg) of the user token is not one of users.algorithms")
        kid = header.get("kid")
        named = [key for key in keys if kid is None or key.kid in (None, kid)]
        return named or _wrong("the key (kid) that the user token names is not one of users.public_keys")

    def _verified(self, token: str, key: Key) -> Mapping[str, Any]:
        settings = self._settings
        claims: Mapping[str, Any] = jwt.decode(
            token,
            key.verifier,
            algorithms=[key.algorithm],
            audience=settings.audience,
            issuer=settings.issuer,
            options=_OPTIONS,
        )
        return claims

    def _check_times(self, claims: Mapping[str, Any], now: float) -> None:
        """RFC 7519 §4.1.4 to §4.1.6, with `leeway` for clocks that differ."""
        leeway, max_age = self._settings.leeway, self._settings.max_age
        ends, starts, issued = (_instant(claims, name) for name in ("exp", "nbf", "iat"))
        if ends is None:
            _wrong("the user token lacks the claim exp: it would be good for ever")
        if ends <= now - leeway:
            _stale("the user token has expired: get a new one from your server")
        if ends > now + max_age + leeway:
            _wrong("the user token is good for longer than users.max_age allows: give it an earlier exp")
        if max(starts or 0, issued or 0) > now + leeway:
            _stale("the user token is not good yet (nbf, iat): compare the clocks of your server and of this one")
        if issued is not None and issued < now - max_age - leeway:
            _stale("the user token was issued (iat) longer ago than users.max_age: get a new one from your server")

    def _addresses(self, claims: Mapping[str, Any]) -> list[Handle]:
        # An address that cannot be read is left out: the customer who writes can do nothing about it.
        names, believed, found = self._settings.claims, self._settings.verified_addresses, []
        for kind, name in (("email", names.email), ("phone", names.phone)):
            text = claims.get(name)
            if isinstance(text, str):
                try:
                    value = read_email(text) if kind == "email" else read_phone(text, self._region)
                except Invalid:
                    continue
                verified = believed and claims.get(f"{name}_verified") is True
                found.append(as_proved(Handle(kind, value, "verified" if verified else "claimed"), text))
        return found


def is_compact(text: str) -> bool:
    """Whether a text has the form of a token, and is to be judged as one."""
    return _COMPACT.fullmatch(text) is not None


def _user_id(value: object) -> str:
    # Servers sign row numbers too; true is a number to Python, and no id.
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LATEST else value
    if not isinstance(text, str) or not text or len(text) > _LONGEST_ID or text != clean_line(text):
        _wrong(f"the claim of users.claims.id must hold the user's id: one line of 1 to {_LONGEST_ID} characters")
    return text


def _instant(claims: Mapping[str, Any], name: str) -> float | None:
    """Seconds since 1970. JSON readers also know NaN, Infinity and numbers without end."""
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _LATEST:
        _wrong(f"the claim {name} of the user token must be seconds since 1970")
    return float(value)


def _wrong(detail: str) -> NoReturn:
    raise Rejected("signature_wrong", detail)


def _stale(detail: str) -> NoReturn:
    raise Rejected("signature_stale", detail)
