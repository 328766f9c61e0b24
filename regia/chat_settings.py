"""What chats name of the rules."""

from collections.abc import Mapping

from config.document import Document
from config.problems import Problem
from connectors.base import Connector
from connectors.chat import Chat
from regia.queue_settings import did_you_mean
from regia.rules.live import Rules


def unusable(connectors: Mapping[str, Connector], document: Document, rules: Rules) -> list[Problem]:
    """Calendars that there are not: the chat would always be open."""
    problems: list[Problem] = []
    for name, connector in connectors.items():
        if not isinstance(connector, Chat) or connector.settings.hours is None:
            continue
        there = sorted(rules.of(connector.settings.brand).working_times)
        if connector.settings.hours not in there:
            hint = did_you_mean(connector.settings.hours, there) or f"calendars: {', '.join(there) or 'none'}"
            problems.append(document.problem(("connectors", name, "hours"), "the rules have no calendar of this name", hint))
    return problems
