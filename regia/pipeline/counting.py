"""The figures of what was committed."""

from regia.pipeline.commit import Committed
from regia.watch.metrics import ANSWERS, BATCH, COMMITTED, LEFT_OUT, QUARANTINED


def count(committed: Committed) -> None:
    """Count a transaction that is done."""
    if committed.routed:
        BATCH.observe(len(committed.routed))
    for labels in committed.routed:
        COMMITTED.labels(*labels).inc()
    for labels in committed.held:
        QUARANTINED.labels(*labels).inc()
    for labels, number in committed.answers.items():
        ANSWERS.labels(*labels).inc(number)
    for reason, number in committed.left_out.items():
        LEFT_OUT.labels(reason).inc(number)
