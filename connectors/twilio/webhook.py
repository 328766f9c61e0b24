"""From a form of Twilio's to the message or the status it holds. Pure: no clock, no network.

Source: Twilio Docs, "Messaging webhooks", "Outbound message status in status callbacks".
"""

import re
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from connectors.base import Status
from connectors.kit.elements import Found
from connectors.kit.place import Place, UnknownAccount
from connectors.reading import Misshapen, Part
from connectors.twilio.codes import send_code
from connectors.twilio.kinds import circumstances, content
from connectors.twilio.people import PROGRAM, account_id, sender, sending_id
from connectors.twilio.settings import TwilioSettings
from connectors.twilio.ways import way_of
from normalizer.inbound import InboundMessage, Reply, Sender, Thread

_IDS: Final = ("MessageSid", "SmsMessageSid", "SmsSid")
"""Names of one id: old webhooks have the last ones only."""
_COMING_IN: Final = frozenset({None, "received", "receiving"})
_STATES: Final[Mapping[str, str]] = MappingProxyType({"undelivered": "failed"})
"""Twilio's words for what became of a message; all others stand as they are."""
_STOP: Final = "STOP"
_ERROR: Final = re.compile(r"[1-9][0-9]{3,6}")


def read(form: Part, raw: bytes, content_type: str, settings: TwilioSettings, received_at: datetime) -> Found:
    """A message, or the status of one of ours. Raises `Misshapen`, `UnknownAccount`."""
    if form.ident("AccountSid") != settings.account_sid:
        raise UnknownAccount
    word = form.optional_ident("MessageStatus") or form.optional_ident("SmsStatus")
    if word is None or word in _COMING_IN:
        return _message(form, raw, content_type, settings, received_at)
    return _status(form, word, raw, settings)


def _message(form: Part, raw: bytes, content_type: str, settings: TwilioSettings, received_at: datetime) -> InboundMessage:
    sid, account = _sid(form), account_id(form, "To", settings)
    who, said = sender(form, account), content(form, sid)
    answered = form.optional_ident("OriginalRepliedMessageSid") if said.reaction is None else None
    return _place(form, account, settings).contact(
        said,
        key=sid,
        sender=who,
        raw=raw,
        content_type=content_type,
        thread=Thread(in_reply_to=answered),
        fields=circumstances(form),
        reply=_reply(form, who, received_at),
    )


def _reply(form: Part, who: Sender, received_at: datetime) -> Reply:
    """Programs read no answer, and after STOP Twilio hands on none."""
    if who.handle.kind == PROGRAM or (form.hint("OptOutType") or "").upper() == _STOP:
        return Reply(allowed=())
    way = way_of(form)
    return Reply(allowed=way.replies, until=None if way.window is None else received_at + way.window)


def _status(form: Part, word: str, raw: bytes, settings: TwilioSettings) -> Status:
    sid = _sid(form)
    return _place(form, sending_id(form, settings), settings).status(
        _STATES.get(word, word),
        key=f"{sid}:{word}",
        external_id=sid,
        raw=raw,
        recipient=form.optional_ident("To"),
        error=_error(form),
    )


def _error(form: Part) -> str | None:
    """Our word and Twilio's number, as `window_closed:63016`."""
    number = form.hint("ErrorCode") or ""
    return f"{send_code(int(number))}:{number}" if _ERROR.fullmatch(number) else None


def _sid(form: Part) -> str:
    sid = next((found for name in _IDS if (found := form.optional_ident(name)) is not None), None)
    if sid is None:
        raise Misshapen(form.at(_IDS[0]), "the id of the message")
    return sid


def _place(form: Part, account: str, settings: TwilioSettings) -> Place:
    return settings.place(account, way_of(form).channel)
