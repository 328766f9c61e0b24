"""Rows of the database, from what a batch has."""

import hashlib
from typing import Any

from regia.pipeline.prepared import Held


def quarantine_row(one: Held) -> dict[str, Any]:
    """What is held for a person, with its bytes."""
    return {
        "id": str(one.row.id),
        "connector": one.connector,
        "reason": one.reason,
        "detail": one.detail,
        "raw": one.raw,
        "raw_sha256": hashlib.sha256(one.raw).hexdigest(),
        "content_type": one.content_type,
        "received_ms": one.received_ms,
        "attempts": 1,
        "state": "held",
    }
