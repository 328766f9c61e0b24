"""Signatures of WeChat, and the encryption of its safe mode.

Source: WeChat official account documents, "Access guide" and "Message encryption and decryption"; WeChat Work encrypts the
same way. SHA-1 over sorted parts is no HMAC, but what WeChat has.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from config.secrets import Secret
from connectors.kit.signatures import as_bytes

_KEY: Final = re.compile(r"[A-Za-z0-9+/]{43}")
_LIKE_A_KEY: Final = re.compile(r"[A-Za-z0-9+/=]*")
_BLOCK: Final = 16
_PAD: Final = 32
"""The block of WeChat's PKCS#7: twice that of AES."""
_RANDOM: Final = 16
_LENGTH: Final = 4


def signed(given: str, tokens: Iterable[Secret], *parts: str) -> bool:
    """Whether `given` is the signature of the parts with any of the tokens, in a time that does not tell which."""
    made = [_sha1(token.get_secret_value(), *parts) for token in tokens]
    return any([hmac.compare_digest(as_bytes(given), one) for one in made])  # noqa: C419  # every token is tried


def _sha1(*parts: str) -> bytes:
    return hashlib.sha1(as_bytes("".join(sorted(parts))), usedforsecurity=False).hexdigest().encode()


def aes_key(encoded: Secret) -> bytes | None:
    """The key behind an EncodingAESKey, None where it is none."""
    value = encoded.get_secret_value().strip()
    return base64.b64decode(value + "=") if _KEY.fullmatch(value) else None


def miscopied(encoded: Secret) -> bool:
    """Whether it was to be an EncodingAESKey and has lost or gained a character. What has others is none: a reference that
    nobody put a secret in the place of, as in an example."""
    value = encoded.get_secret_value().strip()
    return _LIKE_A_KEY.fullmatch(value) is not None and _KEY.fullmatch(value) is None


def decrypt(encrypted: str, keys: Iterable[bytes], app_id: str) -> bytes:
    """What `Encrypt` holds for our app, with the first key that fits. Raises `ValueError` where none does."""
    try:
        cipher = base64.b64decode(as_bytes(encrypted), validate=True)
    except binascii.Error as error:
        raise ValueError("it is not base64") from error
    if not cipher or len(cipher) % _BLOCK:
        raise ValueError("it is not a whole number of blocks")
    for key in keys:
        found = _content(_plain(cipher, key), app_id)
        if found is not None:
            return found
    raise ValueError("no configured encoding_aes_key and app_id fit")


def _plain(cipher: bytes, key: bytes) -> bytes:
    decryptor = Cipher(AES(key), CBC(key[:_BLOCK])).decryptor()
    return decryptor.update(cipher) + decryptor.finalize()


def _content(plain: bytes, app_id: str) -> bytes | None:
    """16 random bytes, the length, the content and the app's id, without the padding; None where it is not that."""
    fill = plain[-1]
    if not 1 <= fill <= _PAD or plain[-fill:] != bytes([fill]) * fill:
        return None
    rest = plain[_RANDOM:-fill]
    end = _LENGTH + int.from_bytes(rest[:_LENGTH], "big")
    return rest[_LENGTH:end] if len(rest) >= _LENGTH and rest[end:] == app_id.encode() else None
