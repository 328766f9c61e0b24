"""When pages of the console are to be seen, as a table."""

from bench.painting import Painted, report
from scripts.check_figures import block, check
from scripts.console_tour import Stop
from tests.bench.tables import rows

KNOWN = {"date": "2026-11-28", "commit": "abcdef012345", "cores": "2", "python": "3.11.7"}


def test_the_report() -> None:
    painted = [
        Painted(Stop("live", "/"), paints=(90.4, 310.6, 120.2), answers=(30.0, 80.0, 20.0)),
        Painted(Stop("message", "/messages/{message}"), paints=(50.0, 60.0, 70.0), answers=(5.0, 6.0, 7.4)),
    ]
    text = report(painted, KNOWN, 1_000, ["--visits", "3", "--write"])
    assert 'by `make bench ARGS="console --visits 3"`' in text
    assert "With 1,000 contacts on embedded parts, 3 visits each, milliseconds:" in text
    found = [cells for cells in rows(text) if cells[0] != "page"]
    assert found == [["`/console/`", "120", "311", "30"], ["`/console/messages/{message}`", "60", "70", "6"]]
    assert list(check(block("console", text, KNOWN), "console.md")) == []
