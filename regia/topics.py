"""What customers say by a button about their matter, and no rule can read: such a contact goes where the default sends it."""

from collections.abc import Iterator, Mapping

from connectors.base import Connector
from connectors.chat.settings import TOPIC, ChatSettings
from connectors.form_settings import WebFormSettings
from regia.rules.live import Rules


def unread(connectors: Mapping[str, Connector], rules: Rules) -> Iterator[tuple[str, str, str]]:
    """Connector, the field in which its buttons or topics go along, and a brand whose rules do not declare this field."""
    for name, connector in connectors.items():
        field = _field(connector.settings)
        if field is not None:
            yield from ((name, field, brand) for brand in sorted(connector.brands) if field not in rules.of(brand).fields)


def _field(settings: object) -> str | None:
    match settings:
        case WebFormSettings(topics=topics, topic_field=field) if topics:
            return field
        case ChatSettings(flow=flow) if flow is not None:
            said = any(choice.category for step in flow.steps.values() for choice in step.choices)
            return TOPIC if said else None
        case _:
            return None
