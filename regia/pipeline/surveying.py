"""Contacts that answer a survey: found before they are routed, and kept with it once they are stored."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from sqlalchemy import Connection

from desk.surveys import wording
from desk.surveys.answering import answer_of, take
from desk.surveys.answers import Answer
from desk.surveys.bubbles import FURTHER_MS
from desk.surveys.survey import Surveys
from identity.people import Identified
from identity.resolve import IdentitySession
from normalizer.message import Message
from router.model import Decision
from router.overruling import discarded
from storage import surveys as rows
from storage.surveys_since import SILENT, Since, since

RULE: Final = "survey"
"""By which name the books have contacts that only answer a survey."""


@dataclass(slots=True)
class Surveying:
    """The surveys of one batch; none, and nothing is read, where the configuration has none."""

    connection: Connection
    surveys: Surveys | None
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How many surveys, by name, came to which state."""
    _asked: dict[str, dict[str, Any]] = field(default_factory=dict)
    _links: dict[str, str] = field(default_factory=dict)
    """Of messages whose senders are known: the ids of their links."""
    _since: Since = field(default_factory=Since)
    _wrote: set[str] = field(default_factory=set)
    """Links by which something of this batch went its way."""
    _answers: list[tuple[Answer, str]] = field(default_factory=list)

    def look(self, messages: Sequence[Message], session: IdentitySession) -> None:
        """Find the surveys that the senders of a batch were asked."""
        if self.surveys is None:
            return
        self._links = {str(one.id): link for one in messages if (link := session.link_of(one)) is not None}
        if self._links:
            pressed = [wording.pressed(one.inbound.button.id) for one in messages if one.inbound.button is not None]
            since_ms = min(_received_ms(one) for one in messages) - FURTHER_MS
            named = {found[0] for found in pressed if found is not None}
            found = rows.of_contacts(self.connection, set(self._links.values()), named, since_ms)
            self._asked = {row["id"]: row for row in found}
            self._since = since(self.connection, self._asked)

    def answer(self, message: Message) -> Answer | None:
        """What a message answers of a survey that its sender was asked."""
        if not self._asked or self.surveys is None:
            return None
        link = self._links.get(str(message.id))
        mine = {id_: row for id_, row in self._asked.items() if row["handle_id"] == link}
        said = replace(self._since, wrote=self._since.wrote | mine.keys()) if link in self._wrote else self._since
        return answer_of(self.surveys, mine, message, _received_ms(message), said) if mine else None

    def decide(self, answer: Answer | None, message: Message, identified: Identified, decision: Decision) -> Decision:
        """The decision about a message: one that only answers is discarded. Its answer is kept by `keep`, if the address it
        came from is still that of who was asked."""
        mine = answer if answer is not None and identified.handle_id == answer.row["handle_id"] else None
        if mine is not None:
            self._answers.append((mine, str(message.id)))
            if identified.aside:
                return discarded(decision, RULE, f"answers survey {mine.row['id']}")
        if decision.discard is None and message.inbound.kind not in SILENT:
            self._wrote.add(identified.handle_id)
        return decision

    def keep(self) -> None:
        """Keep the answers; their messages are stored."""
        now_ms = time.time_ns() // 1_000_000
        for answer, message_id in self._answers:
            if self.surveys is not None and (state := take(self.connection, self.surveys, answer, message_id, now_ms)):
                self.outcomes[answer.survey.name, state] += 1


def aside(answer: Answer | None) -> str | None:
    """The conversation that a message which only answers a survey adds to."""
    return None if answer is None or answer.routed else answer.row["conversation_id"]


def _received_ms(message: Message) -> int:
    return int(message.received_at.timestamp() * 1000)
