"""How a delivery proves to be the provider's, as a description names it. There is no scheme that checks nothing.

Sources: RFC 2104 (HMAC), RFC 7617 (Basic), Standard Webhooks 1.0 (github.com/standard-webhooks), Svix for its header names.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from config.secrets import Secret
from connectors.base import Request
from connectors.declared.proofs import any_fits, check_time, parameters_of
from connectors.declared.template import SignedText, Template
from connectors.errors import Rejected
from connectors.kit.basic_auth import credentials
from connectors.kit.signatures import Algorithm, Encoding, as_bytes, digest, is_one_of, required, wrong

HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,80}$")]
_KEY_BYTES: Final = range(24, 65)
_WHSEC: Final = "whsec_"
_PREFIXES: Final = ("webhook", "svix")
_SIGNED: Final = ("id", "timestamp")


@dataclass(frozen=True, slots=True)
class Keys:
    """What the connector's settings hold for it."""

    secrets: tuple[Secret, ...]
    user: str | None = None


class _Scheme(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    def check_keys(self, keys: Keys) -> None:
        """ValueError where the settings lack what this scheme needs."""

    @property
    def proofs(self) -> frozenset[str]:
        """The headers, in lower case, that prove who asks."""
        return frozenset({getattr(self, "header", "authorization").lower()})

    @property
    def covered(self) -> frozenset[str] | None:
        """The headers, in lower case, that nobody can change unnoticed; None where that is so of nothing, the body neither."""
        return None

    def seen(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        """The headers as expressions see them."""
        return headers


class Stamp(BaseModel):
    """Where the time of a signature stands."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    header: HeaderName | None = Field(default=None, description="A header of its own.")
    parameter: str | None = Field(
        default=None, min_length=1, description="A part of the signature's header: `t` of `t=…,v1=…`."
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.header is None) == (self.parameter is None):
            raise ValueError("write header or parameter")
        return self


class Hmac(_Scheme):
    scheme: Literal["hmac"]
    header: HeaderName
    parameter: str | None = Field(default=None, min_length=1)
    algorithm: Algorithm = "sha256"
    encoding: Encoding = "hex"
    prefix: str = ""
    signed: SignedText = Field(default="{body}", validate_default=True)
    timestamp: Stamp | None = None
    tolerance: int = Field(default=300, gt=0, le=86_400)

    @model_validator(mode="after")
    def _signs_what_counts(self) -> Self:
        if "body" not in self.signed.names:
            raise ValueError("signed must hold {body}: else anybody could change it")
        if (self.timestamp is not None) != ("timestamp" in self.signed.names):
            raise ValueError("timestamp says where the time stands that signed names with {timestamp}: one needs the other")
        return self

    @property
    def covered(self) -> frozenset[str]:
        stamp = self.timestamp.header if self.timestamp is not None else None
        return frozenset({stamp.lower()} if stamp is not None else ())

    def check(self, request: Request, keys: Keys) -> None:
        """Raises `Rejected`: `signature_missing`, `signature_wrong`, `signature_stale`."""
        parameters = parameters_of(required(request, self.header))
        stamp = self._stamp(request, parameters)
        content = b"".join(_signed(self.signed, request, stamp))
        made = [self.prefix + digest(one, content, self.encoding, self.algorithm).decode() for one in keys.secrets]
        given = [request.headers[self.header.lower()]] if self.parameter is None else parameters.get(self.parameter, [])
        if not given:
            raise Rejected("signature_missing", f"the header {self.header} has no {self.parameter}")
        if not any_fits(given, made):
            raise wrong(self.header)
        if self.timestamp is not None:
            check_time(stamp, request, self.tolerance)

    def _stamp(self, request: Request, parameters: dict[str, list[str]]) -> str:
        if self.timestamp is None:
            return ""
        if self.timestamp.header is not None:
            return required(request, self.timestamp.header)
        found = parameters.get(self.timestamp.parameter or "", [])
        if not found:
            raise Rejected("signature_missing", f"the header {self.header} has no {self.timestamp.parameter}")
        if len(found) > 1:  # two headers, which a proxy has joined
            raise wrong(self.header)
        return found[0]


class StandardWebhooks(_Scheme):
    scheme: Literal["standard_webhooks"]
    tolerance: int = Field(default=300, gt=0, le=86_400)

    def check_keys(self, keys: Keys) -> None:
        for secret in keys.secrets:
            _key_of(secret)

    @property
    def proofs(self) -> frozenset[str]:
        return frozenset(f"{prefix}-signature" for prefix in _PREFIXES)

    @property
    def covered(self) -> frozenset[str]:
        return frozenset(f"{prefix}-{part}" for prefix in _PREFIXES for part in _SIGNED)

    def seen(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        """Id and time that were signed, by either name: the header of the other name may be anybody's."""
        signed = {part: headers.get(f"{_prefix(headers)}-{part}") for part in _SIGNED}
        known = {f"{prefix}-{part}": value for prefix in _PREFIXES for part, value in signed.items() if value is not None}
        return {name: value for name, value in headers.items() if name not in self.covered} | known

    def check(self, request: Request, keys: Keys) -> None:
        """One `v1` entry that fits is enough; other versions and broken entries are passed over. Raises `Rejected`."""
        prefix = _prefix(request.headers)
        names = [f"{prefix}-{part}" for part in ("id", "timestamp", "signature")]
        identifier, stamp, entries = (required(request, name) for name in names)
        content = b".".join((as_bytes(identifier), as_bytes(stamp), request.body))
        made = [_base64_hmac(_key_of(secret), content) for secret in keys.secrets]
        given = [entry.removeprefix("v1,") for entry in entries.split(" ") if entry.startswith("v1,")]
        if any(entry.endswith(",") and entry != "," for entry in given):  # two headers, which a proxy has joined
            raise wrong(names[2])
        if not any_fits(given, made):
            raise wrong(names[2])
        check_time(stamp, request, self.tolerance)


class Basic(_Scheme):
    scheme: Literal["basic"]

    def check_keys(self, keys: Keys) -> None:
        if not keys.user:
            raise ValueError("its deliveries come with a user and a password: set user beside secret")

    def check(self, request: Request, keys: Keys) -> None:
        """Raises `Rejected`: `signature_missing`, `signature_wrong`."""
        word, _, coded = required(request, "Authorization").partition(" ")
        given = credentials(coded.strip()) if word.lower() == "basic" else None
        # Both are looked at, so that the time taken does not tell which one was wrong.
        known, fits = (given is not None and given[0] == keys.user), is_one_of(given[1] if given else "", keys.secrets)
        if not (known and fits):
            raise wrong("Authorization")


class Token(_Scheme):
    scheme: Literal["token"]
    header: HeaderName
    prefix: str = ""

    def check(self, request: Request, keys: Keys) -> None:
        """Raises `Rejected`: `signature_missing`, `signature_wrong`."""
        made = [self.prefix + secret.get_secret_value() for secret in keys.secrets]
        if not any_fits([required(request, self.header)], made):
            raise wrong(self.header)


Signature = Annotated[Hmac | StandardWebhooks | Basic | Token, Field(discriminator="scheme")]


def _prefix(headers: Mapping[str, str]) -> str:
    """By which names a delivery is signed. Of one that is read again later only the id may be left."""
    if "webhook-signature" in headers:
        return "webhook"
    return "svix" if "svix-signature" in headers or "webhook-id" not in headers else "webhook"


def _signed(template: Template, request: Request, stamp: str) -> Iterable[bytes]:
    values = {
        "timestamp": as_bytes(stamp),
        "body": request.body,
        "url": as_bytes(request.url),
        "method": as_bytes(request.method),
    }
    for literal, name, _ in template.parts:
        yield as_bytes(literal)
        yield values[name] if name else b""


def _key_of(secret: Secret) -> bytes:
    """The bytes of a secret; one that is no base64 and does not say that it is, is the key itself."""
    text = secret.get_secret_value()
    try:
        key = base64.b64decode(text.removeprefix(_WHSEC), validate=True)
    except (binascii.Error, ValueError):
        key = b"" if text.startswith(_WHSEC) else as_bytes(text)
    if len(key) not in _KEY_BYTES:
        raise ValueError("a secret of Standard Webhooks is whsec_ and 24 to 64 bytes in base64")
    return key


def _base64_hmac(key: bytes, content: bytes) -> str:
    return base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
