"""What Telegram takes in one message.

Source: Telegram Bot API, "sendMessage", "Sending files"; the Bot FAQ for the rate of a whole bot.
"""

from typing import Final

from connectors.abilities import MEGABYTE, Limits

CAPTION: Final = 1024
LARGEST_PHOTO: Final = 10 * MEGABYTE
"""Bytes of what is sent as a photo; a larger picture leaves as a document."""
_LARGEST: Final = 50 * MEGABYTE
LIMITS: Final = Limits(
    text=4096,
    unit="utf16",
    buttons=100,
    button_title=64,
    files={"image": _LARGEST, "video": _LARGEST, "audio": _LARGEST, "file": _LARGEST},
    uploads=True,
    rate=(30, 1.0),
)
