"""What the metrics count of a commit, and what its rules tell the log: one that fails is told once."""

import logging
from collections.abc import Iterable
from typing import Final

from regia.pipeline.commit import Committed
from regia.watch.metrics import ANSWERS, BATCH, COMMITTED, LEFT_OUT, QUARANTINED, RULE_FAILED, SURVEYS

logger = logging.getLogger(__name__)

_TOLD_MAX: Final = 10_000
"""Failures that are remembered as told. Past these, others are counted only."""

_told: set[tuple[str, str, str]] = set()


def count(committed: Committed) -> None:
    """Add a batch that is committed to the metrics."""
    if committed.routed:
        BATCH.observe(len(committed.routed))
    for connector, category in committed.routed:
        COMMITTED.labels(connector, category).inc()
    for connector, reason in committed.held:
        QUARANTINED.labels(connector, reason).inc()
    for labels, number in committed.answers.items():
        ANSWERS.labels(*labels).inc(number)
    for reason, number in committed.left_out.items():
        LEFT_OUT.labels(reason).inc(number)
    for labels, number in committed.surveyed.items():
        SURVEYS.labels(*labels).inc(number)
    _tell(committed.failed)


def _tell(failed: Iterable[tuple[str, str, str]]) -> None:
    """Count each (ruleset, rule, reason), and log those that this process has not logged before.

    A reason is a short code of the expression language: nothing of a message is in it.
    """
    for one in failed:
        ruleset, rule, reason = one
        RULE_FAILED.labels(rule, reason).inc()
        if one not in _told and len(_told) < _TOLD_MAX:
            _told.add(one)
            logger.warning(
                "an expression of a rule fails, so it does not hold", extra={"rule": rule, "reason": reason, "ruleset": ruleset}
            )
