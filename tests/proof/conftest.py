from typing import Any

import pytest

from tests.e2e.fixtures import graph, make_gateway, mode
from tests.proof.figures import FIGURES

__all__ = ["graph", "make_gateway", "mode"]

_LONGEST = (
    *("identity_attacks", "identity_oracle", "handles", "interpreter", "people"),
    *("mailbox", "kpis", "mutated_mails", "crash"),
)
"""What takes minutes, the longest first: begun last it would run alone, beside an idle processor."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        name = item.path.stem.removeprefix("test_")
        return _LONGEST.index(name) if name in _LONGEST else len(_LONGEST)

    items.sort(key=place)


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
