"""Whether a request proves to be a provider's: over the bytes as they came, in constant time, with any active secret.

Everything is compared as bytes: `compare_digest` refuses text outside ASCII, and headers come from anybody. Lists, not
generators: every secret is tried, so the time taken does not tell which one fits.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from typing import Final, Literal

from config.secrets import Secret
from connectors.base import Request
from connectors.errors import Rejected

Encoding = Literal["hex", "base64"]
Algorithm = Literal["sha256", "sha1", "sha512"]
_ALGORITHMS: Final = {"sha256": hashlib.sha256, "sha1": hashlib.sha1, "sha512": hashlib.sha512}


def check_hmac(
    request: Request,
    header: str,
    secrets: Iterable[Secret],
    *,
    encoding: Encoding,
    prefix: str = "",
    algorithm: Algorithm = "sha256",
    signed: bytes | None = None,
) -> None:
    """`header`, spelt as in the provider's document, holds `prefix` and the HMAC of the body (or of `signed`).

    Raises `Rejected`: `signature_missing`, `signature_wrong`.
    """
    given = as_bytes(required(request, header))
    content = request.body if signed is None else signed
    made = [as_bytes(prefix) + digest(secret, content, encoding, algorithm) for secret in secrets]
    if not any([hmac.compare_digest(given, wanted) for wanted in made]):  # noqa: C419  # all of them, see above
        raise wrong(header)


def check_token(request: Request, header: str, secrets: Iterable[Secret]) -> None:
    """`header` holds a secret itself. Raises `Rejected`: `signature_missing`, `signature_wrong`."""
    if not is_one_of(required(request, header), secrets):
        raise wrong(header)


def is_one_of(given: str, secrets: Iterable[Secret]) -> bool:
    """Whether `given` is one of the secrets, in a time that does not tell which."""
    return any([hmac.compare_digest(as_bytes(given), as_bytes(one.get_secret_value())) for one in secrets])  # noqa: C419


def digest(secret: Secret, content: bytes, encoding: Encoding, algorithm: Algorithm = "sha256") -> bytes:
    """The HMAC of `content` as the provider writes it."""
    # Not `hmac.digest`: it gives up the interpreter lock even for a small body, and getting it back beside a busy thread
    # costs a hundred times the digest.
    made = hmac.new(as_bytes(secret.get_secret_value()), content, _ALGORITHMS[algorithm])
    return made.hexdigest().encode() if encoding == "hex" else base64.b64encode(made.digest())


def required(request: Request, header: str) -> str:
    """The header's value. Raises `Rejected("signature_missing")`."""
    given = request.headers.get(header.lower(), "")
    if not given:
        raise Rejected("signature_missing", f"the header {header} is missing")
    return given


def wrong(header: str) -> Rejected:
    return Rejected("signature_wrong", f"{header} does not fit this request and any configured secret")


def as_bytes(text: str) -> bytes:
    """Headers may hold surrogates where their bytes were no UTF-8; such a text equals nothing, and must not raise."""
    return text.encode("utf-8", "replace")
