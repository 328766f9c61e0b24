import pytest

from tests.e2e.fixtures import graph, make_gateway, mode
from tests.proof.figures import FIGURES

__all__ = ["graph", "make_gateway", "mode"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The figures stand in the log of a run that passed, too."""
    if FIGURES:
        terminalreporter.section("figures")
        for line in FIGURES:
            terminalreporter.write_line(line)
