"""To choose a version for a brand: the row that every node follows, and the event that tells of it."""

from typing import Final

from sqlalchemy import Connection

from identity.ids import new_id
from normalizer.event import event
from storage import events, rulesets
from storage.events import NewEvent
from storage.rulesets import Activation

ACTIVATED: Final = "regia.rules.activated.v1"
REJECTED: Final = "regia.rules.rejected.v1"
_SOURCE: Final = "/regia/rules"


def activate(connection: Connection, chosen: Activation) -> None:
    """Choose it inside the caller's transaction."""
    rulesets.activate(connection, chosen)
    _tell(connection, ACTIVATED, chosen.hash, chosen.at_ms, {"brand": chosen.brand, "actor": chosen.actor})


def rejected(connection: Connection, node: str, problems: int, at_ms: int) -> None:
    """Tell that a node's files are wrong, and that the version before still decides there."""
    _tell(connection, REJECTED, node, at_ms, {"node": node, "problems": problems})


def _tell(connection: Connection, type_: str, subject: str, at_ms: int, data: dict[str, str | int]) -> None:
    id_ = new_id("evt")
    body = event(type_, id_=id_, source=_SOURCE, subject=subject, at_ms=at_ms, data=data)
    events.add(connection, [NewEvent(id_, type_, subject, at_ms, body)])
