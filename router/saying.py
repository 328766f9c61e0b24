"""What a decision has, in words for people who try rules."""

from dataclasses import fields
from typing import Any

from router.model import Escalation, Sla


def decided_in_words(value: Any) -> str:
    """A value of a field of a decision."""
    if isinstance(value, Sla):
        return _promised(value)
    if isinstance(value, tuple):
        return f"[{', '.join(map(str, value))}]"
    return "nothing" if value is None else str(value)


def _promised(sla: Sla) -> str:
    """Only `first_reply`, which most have alone, goes without its name."""
    said = {field.name: getattr(sla, field.name) for field in fields(sla) if field.name not in ("first_reply", "calendar")}
    parts = [] if sla.first_reply is None else [f"{sla.first_reply} s"]
    parts += [f"{name} {value} s" for name, value in said.items() if isinstance(value, int)]
    parts += [f"{name} {_escalation(value)}" for name, value in said.items() if isinstance(value, Escalation)]
    return ", ".join(parts) + (f" by {sla.calendar}" if sla.calendar else "")


def _escalation(one: Escalation) -> str:
    said = {field.name: value for field in fields(one) if (value := getattr(one, field.name)) not in ((), None)}
    return "; ".join(f"{name} {decided_in_words(value)}" for name, value in said.items())
