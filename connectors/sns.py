"""Messages of Amazon SNS over HTTPS: their signature, and saying yes to a subscription.

Source: Amazon SNS developer guide, "Verifying the signatures of Amazon SNS messages" and "HTTP/HTTPS subscription
confirmation JSON format".
"""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from connectors.base import Http, Request
from connectors.errors import MediaUnavailable, Rejected
from connectors.reading import Misshapen, Part, decode

NOTIFICATION: Final = "Notification"
SUBSCRIPTION: Final = "SubscriptionConfirmation"
UNSUBSCRIPTION: Final = "UnsubscribeConfirmation"

_SIGNED: Final = {
    NOTIFICATION: ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    SUBSCRIPTION: ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    UNSUBSCRIPTION: ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
_HASHES: Final = {"1": hashes.SHA1, "2": hashes.SHA256}  # version 1 is what topics have unless they were changed
_HOST: Final = re.compile(r"sns\.[a-z0-9-]{3,40}\.amazonaws\.com(?:\.cn)?")
_MAX_KEYS: Final = 20


@dataclass(frozen=True, slots=True)
class SnsMessage:
    """A message of one of the three types, with its fields as they stand."""

    part: Part
    type: str

    @property
    def topic(self) -> str:
        return self.part.text("TopicArn")

    def signed_text(self) -> bytes:
        """What the signature is over: names and values a line, in the order of the names."""
        there = [name for name in _SIGNED[self.type] if self.part.data.get(name) is not None]
        lines = [f"{name}\n{self.part.text(name)}\n" for name in there]
        return "".join(lines).encode("utf-8", "surrogatepass")


def read(request: Request) -> SnsMessage:
    """The message in a request. Raises `Rejected`."""
    try:
        part = Part.of(decode(request.body), "body")
        for name in ("TopicArn", "Message", "MessageId", "Timestamp"):
            part.text(name)
    except Misshapen as problem:
        raise Rejected("malformed", str(problem)) from None
    except ValueError:
        raise Rejected("malformed", "the body is not JSON; raw message delivery must be off, it carries no signature") from None
    kind = part.hint("Type") or ""
    if kind not in _SIGNED:
        raise Rejected("malformed", f"Type: expected one of {', '.join(_SIGNED)}")
    return SnsMessage(part, kind)


def amazons(url: str) -> bool:
    """Whether an address in a message is one of the service's own."""
    try:
        parts = urlsplit(url)
        return (
            parts.scheme == "https"
            and parts.port in (None, 443)
            and parts.username is None
            and _HOST.fullmatch(parts.hostname or "") is not None
        )
    except ValueError:
        return False


class SnsKeys:
    """The service's public keys by the address of their certificate, fetched once each."""

    def __init__(self) -> None:
        self._keys: dict[str, rsa.RSAPublicKey] = {}

    async def fetch(self, message: SnsMessage, http: Http) -> None:
        """Have the key ready that this message names. Raises `Rejected`."""
        url = _certificate_url(message)
        if url in self._keys:
            return
        try:
            file = await http.download(url, hosts=(urlsplit(url).hostname or "",))
            key = x509.load_pem_x509_certificate(file.content).public_key()
        except MediaUnavailable as error:
            raise Rejected("unavailable", "the certificate of Amazon SNS cannot be had; try again", retry_after=30) from error
        except ValueError as error:
            raise Rejected("signature_wrong", "SigningCertURL leads to no certificate") from error
        if not isinstance(key, rsa.RSAPublicKey):
            raise Rejected("signature_wrong", "the certificate holds no RSA key")
        if len(self._keys) >= _MAX_KEYS:
            self._keys.clear()
        self._keys[url] = key

    def check(self, message: SnsMessage) -> None:
        """Return when the signature is Amazon's. Raises `Rejected`."""
        key = self._keys.get(_certificate_url(message))
        algorithm = _HASHES.get(message.part.hint("SignatureVersion") or "")
        if key is None or algorithm is None:
            raise Rejected("signature_wrong", "SignatureVersion must be 1 or 2, and its certificate known")
        try:
            signature = base64.b64decode(message.part.hint("Signature") or "", validate=True)
            key.verify(signature, message.signed_text(), padding.PKCS1v15(), algorithm())
        except (InvalidSignature, binascii.Error, ValueError, Misshapen):
            raise Rejected("signature_wrong", "the signature does not fit the message") from None


def _certificate_url(message: SnsMessage) -> str:
    url = message.part.hint("SigningCertURL") or ""
    if not url or not message.part.hint("Signature"):
        raise Rejected("signature_missing", "Signature and SigningCertURL are needed")
    if not amazons(url) or not urlsplit(url).path.endswith(".pem"):
        raise Rejected("signature_wrong", "SigningCertURL is no address of Amazon SNS")
    return url


async def confirm(message: SnsMessage, http: Http) -> None:
    """Say yes to a subscription, by the address in its verified message. Raises `Rejected`, and SNS asks again."""
    url = message.part.hint("SubscribeURL") or ""
    if not amazons(url):
        raise Rejected("handshake_refused", "SubscribeURL is no address of Amazon SNS")
    try:
        await http.download(url, hosts=(urlsplit(url).hostname or "",))
    except MediaUnavailable as error:
        raise Rejected("unavailable", "the subscription could not be confirmed; try again", retry_after=30) from error
