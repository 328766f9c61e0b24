"""What telephone channels share: one state of a call as a contact, and who may have called.

A caller id proves nobody: it is what the caller's own exchange wrote, and whoever has a trunk can write any number. So a
number is `claimed`, as if it had been typed into a form, and never opens another customer's history. Who hides the number
is nobody in particular: the call itself stands for the caller, or all of them would be one person.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Final, Literal

from connectors.kit.content import NO_FIELDS, Content
from normalizer.inbound import Call, FieldValue, Handle, InboundAttachment, Reply, Sender

PHONE: Final = "phone"
SIP: Final = "sip"
UNKNOWN: Final = "unknown_caller"
NO_REPLY: Final = Reply(allowed=())
"""A call cannot be answered in writing on the same way."""
HIDDEN: Final = frozenset(
    {
        *("anonymous", "restricted", "blocked", "unavailable", "unknown", "private", "withheld"),
        # The same words on the keys of a telephone, for networks that only carry digits.
        *("+266696687", "+7378742833", "+2562533", "+86282452253", "+8656696", "+7748283"),
        *("266696687", "7378742833", "2562533", "86282452253", "8656696", "7748283"),
    }
)
"""Twilio Docs, "Why am I getting calls from these strange numbers?"; the other words are exchanges'."""
_LONGEST: Final = 10_000_000
"""Seconds; a longer call is damage."""

_FIRST_YEAR: Final = 1970
_LAST_YEAR: Final = 2200

Direction = Literal["inbound", "outbound"]
Phone = Callable[[str], str | None]
"""A number as E.164, or None."""


def caller(given: str | None, *, call: str, phone: Phone, name: str | None = None, hidden: Iterable[str] = HIDDEN) -> Sender:
    """Whoever is at the other end. `call` is the call's id, in which an unknown caller is known again."""
    return Sender(handle=_handle(given, call, phone, hidden), name=name)


def _handle(given: str | None, call: str, phone: Phone, hidden: Iterable[str]) -> Handle:
    if given is None or given.strip().lower() in hidden:
        return Handle(UNKNOWN, call, "claimed")
    if given.startswith("sip:"):
        return Handle(SIP, given, "claimed")
    number = phone(given)
    return Handle(UNKNOWN, call, "claimed") if number is None else Handle(PHONE, number, "claimed")


def content(
    *,
    direction: Direction = "inbound",
    state: str | None = None,
    duration: int | None = None,
    recording: str | None = None,
    files: tuple[InboundAttachment, ...] = (),
    text: str | None = None,
    fields: Mapping[str, FieldValue] = NO_FIELDS,
) -> Content:
    """One state of a call. `recording`: where it lies at the provider's; `files`: what is to be fetched of it."""
    about = Call(direction=direction, state=state, duration=duration, recording=recording)
    return Content(kind="call", call=about, text=text, attachments=files, fields=fields)


def seconds(value: str | None) -> int | None:
    """A duration: seconds, or `[hours:]minutes:seconds`, with or without a fraction; None when it is neither."""
    parts = (value or "").partition(".")[0].split(":")
    if len(parts) > 3 or not all(part.isascii() and part.isdigit() and len(part) <= 8 for part in parts):  # noqa: PLR2004
        return None
    total = sum(int(part) * 60**power for power, part in enumerate(reversed(parts)))
    return total if total <= _LONGEST else None


def instant(read: datetime, zone: tzinfo = UTC) -> datetime | None:
    """A written time in UTC; without a zone it is one of `zone`. None where it is no time of a call."""
    try:
        at = (read if read.tzinfo else read.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError:  # at the ends of the calendar
        return None
    return at if _FIRST_YEAR <= at.year < _LAST_YEAR else None
