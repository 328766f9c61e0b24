"""Which lists are to be told of a message: entered in the commit of the message, so that none is told twice and none forgotten.

One statement a batch, and none where nobody is told: the notices themselves are made afterwards, by one node.
"""

import time
from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import Connection

from desk.notices.lists import Directory, NoticeList
from normalizer.inbound import Handle
from regia.pipeline.acknowledging import AFTERTHOUGHTS, Decided
from storage import notice_items

NOBODY: Final = Directory({})
_OF_MAILS: Final = frozenset({"own", "bounce", "receipt", "feedback_report", "auto_reply"})
"""What programs say of mails that they got: also of our notices."""


def enter(connection: Connection, decided: Sequence[Decided], lists: Directory) -> None:
    """Enter the messages of a batch for the lists of their owners, and of those that a rule notifies."""
    if not lists:
        return
    now_ms = time.time_ns() // 1_000_000
    notice_items.enter(connection, [_row(one, list_, now_ms) for one in decided for list_ in _lists(one, lists)])


def _lists(one: Decided, lists: Directory) -> Iterator[NoticeList]:
    """Owners are told of what somebody must look at; who is named by `notify` also of what the rules discard."""
    inbound, decision = one.message.inbound, one.decision
    if inbound.backlog or not (decision.owners or decision.notify):
        return
    of_owners = decision.discard is None and one.identified.repeat_of is None and inbound.kind not in AFTERTHOUGHTS
    named = (*(decision.owners if of_owners else ()), *decision.notify)
    found = lists.named(named, inbound.brand)
    # Only now, when all addresses of these names are known.
    if not found or inbound.automated in _OF_MAILS or lists.is_told(_handles(one)):
        return
    yield from (list_ for list_ in found if list_.when != "breach")


def _handles(one: Decided) -> tuple[Handle, ...]:
    via = one.message.inbound.reply.via
    sender = one.message.inbound.sender.handle
    return (sender,) if via is None else (sender, via)


def _row(one: Decided, list_: NoticeList, now_ms: int) -> dict[str, Any]:
    return {
        "list": list_.name,
        "urgent": list_.when == "at_once",
        "what": "contact",
        "message_id": str(one.message.id),
        "promise": None,
        "due_ms": None,
        "entered_ms": now_ms,
    }
