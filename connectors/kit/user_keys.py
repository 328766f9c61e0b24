"""Whose signature makes a user token: the keys a shop's own server signs with, as settings.

A key verifies by one algorithm only, which its own form decides and the settings repeat (RFC 8725 §3.1, §3.2). So no
token can have a public key taken for a shared secret, and nothing that a token says of itself widens what is accepted.
"""

from dataclasses import dataclass
from typing import Annotated, Final, Literal, Self, TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from connectors.kit.settings import Secrets, several

Algorithm = Literal["HS256", "RS256", "ES256", "EdDSA"]
Verifier: TypeAlias = str | RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey
_SHARED: Final = "HS256"
_SHORTEST_SECRET: Final = 32
"""Bytes (RFC 7518 §3.2): whoever has one token can try secrets at leisure."""
_SHORTEST_RSA: Final = 2048
"""Bits (RFC 7518 §3.3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """`kid` is None for a key that is tried whatever a token names."""

    algorithm: Algorithm
    verifier: Verifier
    kid: str | None = None


def read_public_key(pem: str) -> tuple[Algorithm, Verifier]:
    """The key and the algorithm it is for. Raises ValueError with what to do."""
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # From None: the library's words may quote the text, and somebody may have put the private key here.
        raise ValueError("not a public key: paste it as PEM, from BEGIN PUBLIC KEY to END PUBLIC KEY") from None
    if isinstance(key, RSAPublicKey) and key.key_size >= _SHORTEST_RSA:
        return "RS256", key
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return "ES256", key
    if isinstance(key, Ed25519PublicKey):
        return "EdDSA", key
    raise ValueError("this key fits no algorithm: take RSA of at least 2048 bits, the curve P-256, or Ed25519")


def _is_public_key(pem: str) -> str:
    read_public_key(pem)
    return pem


class PublicKey(BaseModel):
    """One public key. With a `kid` it verifies only tokens that name it, or none."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    pem: Annotated[str, StringConstraints(max_length=10_000), AfterValidator(_is_public_key)] = Field(
        description="The key as PEM (`BEGIN PUBLIC KEY`). It is no secret."
    )
    kid: str | None = Field(
        default=None, min_length=1, max_length=200, description="Its id: a token that names another `kid` is not tried with it."
    )


class UserKeys(BaseModel):
    """Either shared secrets, or public keys: never both, and every algorithm that is listed has a key."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    algorithms: tuple[Algorithm, ...] = Field(
        min_length=1, description="What tokens may be signed with: `HS256` alone, or some of `RS256`, `ES256`, `EdDSA`."
    )
    secrets: Secrets | None = Field(
        default=None, description="For `HS256`: the secret shared with your server, 32 bytes or more; two while it is changed."
    )
    public_keys: tuple[PublicKey, ...] = Field(
        default=(), max_length=20, description="For the other algorithms: the keys your server's signatures are verified with."
    )

    @model_validator(mode="after")
    def _keys_fit_the_algorithms(self) -> Self:
        if _SHARED not in self.algorithms:
            return self._with_public_keys()
        if set(self.algorithms) != {_SHARED}:
            raise ValueError("algorithms: HS256 stands alone, or a public key might be taken for a shared secret")
        if self.public_keys:
            raise ValueError("public_keys: they belong to RS256, ES256 and EdDSA; HS256 needs secrets")
        if self.secrets is None:
            raise ValueError("secrets: HS256 needs the secret that your server signs with")
        for secret in map(str.encode, self.shared):
            if len(secret) < _SHORTEST_SECRET or b"-----BEGIN" in secret:
                raise ValueError("secrets: HS256 needs random secrets of at least 32 bytes, which are no PEM keys")
        return self

    def _with_public_keys(self) -> Self:
        if self.secrets is not None:
            raise ValueError("secrets: they belong to HS256; the other algorithms need public_keys")
        if not self.public_keys:
            raise ValueError("public_keys: these algorithms need the public key of your server")
        given = {key.algorithm for key in self.keys()}
        if lacking := sorted(set(self.algorithms) - given):
            raise ValueError(f"public_keys: there is no key for {', '.join(lacking)}")
        if unlisted := sorted(given - set(self.algorithms)):
            raise ValueError(f"algorithms: there is a key for {', '.join(unlisted)}, which is not listed")
        return self

    @property
    def shared(self) -> tuple[str, ...]:
        return () if self.secrets is None else tuple(secret.get_secret_value() for secret in several(self.secrets))

    def keys(self) -> tuple[Key, ...]:
        """Every key, ready for use."""
        public = ((key.kid, *read_public_key(key.pem)) for key in self.public_keys)
        return (
            *(Key(algorithm=_SHARED, verifier=secret) for secret in self.shared),
            *(Key(algorithm=algorithm, verifier=verifier, kid=kid) for kid, algorithm, verifier in public),
        )
