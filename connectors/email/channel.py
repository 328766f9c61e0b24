"""The line of the registry that every way of mail has: all are read apart, and can answer."""

from collections.abc import Callable
from typing import Any

from connectors.abilities import MEGABYTE, Abilities, Limits
from connectors.base import Channel, Connector, S, WayIn

_FILE = 20 * MEGABYTE
"""What many servers take as a whole is 25 MB, and base64 makes a third more of it."""
_FILES = {"image": _FILE, "video": _FILE, "audio": _FILE, "file": _FILE}

_UNVERIFIED = (
    "it brings whole mails, and the suite tries events in JSON, forms and XML: the ways of mail are tested in "
    "tests/connectors/test_email.py, test_posted_mail.py and test_imap_hostile.py"
)

ABILITIES = Abilities(
    kinds=frozenset({"text"}),
    proof=frozenset({"verified", "claimed"}),
    states=frozenset({"failed", "delivered", "read", "other:delayed", "other:complaint"}),
    media=True,
    send=Limits(text=1_000_000, files=_FILES, uploads=True),
)


def mail_channel(
    name: str, settings: type[S], connector: Callable[[str, S], Connector], *, way_in: WayIn = "webhook", **example: Any
) -> Channel[S]:
    """A channel whose contacts are mails. `example` is added to what an example needs anyway."""
    return Channel(
        name=name,
        settings=settings,
        connector=connector,
        way_in=way_in,
        isolated=True,
        abilities=ABILITIES,
        unverified=_UNVERIFIED,
        example={"brand": "example", "address": "support@example.com", **example},
    )
