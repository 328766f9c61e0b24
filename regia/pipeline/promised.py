"""What the contacts of a batch are promised: the timers that begin with them, and what their envelopes say of what is due."""

from collections.abc import Collection, Mapping

from sqlalchemy import Connection

from desk.sla.beginning import ALWAYS, Beginning, Contact
from identity.people import Identified
from normalizer.message import Message
from regia.pipeline.assemble import NOTHING_DUE
from regia.rules.hours import Hours
from regia.rules.live import Rules
from router.model import Decision
from router.ruleset import Ruleset


class Promised:
    """Of one batch. Where no rule promises anything, nothing is asked of the database."""

    def __init__(self, connection: Connection, conversations: Collection[str], rules: Rules, hours: Hours) -> None:
        self._beginning: Beginning | None = None
        if any(ruleset.promises for ruleset in rules.live.values()):
            self._beginning = Beginning(connection, conversations, lambda timer: hours.of(connection, rules, timer))

    def see(self, message: Message, identified: Identified, decision: Decision, ruleset: Ruleset) -> Mapping[str, int]:
        """When what is promised for the contact's conversation is due, by promise."""
        if self._beginning is None:
            return NOTHING_DUE
        is_new = decision.discard is None and identified.repeat_of is None
        calendar = decision.sla.calendar if decision.sla is not None else None
        contact = Contact(
            message_id=str(message.id),
            conversation_id=identified.conversation.id,
            brand=message.inbound.brand,
            category=decision.category,
            at_ms=identified.at_ms,
            waits=identified.awaits_answer and is_new,
            first=identified.conversation.messages == 1,
            sla=decision.sla,
            hours=ALWAYS if calendar is None else ruleset.working_times[calendar],
            ruleset=ruleset.hash,
            priority=decision.priority,
            owners=decision.owners,
        )
        return self._beginning.see(contact)

    def save(self) -> None:
        """Write what begins, and what goes on."""
        if self._beginning is not None:
            self._beginning.save()
