"""What channels say they can do is what their samples show: nothing is declared that no sample gives."""

from collections import defaultdict

import pytest

from connectors.conformance.subject import Subject
from connectors.registry import CHANNELS, find
from tests.subjects.registry import SUBJECTS

BY_CHANNEL: dict[str, list[Subject]] = defaultdict(list)
for _subject in SUBJECTS:
    BY_CHANNEL[_subject.channel.name].append(_subject)
DESCRIBED = {"webhook"}
"""What it can do depends on its description."""
WITHOUT_SUBJECT = {"web_form", "api", "email", "mailgun", "postmark", "ses", *DESCRIBED}
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
