"""Who wrote, and to which sender of ours.

A number is the carrier's word, which Twilio signs: whoever writes from it owns it. WhatsApp users may have no number but an
id, which holds for our business alone. Short codes and names are programs, and a name is chosen freely by whoever sends.
"""

import re
from typing import Final

from connectors.errors import SendFailed
from connectors.kit.place import UnknownAccount
from connectors.reading import Misshapen, Part
from connectors.twilio.settings import WHATSAPP, TwilioSettings
from normalizer.inbound import Handle, Sender

PHONE: Final = "phone"
USER: Final = "twilio_user"
PROGRAM: Final = "sms_sender"
_PHONE: Final = re.compile(r"\+[1-9][0-9]{4,14}")
"""ITU-T E.164."""
_BARE_PHONE: Final = re.compile(r"[1-9][0-9]{4,14}")


def over_whatsapp(form: Part) -> bool:
    """Either side tells: the prefix of the other one has been seen to be missing."""
    return any((form.hint(name) or "").startswith(WHATSAPP) for name in ("From", "To"))


def account_id(form: Part, name: str, settings: TwilioSettings) -> str:
    """The id in `accounts` of our side, which stands in the field `name`. A messaging service stands for its numbers that
    are not named themselves, but for no sender of WhatsApp: an answer could not tell that it has to leave there. Raises
    `Misshapen`, `UnknownAccount`."""
    whatsapp = over_whatsapp(form)
    address = _address(form.ident(name), whatsapp=whatsapp)
    candidates = [f"{WHATSAPP}{address}"] if whatsapp else [address, form.optional_ident("MessagingServiceSid")]
    found = next((one for one in candidates if one in settings.accounts), None)
    if found is None:
        raise UnknownAccount
    return found


def sender(form: Part, account: str) -> Sender:
    """The number or the user; an id beside a number is an alias. Raises `Misshapen`."""
    whatsapp = over_whatsapp(form)
    origin = _address(form.ident("From"), whatsapp=whatsapp)
    beside = form.optional_ident("ExternalUserId")
    user = _user(beside.removeprefix(WHATSAPP), account) if whatsapp and beside else None
    if _PHONE.fullmatch(origin):
        handle = Handle(PHONE, origin, "verified")
    elif whatsapp:
        handle = _user(origin, account)
    elif ":" not in origin:
        handle = Handle(PROGRAM, f"{account}:{origin}", "claimed")
    else:
        raise Misshapen(form.at("From"), "a number, or a user of WhatsApp")
    aliases = (user,) if user is not None and user != handle else ()
    return Sender(handle=handle, aliases=aliases, name=form.hint("ProfileName"))


def _user(value: str, account: str) -> Handle:
    return Handle(USER, f"{account}:{value}", "verified")


def _address(value: str, *, whatsapp: bool) -> str:
    bare = value.removeprefix(WHATSAPP)
    return f"+{bare}" if whatsapp and _BARE_PHONE.fullmatch(bare) else bare


def recipient(handle: Handle, account: str) -> str:
    """How the send call addresses a handle. Raises `SendFailed`."""
    whatsapp = account.startswith(WHATSAPP)
    if handle.kind == PHONE and _PHONE.fullmatch(handle.value):
        return f"{WHATSAPP}{handle.value}" if whatsapp else handle.value
    user = handle.value.rpartition(":")[2]
    if handle.kind == USER and user and whatsapp:
        return f"{WHATSAPP}{user}"
    raise SendFailed("invalid_recipient", f"this account cannot write to a handle of kind {handle.kind!r}")
