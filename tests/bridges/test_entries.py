"""What agents read of a contact."""

import re
from pathlib import Path
from typing import Any

import orjson
import pytest

from desk.bridges import entries

ROOT = Path(__file__).parents[2]


@pytest.fixture
def envelope() -> dict[str, Any]:
    """The one that the documentation shows."""
    (shown,) = re.findall(r"```json\n(.*?)```", (ROOT / "docs" / "envelope.md").read_text(), re.DOTALL)[:1]
    whole: dict[str, Any] = orjson.loads(shown)
    return whole


def said(number: int, direction: str) -> dict[str, Any]:
    about = {"id": str(number), "channel": "email", "category": "general"}
    return about | {"at": f"2026-11-{number:02}T09:00:00.000Z", "direction": direction, "snippet": f"words {number}"}


def test_a_new_ticket_shows_the_last_that_was_said(envelope: dict[str, Any]) -> None:
    envelope["data"]["history"] = [said(number, "inbound" if number % 2 else "outbound") for number in range(1, 9)]
    before = entries.words(envelope, first=True).partition("Before:\n")[2].splitlines()
    assert before == [
        "- 2026-11-04T09:00:00.000Z email (general, our answer): words 4",
        "- 2026-11-05T09:00:00.000Z email (general): words 5",
        "- 2026-11-06T09:00:00.000Z email (general, our answer): words 6",
        "- 2026-11-07T09:00:00.000Z email (general): words 7",
        "- 2026-11-08T09:00:00.000Z email (general, our answer): words 8",
    ]
    assert "Before:" not in entries.words(envelope, first=False)


def test_a_file_that_stays_a_link_has_an_address_that_does_not_end(envelope: dict[str, Any]) -> None:
    link = "https://gw.example/attachments/att_1?expires=1&signature=0"
    file = {"id": "att_1", "filename": "film.mp4", "size": 1000, "state": "stored", "url": link}
    envelope["data"]["attachments"] = [file]
    said = entries.words(envelope, first=True, left_out=("att_1",))
    assert f"- film.mp4, 1,000 bytes: {link} (later, with a token: https://gw.example/v1/attachments/att_1)" in said
