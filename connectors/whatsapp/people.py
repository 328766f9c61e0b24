"""Who wrote: a phone number, a business-scoped user id, or both.

Since users may take a username, `from` can be missing or hold a user id; only 5 to 15 plain digits
that do not begin with 0 are a phone number.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from connectors.exchange import Moved
from connectors.kit import place
from connectors.reading import Misshapen, Part
from normalizer.inbound import Handle, Sender

PHONE: Final = "phone"
USER: Final = "whatsapp_user"
PARENT: Final = "whatsapp_parent_user"
GROUP: Final = "whatsapp_group"
_PHONE: Final = re.compile(r"[1-9][0-9]{4,14}")
"""ITU-T E.164: at most 15 digits, and no country code begins with 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contacts:
    """The `contacts[]` of a change under each of their ids. `sole` is the only one there is; `undivided` says that everything
    in the change was written by one person, to whom it then belongs, whatever ids it has."""

    by_id: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    sole: Mapping[str, Any] | None = None
    undivided: bool = False


def contacts_of(value: Part, items: Iterable[Any]) -> Contacts:
    """The contacts beside `items`, the messages and calls of a change; the first contact of an id counts."""
    contacts = [contact.data for contact in value.objects("contacts")]
    found: dict[str, Mapping[str, Any]] = {}
    for contact in contacts:
        for key in _ids(Part(contact), "wa_id", "user_id"):
            found.setdefault(key, contact)
    named = {tuple(_ids(Part(item), "from", "from_user_id")) for item in items if isinstance(item, dict)}
    return Contacts(by_id=found, sole=contacts[0] if len(contacts) == 1 else None, undivided=len(named) == 1)


def contact_of(message: Part, contacts: Contacts) -> Part:
    """The contact that belongs to a message, joined by either id; an empty object when there is none. A message that names
    nobody belongs to the only contact there is. So does one whose ids are not the contact's, where it is undivided: WhatsApp
    writes some countries' numbers in two ways."""
    ids = _ids(message, "from", "from_user_id")
    joined = next((contacts.by_id[key] for key in reversed(ids) if key in contacts.by_id), None)
    if joined is None and contacts.sole is not None and (contacts.undivided or not ids):
        joined = contacts.sole
    return Part(joined or {})


def _ids(part: Part, *keys: str) -> list[str]:
    return [found for key in keys if (found := part.hint(key)) is not None]


def sender(message: Part, contacts: Contacts, scope: str) -> Sender:
    """The sender of a message. The phone number is the handle where there is one, other ids are aliases.

    `scope` is the account that saw the message: user ids are only unique within it. Raises `Misshapen` when the
    message names nobody.
    """
    contact = contact_of(message, contacts)
    origin = _strict(message, "from")
    user = _strict(message, "from_user_id") or (None if origin is None or _is_phone(origin) else origin)
    # Another user's id beside the sender's own: then its number is not known to be the sender's either.
    same = user is None or contact.hint("user_id") in (None, user)
    phone = next((number for number in (origin, contact.hint("wa_id") if same else None) if _is_phone(number)), None)
    user = user or contact.optional_ident("user_id")
    parent = message.optional_ident("from_parent_user_id") or (contact.optional_ident("parent_user_id") if same else None)
    handles = [
        *([Handle(PHONE, f"+{phone}", "verified")] if phone else []),
        *([Handle(USER, f"{scope}:{user}", "verified")] if user else []),
        *([Handle(PARENT, parent, "verified")] if parent else []),
    ]
    if not handles:
        raise Misshapen(message.at("from"), "a phone number, or a user id in from_user_id")
    profile = contact.hints("profile")
    return Sender(handle=handles[0], aliases=tuple(handles[1:]), name=profile.hint("name") or profile.hint("username"))


def moved(message: Part) -> Moved | None:
    """The number a customer had and the one he has, where WhatsApp tells both."""
    old, new = message.hint("from"), message.hints("system").hint("wa_id")
    if not (_is_phone(old) and _is_phone(new)) or old == new:
        return None
    return Moved(Handle(PHONE, f"+{old}", "verified"), Handle(PHONE, f"+{new}", "verified"))


def _strict(message: Part, key: str) -> str | None:
    """An id that may be missing, null or empty, but nothing other than an id. Raises `Misshapen`."""
    return message.ident(key) if message.optional_text(key) else None


def recipient(handle: Handle, scope: str) -> dict[str, str]:
    """How the send call addresses a handle. Raises `SendFailed` for one that this account cannot write to."""
    if handle.kind == PHONE and _is_phone(handle.value.removeprefix("+")):
        return {"to": handle.value.removeprefix("+")}
    bare = place.recipient(handle, (USER, GROUP), scope)
    return {"recipient_type": "group", "to": bare} if handle.kind == GROUP else {"recipient": bare}


def _is_phone(value: str | None) -> bool:
    return value is not None and _PHONE.fullmatch(value) is not None
