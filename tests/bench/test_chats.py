"""What visitors of chats wait for is measured with few of them, and told with what went wrong."""

from pathlib import Path

import pytest

from bench import chats_main
from bench.chats_main import held, report
from bench.chatting import Faults, Spoken, faults, percentile
from scripts.check_figures import check
from tests.bench.tables import rows


def spoken(*texts: str, shown: float = 0.5, twice: int = 0) -> Spoken:
    """A chat of two messages and one answer, as its window saw it."""
    return Spoken(
        sent=["m0", "m1"],
        answered=["r0"],
        items={str(number): text for number, text in enumerate(texts)},
        twice=["m0"] * twice,
        accepted=[0.010, 0.030],
        shown=[shown],
    )


WHOLE = ("m0", "r0", "m1")
CASES = [
    ("all", spoken(*WHOLE), Faults(0, 0, 0)),
    ("an answer did not come", spoken("m0", "m1"), Faults(1, 0, 0)),
    ("a message came as two", spoken("m0", "m0", "r0", "m1"), Faults(0, 1, 1)),
    ("an item came again in its state", spoken(*WHOLE, twice=2), Faults(0, 2, 0)),
    ("messages changed places", spoken("m1", "r0", "m0"), Faults(0, 0, 1)),
]


@pytest.mark.parametrize(("chat", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_went_wrong_is_counted(chat: Spoken, expected: Faults) -> None:
    assert faults([spoken(*WHOLE), chat]) == expected
    assert held([chat]) is (expected == Faults(0, 0, 0))


@pytest.mark.parametrize(
    ("times", "expected"),
    [([1.9] * 100, True), ([2.1] * 51 + [0.1] * 49, False), ([0.1] * 99 + [11.0], False), ([], False)],
    ids=["fast", "half of them slow", "one in a hundred slow", "no answer"],
)
def test_answers_are_held_to_what_is_asked(*, times: list[float], expected: bool) -> None:
    chats = [spoken(*WHOLE, shown=time) for time in times]
    assert held(chats) is expected


def test_the_report() -> None:
    text = report([spoken(*WHOLE), spoken("m0", "m1", shown=1.25)], 12.4, 0.43, "Head.", 2.5)
    assert text.startswith(
        "Head.\n\n2 chats at once, a message of each every 2.5 s, 12 s in all, 43% of a core for the gateway:"
    )
    accepted, answered = rows(text)
    assert accepted == ["a message, until it is accepted", "4", "30", "30", "30"]
    assert answered == ["an answer, until it is in the window", "2", "1,250", "1,250", "1,250"]
    assert text.endswith("Lost: 1. Shown twice: 0. Chats out of order: 0.\n")


def test_the_time_within_which_a_share_was() -> None:
    times = [float(number) for number in range(100, 0, -1)]
    assert [percentile(times, share) for share in (0.5, 0.99, 1.0)] == [51, 100, 100]


def test_a_small_run_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "chat.md"
    page.write_text("Before.\n\n<!-- figures:chats -->\n<!-- /figures -->\n\nAfter.\n")
    monkeypatch.setattr(chats_main, "PAGE", page)
    monkeypatch.setattr(chats_main, "ASKED_S", (60.0, 60.0))
    words = "--chats 3 --messages 4 --answers 2 --pause 0.1"
    assert chats_main.main([*words.split(), "--write"]) == 0
    accepted, answered = rows(capsys.readouterr().out)
    assert (accepted[1], answered[1]) == ("12", "6")
    text = page.read_text()
    assert text.startswith("Before.")
    assert text.endswith("After.\n")
    assert f'make bench ARGS="chats {words}"' in text
    assert "Lost: 0. Shown twice: 0. Chats out of order: 0." in text
    assert list(check(text, "chat.md")) == []


def test_the_page_of_chats_has_its_place() -> None:
    assert chats_main.PAGE.read_text("utf-8").count("<!-- figures:chats ") == 1
    options = chats_main._options([])
    assert (options.chats, options.write) == (500, False)
