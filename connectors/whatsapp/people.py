"""Who wrote: a phone number, a business-scoped user id, or both.

Since users may take a username, `from` can be missing or hold a user id; only 5 to 15 plain digits
that do not begin with 0 are a phone number.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from connectors.reading import Misshapen, Part
from normalizer.inbound import Handle, Sender

PHONE: Final = "phone"
USER: Final = "whatsapp_user"
PARENT: Final = "whatsapp_parent_user"
_PHONE: Final = re.compile(r"[1-9][0-9]{4,14}")
"""ITU-T E.164: at most 15 digits, and no country code begins with 0."""

Contacts = Mapping[str, Mapping[str, Any]]


def contacts_by_id(value: Part) -> Contacts:
    """The `contacts[]` of a change under each of their ids; the first contact of an id counts."""
    found: dict[str, Mapping[str, Any]] = {}
    for contact in value.objects("contacts"):
        for key in (contact.hint("wa_id"), contact.hint("user_id")):
            if key is not None:
                found.setdefault(key, contact.data)
    return found


def contact_of(message: Part, contacts: Contacts) -> Part:
    """The contact that belongs to a message, joined by either id; an empty object when there is none. A message that names
    nobody belongs to the only contact there is."""
    ids = [key for name in ("from_user_id", "from") if (key := message.hint(name)) is not None]
    if not ids and len({id(contact) for contact in contacts.values()}) == 1:
        return Part(next(iter(contacts.values())))
    return Part(next((contacts[key] for key in ids if key in contacts), {}))


def sender(message: Part, contacts: Contacts, scope: str) -> Sender:
    """The sender of a message. The phone number is the handle where there is one, other ids are aliases.

    `scope` is the account that saw the message: user ids are only unique within it. Raises `Misshapen` when the
    message names nobody.
    """
    contact = contact_of(message, contacts)
    origin = _strict(message, "from")
    user = _strict(message, "from_user_id")
    phone = next((number for number in (origin, contact.hint("wa_id")) if _is_phone(number)), None)
    if user is None and origin is not None and not _is_phone(origin):
        user = origin
    user = user or contact.optional_ident("user_id")
    parent = message.optional_ident("from_parent_user_id") or contact.optional_ident("parent_user_id")
    handles = [
        *([Handle(PHONE, f"+{phone}", "verified")] if phone else []),
        *([Handle(USER, f"{scope}:{user}", "verified")] if user else []),
        *([Handle(PARENT, parent, "verified")] if parent else []),
    ]
    if not handles:
        raise Misshapen(message.at("from"), "a phone number, or a user id in from_user_id")
    profile = contact.hints("profile")
    return Sender(handle=handles[0], aliases=tuple(handles[1:]), name=profile.hint("name") or profile.hint("username"))


def _strict(message: Part, key: str) -> str | None:
    """An id that may be missing, null or empty, but nothing other than an id. Raises `Misshapen`."""
    return message.ident(key) if message.optional_text(key) else None


def recipient(handle: Handle) -> dict[str, str] | None:
    """How the send call addresses a handle; None for one that WhatsApp cannot be told to write to."""
    if handle.kind == PHONE and _is_phone(handle.value.removeprefix("+")):
        return {"to": handle.value.removeprefix("+")}
    user = handle.value.rpartition(":")[2]
    return {"recipient": user} if handle.kind == USER and user else None


def _is_phone(value: str | None) -> bool:
    return value is not None and _PHONE.fullmatch(value) is not None
