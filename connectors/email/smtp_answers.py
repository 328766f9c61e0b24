"""What a mail server's answer means for the mail: the closed list of `SendFailed` by phase and by enhanced status code.

Sources: RFC 5321, 4.2 (replies), RFC 3463 and the IANA registry of enhanced status codes.
"""

import re
from collections.abc import Mapping
from typing import Final, Literal

from connectors.errors import SendCode, SendFailed

Phase = Literal["connect", "login", "sender", "recipient", "content"]
"""Up to the greeting and TLS; AUTH; MAIL; RCPT; DATA and everything after it."""

LONGEST_WORDS: Final = 200

_ENHANCED: Final = re.compile(r"\b([245])\.([0-9]{1,3})\.([0-9]{1,3})\b")
_RATE: Final = re.compile(r"\brate\b|too many|throttl|limit exceeded|sending limit|quota exceeded for sending", re.IGNORECASE)
_RELAY: Final = re.compile(r"\brelay", re.IGNORECASE)

_RATED: Final = frozenset({"4.7.28", "4.2.1", "4.4.5", "4.5.3"})
"""Unsolicited rate (Google), a mailbox that gets too much at once, congestion, too many recipients."""
_LOGIN: Final = frozenset({530, 534, 535, 538})
"""Say "log in", whatever the command was (RFC 4954, 6)."""
_NUMBERS: Final[Mapping[int, SendCode]] = {523: "too_large", 552: "too_large", 555: "unsupported"}
_SUBJECTS: Final[Mapping[str, SendCode]] = {
    "2.2": "invalid_recipient",  # the mailbox is full, and the server will not wait for it
    "2.3": "too_large",
    "3.4": "too_large",
    "7.8": "auth",
    "7.9": "auth",
    "7.0": "blocked_by_user",
}
_CLASSES: Final[Mapping[str, SendCode]] = {
    "1": "invalid_recipient",  # addressing
    "2": "invalid_recipient",  # mailbox
    "4": "invalid_recipient",  # routing: a domain that is nowhere
    "5": "unsupported",  # protocol
    "6": "unsupported",  # content
    "7": "blocked_by_user",  # policy
}
_PHASES: Final[Mapping[Phase, SendCode]] = {
    "connect": "unsupported",
    "login": "auth",
    "sender": "auth",
    "recipient": "invalid_recipient",
    "content": "blocked_by_user",
}
"""What a refusal without a telling code means."""


def failed(phase: Phase, number: int, words: str) -> SendFailed:
    """The failure that a server's answer is. `words` are the server's own; what is kept of them is short and one line."""
    enhanced = _ENHANCED.search(words[:40])
    status = enhanced[0] if enhanced and enhanced[1] == str(number)[0] else None
    provider_code = f"{number} {status}" if status else str(number)
    code = _passing(status, words) if number < 500 else _final(phase, number, status, words)  # noqa: PLR2004  # RFC 5321
    return SendFailed(code, f"the server said: {_short(words)}", provider_code=provider_code)


def _passing(status: str | None, words: str) -> SendCode:
    return "rate_limited" if status in _RATED or _RATE.search(words) else "retryable"


def _final(phase: Phase, number: int, status: str | None, words: str) -> SendCode:
    if number in _LOGIN:
        return "auth"
    if phase in ("connect", "login", "sender"):
        return _ours(phase, number, status)
    if _RELAY.search(words):
        return "auth"  # it takes the mail from whoever logs in, and did not know us
    if status is not None:
        rest = status.partition(".")[2]
        return _SUBJECTS.get(rest) or _CLASSES.get(rest[0]) or _NUMBERS.get(number) or _PHASES[phase]
    return _NUMBERS.get(number) or _PHASES[phase]


def _ours(phase: Phase, number: int, status: str | None) -> SendCode:
    """Before a recipient was named, a refusal is about us or the mail, never about the customer."""
    known = _NUMBERS.get(number)
    if known is not None:
        return known
    if status in ("5.3.4", "5.2.3"):
        return "too_large"
    if status is not None and status.startswith(("5.5.", "5.6.")):
        return "unsupported"
    return "auth" if status is not None and status.startswith("5.7.") else _PHASES[phase]


def _short(words: str) -> str:
    """One line of what can be shown."""
    line = " ".join(words.encode("utf-8", "replace").decode().split())
    shown = "".join(character if character.isprintable() else "?" for character in line)
    return shown if len(shown) <= LONGEST_WORDS else f"{shown[: LONGEST_WORDS - 1]}…"
