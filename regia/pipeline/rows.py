"""The rows of a commit that are made of nothing but what came in."""

import hashlib
from typing import Any

from normalizer.message import Message
from regia.pipeline.prepared import Held


def attachment_rows(message: Message) -> list[dict[str, Any]]:
    """Of the files that are stored."""
    return [
        {
            "id": item.id,
            "message_id": str(message.id),
            "sha256": item.sha256,
            "size": item.size,
            "filename": item.filename,
            "content_type": item.content_type,
        }
        for item in message.attachments
        if item.state == "stored"
    ]


def quarantine_row(one: Held) -> dict[str, Any]:
    """Of what could not be read."""
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
