"""Every channel holds the conformance suite."""

from collections.abc import Callable

from tests.subjects.registry import SUBJECTS as _SUBJECTS

pytest_plugins = ("connectors.conformance.plugin",)
SUBJECTS = _SUBJECTS


def test_conformance(conformance: Callable[[], None]) -> None:
    conformance()
