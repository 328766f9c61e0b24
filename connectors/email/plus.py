"""The signed mark by which an answer finds its conversation: in our Reply-To, our envelope sender and our Message-ID.

A mark is the conversation's id and a signature over it, in letters that survive every mail system: `[a-z0-9-]`, and no
difference between capitals and others. It says which conversation is meant, not who writes: whoever was sent the mail, or
had it forwarded, knows the mark. Only the conversation's own customer joins it (`identity.conversations`).
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable
from typing import Final

from connectors.email.settings import MailboxSettings
from normalizer.values import ascii_domain

_PREFIX: Final = "con_"
_MARK_OF: Final = b"regia mail conversation mark 1\n"
_SIGNED_ID: Final = b"regia mail message id 1\n"
"""So that a signature made with the same key for another purpose is none here."""
_SIGNATURE: Final = 10
"""Characters, of 5 bits each: no one tries 2^50 mails, and a local part has 64 characters (RFC 5321, 4.5.3.1.1)."""

_MARK: Final = r"([0-9a-hjkmnp-tv-z]{26}-[a-z2-7]{10})"
_WHOLE: Final = re.compile(_MARK)
_ID: Final = re.compile(
    rf"regia\.(?P<name>(?:(?P<mark>{_MARK})\.)?[0-9a-f]{{32}})-(?P<signature>[a-z2-7]{{10}})@(?P<domain>[a-z0-9_.:\[\]-]{{1,253}})"
)


def key_of(settings: MailboxSettings) -> bytes | None:
    """What this mailbox signs with. Without a key no mark is written and none is believed."""
    return settings.thread_key.get_secret_value().encode() if settings.thread_key else None


def mark(conversation_id: str, key: bytes) -> str:
    """The mark of a conversation: 26 characters of its id and 10 of the signature. Raises `ValueError` for another id."""
    name = conversation_id.removeprefix(_PREFIX).lower()
    made = f"{name}-{_signature(_MARK_OF, name, key)}"
    if not conversation_id.startswith(_PREFIX) or _WHOLE.fullmatch(made) is None:
        raise ValueError("this is no id of a conversation")
    return made


def conversation(mark: str, key: bytes) -> str | None:
    """The conversation's id when the signature is right, else None. Compares in constant time."""
    found = _WHOLE.fullmatch(mark.lower())
    if found is None:
        return None
    name, _, signature = found[1].partition("-")
    right = hmac.compare_digest(signature, _signature(_MARK_OF, name, key))
    return f"{_PREFIX}{name.upper()}" if right else None


def marked_address(address: str, mark: str) -> str:
    """`help@shop.example` as `help+<mark>@shop.example`."""
    local, _, domain = address.rpartition("@")
    return f"{local}+{mark}@{domain}"


def marked_id(mark: str | None, token: str, domain: str, key: bytes) -> str:
    """The Message-ID of a mail we send, without brackets, with or without a conversation. `token`: our own id of that mail,
    32 hexadecimal digits; `domain` as DNS has it. All of it is signed, so that who was shown one id can invent no other."""
    name, domain = f"{mark}.{token}" if mark else token, domain.lower()
    return f"regia.{name}-{_signature(_SIGNED_ID, f'{name}@{domain}', key)}@{domain}"


def own(address: str, ours: frozenset[str]) -> bool:
    """Whether an address is one of ours, as it is or with anything behind a `+`."""
    local, _, domain = address.rpartition("@")
    bare = (local.partition("+")[0], local.rpartition("+")[0] or local)
    return address in ours or any(f"{one}@{domain}" in ours for one in bare)


def in_addresses(addresses: Iterable[str], ours: frozenset[str], key: bytes) -> str | None:
    """The conversation named by the first of our own addresses that carries a right mark."""
    for address in addresses:
        # An address of ours may itself have a plus in it: the mark stands behind the last.
        local, _, domain = address.rpartition("@")
        bare, _, tag = local.rpartition("+")
        if f"{bare}@{domain}" in ours and (named := conversation(tag, key)):
            return named
    return None


def in_ids(ids: Iterable[str], key: bytes) -> str | None:
    """The conversation named by the first Message-ID (without brackets) that is of our own form and rightly signed."""
    return next((named for each in ids if (named := of_id(each, key))), None)


def of_id(message_id: str, key: bytes) -> str | None:
    """The conversation named by a Message-ID of ours, or None when it is not ours or names none."""
    found = _signed(message_id, key)
    return conversation(found["mark"], key) if found and found["mark"] else None


def is_ours(message_id: str, ours: frozenset[str], key: bytes) -> bool:
    """Whether a mail with this Message-ID went out from one of our addresses: the id is signed, and of their domain."""
    found = _signed(message_id, key)
    return found is not None and found["domain"] in {ascii_domain(address.rpartition("@")[2]) for address in ours}


def _signed(message_id: str, key: bytes) -> re.Match[str] | None:
    found = _ID.fullmatch(message_id.lower())
    if found is None:
        return None
    right = _signature(_SIGNED_ID, f"{found['name']}@{found['domain']}", key)
    return found if hmac.compare_digest(found["signature"], right) else None


def _signature(purpose: bytes, name: str, key: bytes) -> str:
    digest = hmac.new(key, purpose + name.encode("ascii", "replace"), hashlib.sha256).digest()
    return base64.b32encode(digest).decode("ascii")[:_SIGNATURE].lower()
