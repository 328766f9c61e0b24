"""On which line of ours a call is, and where the other side stands in what Twilio tells of it.

Source: Twilio Docs, "TwiML for Programmable Voice: Twilio's request to your application, <Dial>", "Recording status callbacks",
"Answering machine detection".
"""

from dataclasses import dataclass
from typing import Final

from connectors.calls import Direction
from connectors.kit.place import Place, UnknownAccount
from connectors.kit.settings import AccountsSettings
from connectors.reading import Part

CHANNEL: Final = "voice"
_LEG: Final = "outbound-dial"
_OF_A_LEG: Final = ("To", "Called", "ForwardedFrom")
"""Where a line of ours may stand in the second leg of a call, which shows the first caller's number as its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """`ours` is our address, None where nobody is named; `theirs` is the name of the field with the other side's."""

    place: Place
    direction: Direction
    ours: str | None
    theirs: str


def direction(form: Part) -> Direction:
    """`outbound-api` and `outbound-dial` are two ways of calling somebody."""
    return "outbound" if (form.hint("Direction") or "").startswith("outbound") else "inbound"


def line_of(form: Part, settings: AccountsSettings) -> Line:
    """Raises `Misshapen`, `UnknownAccount`."""
    way = direction(form)
    ours, theirs = ("From", "To") if way == "outbound" else ("To", "From")
    given = form.optional_ident(ours)
    if given is None:
        return Line(place=_of_nobody(settings), direction=way, ours=None, theirs=theirs)
    if given not in settings.accounts and _is_leg(form):
        named = [one for name in _OF_A_LEG if (one := form.optional_ident(name)) is not None]
        given = next((one for one in named if one in settings.accounts), given)
        way, theirs = "inbound", "From"
    return Line(place=settings.place(given, CHANNEL), direction=way, ours=given, theirs=theirs)


def parent_of(form: Part) -> str | None:
    """The call whose second leg this is: that call is a contact already."""
    return form.optional_ident("ParentCallSid") if _is_leg(form) else None


def brand_of(settings: AccountsSettings) -> str | None:
    """Whose every line is; None where lines are of several brands."""
    return next(iter(settings.brands)) if len(settings.brands) == 1 else None


def _is_leg(form: Part) -> bool:
    return form.hint("Direction") == _LEG


def _of_nobody(settings: AccountsSettings) -> Place:
    """A recording names no line: it is the only one's, or that of the brand which all of them have. Raises `UnknownAccount`."""
    only = settings.account_id(None)
    if only is not None:
        return settings.place(only, CHANNEL)
    brand = brand_of(settings)
    if brand is None:
        raise UnknownAccount
    channels = {account.channel for account in settings.accounts.values()}
    shared = next(iter(channels)) if len(channels) == 1 else None
    return Place(brand=brand, channel=shared or CHANNEL)
