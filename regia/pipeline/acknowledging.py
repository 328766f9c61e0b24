"""What a decision does besides choosing queues: an answer by template is queued, and who is to be told hears of it.

Both belong to the commit of the message, which happens once: no repeat is answered, and none is told.
"""

import logging
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from desk import loops
from desk.refusals import RefusalReason, Refused
from desk.replies import Channels, Reply, queue
from identity.people import Identified
from identity.policy import Policy
from normalizer.inbound import Handle, Kind, reference_number
from normalizer.message import Message
from regia.links import Links
from regia.pipeline.facts import facts
from regia.pipeline.happened import to_be_told
from router.answers import Answer, NotRendered
from router.model import Decision
from router.ruleset import Ruleset
from storage import automatic, events
from storage.bulk import update_rows
from storage.schema import messages

logger = logging.getLogger(__name__)

QUEUED: Final = "queued"
AUTHOR: Final = "rule/"
"""What stands before a rule's name where it is the author of an answer."""

AFTERTHOUGHTS: Final[frozenset[Kind]] = frozenset({"edit", "delete", "reaction"})

Outcomes = Counter[tuple[str, str]]
"""How many answers of a connector were queued, or held back, by reason."""


@dataclass(frozen=True, slots=True)
class Decided:
    """A message that is stored in this transaction, and the decision of the ruleset about it."""

    message: Message
    identified: Identified
    decision: Decision
    ruleset: Ruleset


def act(connection: Connection, decided: Sequence[Decided], channels: Channels, policy: Policy, links: Links) -> Outcomes:
    """Queue the answers that rules chose and tell of the messages that they want told; what became of the answers. One that may
    not go out changes nothing else: why is kept with its message."""
    told = [one for one in decided if one.decision.notify and not one.message.inbound.backlog]
    events.add(connection, [to_be_told(one.message, one.identified, one.decision) for one in told])
    wanted = [one for one in decided if one.decision.reply is not None]
    if not wanted:
        return Counter()
    refused: dict[str, RefusalReason] = {str(one.message.id): reason for one in wanted if (reason := _refusal(one)) is not None}
    allowed = [one for one in wanted if str(one.message.id) not in refused]
    # All at once and in order: two nodes that took theirs message by message could wait for each other.
    automatic.hold(connection, *{key for one in allowed for key in _keys(one)})
    now_ms = time.time_ns() // 1_000_000
    for one in allowed:
        try:
            queue(connection, _reply(one, policy, links), channels, now_ms)
        except Refused as error:
            refused[str(one.message.id)] = error.reason
    update_rows(connection, messages, "id", [{"id": id_, "reply_refused": reason} for id_, reason in refused.items()])
    return Counter((one.message.connector, refused.get(str(one.message.id), QUEUED)) for one in wanted)


def _refusal(one: Decided) -> RefusalReason | None:
    """Why nobody is answered by a rule here, whatever the channel and the limits say."""
    inbound = one.message.inbound
    if one.decision.discard is not None:
        return "discarded"
    if inbound.backlog:
        return "backlog"
    if inbound.kind in AFTERTHOUGHTS:
        return "afterthought"
    if one.identified.repeat_of is not None:
        return "repeat"
    to_claimed = one.ruleset.answers.templates[one.decision.reply or ""].to_claimed
    if not to_claimed and "claimed" in (inbound.sender.handle.proof, _recipient(one).proof):
        return "claimed"
    return None


def _recipient(one: Decided) -> Handle:
    return loops.recipient(one.message.inbound.sender.handle, one.message.inbound.reply.via)


def _keys(one: Decided) -> tuple[str, ...]:
    return loops.keys(_recipient(one), one.identified.conversation.id, one.message.connector)


def _reply(one: Decided, policy: Policy, links: Links) -> Reply:
    """Raises `Refused`."""
    answer = _rendered(one, policy, links)
    return Reply(
        message_id=str(one.message.id),
        text=answer.text,
        subject=answer.subject,
        author=AUTHOR + one.decision.decided_by["reply"],
        automatic=True,
    )


def _rendered(one: Decided, policy: Policy, links: Links) -> Answer:
    decision, ruleset = one.decision, one.ruleset
    known = facts(one.message, one.identified, ruleset.fields)
    extracted = {f"fields.{name}": value for name, value in decision.extracted.items()}
    own = {
        "reference": reference_number(one.message.id),
        "name": _name(one, policy),
        "category": ruleset.categories[decision.category].label,
        "ticket": one.identified.conversation.ticket,
        "state_url": links.state(str(one.message.id)),
    }
    template = decision.reply or ""
    try:
        return ruleset.answers.render(template, {**known, **extracted}, own)
    except NotRendered as error:
        logger.warning("a template cannot be rendered", extra={"template": template, "reason": str(error)})
        raise Refused("not_rendered") from None


def _name(one: Decided, policy: Policy) -> str | None:
    """Whom to greet. Where many people write under one address, only who signed this message."""
    sender = one.message.inbound.sender
    if sender.of_many or policy.is_shared(sender.handle):
        return sender.name
    return one.identified.customer.name or sender.name
