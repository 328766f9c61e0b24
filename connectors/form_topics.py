"""What a form is about: topics that decide which fields are shown and needed, and what was read of the FAQ before."""

from collections.abc import Mapping, Sequence
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from normalizer.advice import Problem
from normalizer.fields import FieldName, FieldSpec, Text
from normalizer.inbound import FieldValue
from normalizer.values import clean_line

_MOST_READ: Final = 20
_LONGEST_ID: Final = 60
_SIGNS: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_")


class Topic(BaseModel):
    """One of those that a customer chooses from."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    label: Text = Field(description="What customers read.")
    fields: tuple[FieldName, ...] = Field(default=(), description="Fields that are shown with this topic, and not with others.")
    required: tuple[FieldName, ...] = Field(default=(), description="Fields that must be filled with this topic.")


def topics_problem(topics: Mapping[str, Topic], fields: Mapping[str, FieldSpec], always: Sequence[str]) -> str | None:
    """What is wrong with topics in a form of these fields, of which `always` must be shown with every topic."""
    for name, topic in topics.items():
        named = {*topic.fields, *topic.required}
        if unknown := sorted(named - fields.keys()):
            return f"topic {name} names fields that are not declared: {', '.join(unknown)}"
        if fixed := sorted({*topic.fields} & {*always}):
            return f"topic {name} cannot be the only one with {', '.join(fixed)}: it is needed with every topic"
        if hidden := sorted({*topic.required} & {*of_topics(topics)} - {*topic.fields}):
            return f"topic {name} requires what is shown with others only: {', '.join(hidden)}"
    return None


def of_topics(topics: Mapping[str, Topic]) -> dict[str, tuple[str, ...]]:
    """The fields that are not shown with every topic, each with its topics."""
    found: dict[str, tuple[str, ...]] = {}
    for name, topic in topics.items():
        for field in topic.fields:
            found[field] = (*found.get(field, ()), name)
    return found


def fields_with(
    topics: Mapping[str, Topic], fields: Mapping[FieldName, FieldSpec], chosen: str | None
) -> dict[FieldName, FieldSpec]:
    """The fields of a form with the topic that was chosen, as it needs them; without one those that are always shown."""
    limited = of_topics(topics)
    topic = topics.get(chosen or "")
    required = () if topic is None else topic.required
    shown = {name: spec for name, spec in fields.items() if name not in limited or chosen in limited[name]}
    return {name: spec.model_copy(update={"required": True}) if name in required else spec for name, spec in shown.items()}


def read_topic(topics: Mapping[str, Topic], value: object, *, needed: bool) -> tuple[str | None, Problem | None]:
    """The topic that was chosen, or what is wrong with it. A form without topics has none."""
    if not topics:
        return None, None
    if value is None or (isinstance(value, str) and not value.strip()):
        return None, Problem("required") if needed else None
    chosen = value.strip() if isinstance(value, str) else ""
    return (chosen, None) if chosen in topics else (None, Problem("choice"))


def with_topic(name: str, chosen: str | None, typed: Mapping[str, FieldValue]) -> dict[str, FieldValue]:
    """The values with the topic among them, first."""
    return {**({} if chosen is None else {name: chosen}), **typed}


def read_articles(value: object) -> tuple[str, ...]:
    """The ids of the articles that a page says were read: a list, or a text with commas. What can be no id is left out."""
    given = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else ()
    names = (clean_line(one) for one in given[: 10 * _MOST_READ] if isinstance(one, str))
    return tuple(dict.fromkeys(one for one in names if one and len(one) <= _LONGEST_ID and _SIGNS.issuperset(one)))[:_MOST_READ]
