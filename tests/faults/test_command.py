"""The command: what it takes, what it writes, and when it fails."""

from dataclasses import replace
from pathlib import Path

import pytest

from faults import __main__ as command
from faults import report
from faults.judge import Figures
from faults.plays import Row, Scenario
from faults.programs import Broken
from faults.scenarios import SCENARIOS
from faults.stage import Servers
from scripts.check_figures import check

FACTS = {"date": "2026-11-27", "commit": "0123456789ab", "cores": "2", "python": "3.11.7"}
GOOD = Figures(
    sent=10,
    accepted=10,
    delivered=10,
    lost=0,
    repeated=1,
    changed=0,
    disordered=0,
    refused=0,
    held=2,
    p50=0.01,
    p99=0.5,
    slowest=0.6,
    again=3.0,
    drained=4.0,
)
PAGE = "# Page\n\n<!-- figures:reliability -->\n<!-- /figures -->\n"


def row(scenario: Scenario, **other: int | float | None) -> Row:
    known = {name: getattr(GOOD, name) for name in Figures.__dataclass_fields__}
    return Row(name=scenario.name, what=scenario.what, seconds=3, figures=Figures(**{**known, **other}))


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "reliability.md"
    path.write_text(PAGE)
    monkeypatch.setattr(report, "PAGE", path)
    return path


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({}, None),
        ({"lost": 1}, "1 accepted messages were never delivered"),
        ({"changed": 2}, "2 deliveries had another id"),
        ({"disordered": 3}, "3 deliveries were out of order"),
        ({"accepted": 9}, "1 messages were never accepted"),
        ({"refused": 1}, "1 requests got no 2xx"),
        ({"p99": 1.01}, "99th percentile"),
        ({"held": 0}, "the fault stopped no delivery"),
        ({"again": 15.1}, "publishing again took 15.1 s"),
        ({"again": None}, "publishing again took for ever"),
        ({"drained": 121.0}, "draining took 121.0 s"),
        ({"drained": None}, "draining took for ever"),
    ],
)
def test_each_requirement_is_asked(other: dict[str, int | float | None], said: str | None) -> None:
    scenario = SCENARIOS[0]
    wrong = scenario.wrong(row(scenario, **other))
    assert len(wrong) == (said is not None)
    assert all(text.startswith("killed: ") and str(said) in text for text in wrong)


def test_lines_are_written_one_by_one_and_stay(page: Path) -> None:
    first, second = SCENARIOS[0], SCENARIOS[1]
    report.write([report.cells(row(second), FACTS)], FACTS)
    report.write([report.cells(row(first, lost=7), FACTS)], {**FACTS, "commit": "ba9876543210"})
    text = page.read_text()
    assert list(check(text, "page")) == []
    lines = [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| ")][2:]
    assert lines == [first.name, second.name]
    report.write([report.cells(row(first, lost=8), FACTS)], FACTS)
    assert page.read_text().count(f"| {first.name} ") == 1
    (line,) = (line for line in page.read_text().splitlines() if line.startswith(f"| {first.name} "))
    assert [cell.strip() for cell in line.split("|")][6] == "8"


def test_what_was_not_played_says_why() -> None:
    made = Row(name="cluster-alone", what="the leader alone", seconds=3, figures=None, note="no network namespaces")
    assert report.cells(made, FACTS)[1] == "the leader alone: not played, no network namespaces"


@pytest.mark.parametrize("arguments", [["--only", "nonsense"], ["--short", "--write"], ["--only", "killed,"]])
def test_wrong_words_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main(arguments)
    assert "error:" in capsys.readouterr().err


def play(monkeypatch: pytest.MonkeyPatch, outcome: Row | Exception) -> int:
    def played(_scenario: Scenario, _servers: Servers, _folder: Path, _seconds: float) -> Row:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    known = SCENARIOS[0]
    made = Scenario(name=known.name, what=known.what, play=played, long=1, short=1)
    monkeypatch.setattr(command, "SCENARIOS", (made,))
    monkeypatch.setattr(command, "servers", lambda folder, rate: _Nothing())
    monkeypatch.setattr(command.signal, "signal", lambda *_: None)
    return command.main(["--only", known.name, "--short"])


class _Nothing:
    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


def test_the_exit_code_tells(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert play(monkeypatch, row(SCENARIOS[0])) == 0
    assert play(monkeypatch, row(SCENARIOS[0], lost=1)) == 1
    assert "killed: 1 accepted messages were never delivered" in capsys.readouterr().err
    assert play(monkeypatch, Broken("the consumer ended")) == 1
    assert "killed: could not be played to its end: the consumer ended" in capsys.readouterr().err


@pytest.mark.parametrize(("again", "wrong"), [(14.0, (0, 0)), (17.0, (1, 0)), (19.0, (1, 1))])
def test_a_cluster_is_asked_from_the_end_of_its_failure(again: float, wrong: tuple[int, int]) -> None:
    """Its failure lasts three seconds."""
    known = SCENARIOS[0]
    told = [
        Scenario(name=known.name, what=known.what, play=known.play, long=1, short=1, prompt=prompt) for prompt in (True, False)
    ]
    assert tuple(len(one.wrong(replace(row(one, again=again), lasted=3.0))) for one in told) == wrong
