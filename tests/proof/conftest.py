from typing import Any

import pytest

from tests.e2e.fixtures import graph, make_gateway, mode
from tests.proof.figures import FIGURES

__all__ = ["graph", "make_gateway", "mode"]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A process of several hands its figures to the one that prints."""
    if (output := getattr(session.config, "workeroutput", None)) is not None:
        output["figures"] = list(FIGURES)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    FIGURES.extend(getattr(node, "workeroutput", {}).get("figures", ()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The figures stand in the log of a run that passed, too."""
    if FIGURES:
        terminalreporter.section("figures")
        for line in FIGURES:
            terminalreporter.write_line(line)
