"""Texts that are longer than one message."""

from typing import Final

from connectors.base import Sent
from connectors.conformance.check import Check, require
from connectors.conformance.fake_http import answer
from connectors.conformance.sending import limits_of, outgoing, payload, posts, provider, replying, sends, sent
from connectors.conformance.subject import Subject
from connectors.errors import SendFailed
from normalizer.inbound import Button

_LONG: Final = 3


async def a_long_text_leaves_whole(subject: Subject) -> None:
    """In parts, each within the limit, every word once and in order."""
    limits = limits_of(subject)
    words = [f"parola{number:06}" for number in range(_LONG * limits.text // 13)]
    http = provider(subject, *[replying(subject).taken] * (2 * _LONG + 4))
    given = await sent(subject, outgoing(subject, text=" ".join(words)), http, "a long text")
    require(isinstance(given, Sent), "a long text was refused")
    carried = " ".join(map(payload, posts(subject, http)))
    places = [carried.find(word) for word in words]
    require(-1 not in places and places == sorted(places), "words of a long text are lost or out of order")
    require(all(carried.count(word) == 1 for word in words[:: max(len(words) // 50, 1)]), "words of a long text left twice")


async def buttons_leave_once(subject: Subject) -> None:
    """Below the last part of a long text: under each part they would ask the same again and again."""
    text, button = "parola " * (_LONG * limits_of(subject).text // 7), Button(id="ret-damaged", title="Rotta")
    http = provider(subject, *[replying(subject).taken] * (2 * _LONG + 40))
    given = await sent(subject, outgoing(subject, text=text, buttons=(button,)), http, "a long text with a button")
    require(isinstance(given, Sent), "a long text with a button was refused")
    with_it = [str(button.id) in payload(call) for call in posts(subject, http)]
    require(with_it.count(True) == 1 and with_it[-1], "the button of a long text did not leave once, with the last part")


async def half_a_message_is_not_repeated(subject: Subject) -> None:
    """When a later part fails, the customer has the first ones: another try would send them twice."""
    limits = limits_of(subject)
    text = "parola " * (_LONG * limits.text // 7)
    http = provider(subject, replying(subject).taken, *[answer(b"", 503)] * 6)
    given = await sent(subject, outgoing(subject, text=text), http, "a long text of which a part failed")
    require(isinstance(given, SendFailed), "a part that failed was not told")
    if isinstance(given, SendFailed):
        require(not given.retryable or replying(subject).repeatable, "a half-sent message is called retryable")


def _splits(subject: Subject) -> bool:
    return sends(subject) and limits_of(subject).text <= 50_000  # noqa: PLR2004  # longer texts are mails, which have no parts


PARTS: Final[tuple[Check, ...]] = (
    Check(a_long_text_leaves_whole, _splits),
    Check(buttons_leave_once, lambda subject: _splits(subject) and limits_of(subject).buttons > 0),
    Check(half_a_message_is_not_repeated, _splits),
)
