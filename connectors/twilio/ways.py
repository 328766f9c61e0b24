"""The ways a message goes through Twilio: a prefix before each address tells, and plain SMS has none.

Source: Twilio Docs, "Channels: WhatsApp, RCS Business Messaging, Facebook Messenger", "Send and receive RCS messages".
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from connectors.reading import Part

SERVICE: Final = "MG"
"""How the sid of a messaging service begins."""
TWILIO_USER: Final = "twilio_user"
MESSENGER_USER: Final = "messenger_user"
_DAY: Final = timedelta(hours=24)
_MMS: Final = ("text", "image", "video", "audio")
_DOCUMENTS: Final = (*_MMS, "document")


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """`user`: the kind of an id that stands in place of a number, None where there is none but a program's. `by_service`:
    whether an answer through a messaging service leaves on this way again. `files`: how many one message takes."""

    channel: str
    prefix: str
    user: str | None
    numbers: bool
    by_service: bool
    replies: tuple[str, ...] = _DOCUMENTS
    window: timedelta | None = None
    files: int = 1

    def address(self, bare: str) -> str:
        return f"{self.prefix}{bare}"


SMS: Final = Way(channel="sms", prefix="", user=None, numbers=True, by_service=True, replies=_MMS, files=10)
# A service sends by RCS first to whoever can take it, and never by WhatsApp or Messenger.
PREFIXED: Final = (
    Way(channel="whatsapp", prefix="whatsapp:", user=TWILIO_USER, numbers=True, by_service=False, window=_DAY),
    Way(channel="rcs", prefix="rcs:", user=TWILIO_USER, numbers=True, by_service=True),
    # Meta's id of a person holds for the page, whoever asks: it is the one that our own channel Messenger sees.
    Way(channel="messenger", prefix="messenger:", user=MESSENGER_USER, numbers=False, by_service=False, window=_DAY),
)


def way_to(address: str) -> Way:
    """The way that an address, or an account of ours, is on."""
    return next((way for way in PREFIXED if address.startswith(way.prefix)), SMS)


def way_of(form: Part) -> Way:
    """Either side tells: the prefix of the other one has been seen to be missing."""
    told = (way_to(form.hint(name) or "") for name in ("From", "To"))
    return next((way for way in told if way is not SMS), SMS)
