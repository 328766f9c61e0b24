"""Customers as rows, without a pipeline."""

from typing import Any

from sqlalchemy import Connection, insert

from storage.schema import customers


def add_customer(connection: Connection, id_: str, *, space: str = "demo", **more: Any) -> None:
    """A customer at the top who has written nothing yet, if nothing else is said."""
    row = {"id": id_, "space": space, "standing": "claimed", "root_id": id_, "tags": "[]", "facts": "{}", "history": "[]"}
    counts = dict.fromkeys(("first_seen_ms", "last_seen_ms", "sequence", "messages", "unanswered"), 0)
    connection.execute(insert(customers), [row | counts | more])
