"""What channels say they can do is what their samples show: nothing is declared that no sample gives."""

from collections import defaultdict
from datetime import timedelta
from typing import Final

import pytest

from connectors.abilities import Abilities
from connectors.conformance.subject import Subject
from connectors.registry import CHANNELS, find
from normalizer.inbound import Kind, Proof
from tests.subjects.registry import SUBJECTS

_TEXT: Final[frozenset[Kind]] = frozenset({"text"})
_CLAIMED: Final[frozenset[Proof]] = frozenset({"claimed"})
BY_CHANNEL: dict[str, list[Subject]] = defaultdict(list)
for _subject in SUBJECTS:
    BY_CHANNEL[_subject.channel.name].append(_subject)
DESCRIBED = {"webhook"}
"""What it can do depends on its description."""
WITHOUT_SUBJECT = {"chat", "web_form", "api", "email", "mailgun", "postmark", "ses", *DESCRIBED}
"""Their callers can correct a request, or their contacts are mails: they have suites of their own."""


def test_every_webhook_channel_has_a_subject() -> None:
    assert {channel.name for channel in CHANNELS} - set(BY_CHANNEL) <= WITHOUT_SUBJECT


@pytest.mark.parametrize("name", sorted(set(BY_CHANNEL) - DESCRIBED))
def test_what_is_declared_is_shown(name: str) -> None:
    able = find(name).abilities
    kinds, states, proofs, files = set[str](), set[str](), set[str](), False
    for subject in BY_CHANNEL[name]:
        for body in subject.samples.values():
            parsed = subject.connector().parse(subject.request(body))
            kinds |= {message.kind for message in parsed.messages}
            proofs |= {message.sender.handle.proof for message in parsed.messages}
            files = files or any(message.attachments for message in parsed.messages)
            states |= {status.state for status in parsed.statuses}
    assert (able.kinds - kinds, able.states - states, able.proof - proofs) == (frozenset(), frozenset(), frozenset())
    assert able.media == files


@pytest.mark.parametrize(
    ("able", "told"),
    [
        (Abilities(kinds=_TEXT, proof=_CLAIMED), None),
        (Abilities(kinds=_TEXT, proof=_CLAIMED, window=timedelta(hours=24)), "24 h"),
        (Abilities(kinds=_TEXT, proof=_CLAIMED, windows={"b": timedelta(days=2), "a": timedelta(days=2)}), "48 h (a, b)"),
        (
            Abilities(kinds=_TEXT, proof=_CLAIMED, windows={"b": timedelta(days=2), "a": timedelta(days=7)}),
            "48 h (b), 168 h (a)",
        ),
    ],
)
def test_a_window_says_what_it_holds_for(able: Abilities, told: str | None) -> None:
    assert able.told_window() == told
