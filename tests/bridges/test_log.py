"""What of a ticket system's errors gets into the log."""

import logging

import pytest

from desk.bridges.base import BridgeError, SystemRefused, SystemUnavailable, without_words
from regia.runners.carrying import say


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (SystemRefused("HubSpot answers 400: anna@example.it is no address"), "SystemRefused: HubSpot answers 400"),
        (SystemUnavailable("Help desk answers 503: La padella (open)"), "SystemUnavailable: Help desk answers 503"),
        (SystemUnavailable("Zammad gave no answer: timeout"), "SystemUnavailable: Zammad gave no answer: timeout"),
    ],
)
def test_the_systems_words_stay_out_of_it(error: BridgeError, expected: str, caplog: pytest.LogCaptureFixture) -> None:
    assert without_words(error) == expected
    with caplog.at_level(logging.WARNING):
        say("helpdesk", error, 0)
    assert [record.__dict__["error"] for record in caplog.records] == [expected]
