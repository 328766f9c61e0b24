"""Ten thousand damaged payloads for each channel: nothing is raised, nothing answered with 5xx, every rejection has a code."""

import os
import time
from typing import Final

import pytest

from connectors.conformance.subject import Subject
from tests.payloads import feed
from tests.proof.figures import record
from tests.subjects.callers import CALLERS
from tests.subjects.registry import SUBJECTS

SEED: Final = int(os.environ.get("SEED", "20261121"))
PAYLOADS: Final = int(os.environ.get("PROOF_PAYLOADS", "10000"))
LONGEST: Final = 5.0


@pytest.mark.proof
@pytest.mark.timeout(900)
@pytest.mark.parametrize("subject", [*SUBJECTS, *CALLERS], ids=lambda subject: subject.name)
def test_damaged_payloads(subject: Subject) -> None:
    started = time.monotonic()
    tally = feed(subject, PAYLOADS, SEED)
    seconds = time.monotonic() - started
    record(
        f"{PAYLOADS} damaged payloads of {subject.name} (SEED={SEED})",
        seconds=f"{seconds:.0f}",
        slowest=f"{tally.slowest * 1000:.0f} ms",
        outcome=dict(tally.outcome.most_common()),
    )
    assert tally.bad == []
    assert tally.slowest < LONGEST
    assert sum(tally.outcome.values()) >= PAYLOADS * 0.75
