"""The table "What a rule can ask" of docs/rules.md, by type."""

from typing import Final

TEXTS: Final = (
    *("channel", "connector", "account", "brand", "kind", "text", "subject", "language", "automated", "received", "button"),
    *("sender.handle", "sender.kind", "sender.domain", "sender.name", "sender.proof", "customer.tier", "customer.match"),
    *("conversation.ticket", "history.last_category"),
)
LISTS: Final = ("customer.tags", "attachments.types", "attachments.kinds", "conversation.channels")
NUMBERS: Final = (
    *("customer.messages", "attachments.count", "attachments.size", "conversation.messages", "conversation.age"),
    *("history.unanswered", "history.contacts", "history.day", "history.week"),
)
BOOLEANS: Final = ("backlog", "customer.new", "conversation.reopened")
TYPES: Final[dict[str, str]] = {
    **dict.fromkeys(TEXTS, "text"),
    **dict.fromkeys(LISTS, "list"),
    **dict.fromkeys(NUMBERS, "number"),
    **dict.fromkeys(BOOLEANS, "boolean"),
}
CALENDAR_TYPES: Final = {"hours": "text", "date": "date", "weekday": "text", "holiday": "boolean"}

FIRST_WINS: Final = ("category", "queue", "sla", "product", "playbook", "discard", "reply")
"""Actions of which the first rule wins.

A new one needs its name here, a line in `Generator.then`, one in `Decisions.decision`, and the field of the
router's decision in `comparing.FIELDS`.
"""
ADDED: Final = ("copy_to", "tags", "owners", "notify")
"""Actions of which all are added, each thing once. A new one needs the same, with `comparing.LISTS`."""


def type_of(name: str, declared: dict[str, str]) -> str:
    """`text`, `list`, `number`, `boolean` or `date`. `declared` has the types of fields."""
    start, _, rest = name.partition(".")
    if start == "fields":
        return declared[rest]
    return CALENDAR_TYPES[start] if start in CALENDAR_TYPES else TYPES[name]
