"""Who wrote, and to which sender of ours.

A number is the carrier's word, which Twilio signs: whoever writes from it owns it. Users of WhatsApp and Messenger may have
no number but an id, which holds for our business or page alone. Short codes and names are programs, and a name is chosen
freely by whoever sends.
"""

import re
from typing import Final

from connectors.kit import place
from connectors.kit.place import UnknownAccount
from connectors.reading import Misshapen, Part
from connectors.twilio.settings import TwilioSettings
from connectors.twilio.ways import MESSENGER_USER, SMS, Way, way_of, way_to
from normalizer.inbound import Handle, Sender

PHONE: Final = "phone"
PROGRAM: Final = "sms_sender"
_PHONE: Final = re.compile(r"\+[1-9][0-9]{4,14}")
"""ITU-T E.164."""
_BARE_PHONE: Final = re.compile(r"[1-9][0-9]{4,14}")
_WHATSAPP_ID: Final = re.compile(r"[A-Z]{2}\.[A-Za-z0-9.]{1,128}")
"""Of a user without a number: every other word in its place may be that of many callers."""


def account_id(form: Part, name: str, settings: TwilioSettings) -> str:
    """The id in `accounts` of our side, which stands in the field `name`. A messaging service stands for its numbers that
    are not named themselves, but for no sender that it would not answer from. Raises `Misshapen`, `UnknownAccount`."""
    way = way_of(form)
    ours = way.address(_bare(form.ident(name), way))
    return _known([ours, *_service(form, way)], settings)


def sending_id(form: Part, settings: TwilioSettings) -> str:
    """The same for what became of a message of ours. A service may have chosen no sender yet, or found none: then there is
    the service, or the only account. Raises `Misshapen`, `UnknownAccount`."""
    if form.hint("From") is not None:
        return account_id(form, "From", settings)
    service = form.optional_ident("MessagingServiceSid")
    return _known([service or settings.account_id(None)], settings)


def _service(form: Part, way: Way) -> list[str | None]:
    return [form.optional_ident("MessagingServiceSid")] if way.by_service else []


def _known(candidates: list[str | None], settings: TwilioSettings) -> str:
    found = next((one for one in candidates if one in settings.accounts), None)
    if found is None:
        raise UnknownAccount
    return found


def sender(form: Part, account: str) -> Sender:
    """The number or the user; an id beside a number is an alias. Raises `Misshapen`."""
    way = way_of(form)
    origin = _bare(form.ident("From"), way)
    beside = form.optional_ident("ExternalUserId")
    user = _user(way, beside.removeprefix(way.prefix), account) if beside else None
    handle = _handle(form, way, origin, account)
    aliases = (user,) if user is not None and user != handle else ()
    return Sender(handle=handle, aliases=aliases, name=form.hint("ProfileName"))


def _handle(form: Part, way: Way, origin: str, account: str) -> Handle:
    if way.numbers and _PHONE.fullmatch(origin):
        return Handle(PHONE, origin, "verified")
    user = _user(way, origin, account)
    if user is not None:
        return user
    if ":" in origin:
        raise Misshapen(form.at("From"), "a number, or a user of a channel that is known here")
    return Handle(PROGRAM, f"{account}:{origin}", "claimed")


def _user(way: Way, value: str, account: str) -> Handle | None:
    """An id in place of a number. Messenger's hold for the page, as our own channel of that name has them."""
    if way.user is None:
        return None
    return Handle(way.user, f"{_scope(way, account)}:{value}", "verified")


def _scope(way: Way, account: str) -> str:
    return account.removeprefix(way.prefix) if way.user == MESSENGER_USER else account


def _bare(value: str, way: Way) -> str:
    bare = value.removeprefix(way.prefix)
    return f"+{bare}" if way.prefix and way.numbers and _BARE_PHONE.fullmatch(bare) else bare


def caller(given: str, ours: str | None) -> Handle | None:
    """Who calls over WhatsApp, None for a call of another network. WhatsApp has verified the number, and Twilio signs that the
    call came from there: no caller id that an exchange wrote. It counts where our side is a sender of WhatsApp, too."""
    way = way_to(given)
    if way is SMS or ours is None or way_to(ours) is not way:
        return None
    bare = _bare(given, way)
    if _PHONE.fullmatch(bare):
        return Handle(PHONE, bare, "verified")
    return _user(way, bare, ours) if _WHATSAPP_ID.fullmatch(bare) else None


def recipient(handle: Handle, account: str) -> str:
    """How the send call addresses a handle. Raises `SendFailed`."""
    way = way_to(account)
    if handle.kind == PHONE and way.numbers and _PHONE.fullmatch(handle.value):
        return way.address(handle.value)
    return way.address(place.recipient(handle, () if way.user is None else (way.user,), _scope(way, account)))
