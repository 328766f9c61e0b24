"""Templates of the rules, with the values of a stored message: for replies, and to look at."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from connectors.base import ApprovedTemplate
from desk.refusals import Refused
from desk.wording import Chosen, Render, Worded
from identity.policy import Policy
from normalizer.inbound import Handle, reference_number
from regia.links import Links
from regia.pipeline.facts import field_value
from regia.pipeline.stored_facts import facts_of_envelope
from regia.rules.live import Rules
from router.answers import NotRendered
from router.ruleset import Ruleset
from router.vocabulary import Facts

Values = tuple[Facts, Mapping[str, str | None]]
"""What rules see of a message, extracted fields included, and what only templates have."""


def renderer(rules: Callable[[], Rules], policy: Policy, links: Links) -> Render:
    """Renders by the rules that decide for the message's brand at that moment."""

    def render(message_id: str, data: Mapping[str, Any], chosen: Chosen) -> Worded:
        ruleset = rules().of(data["brand"])
        template = ruleset.answers.templates.get(chosen.name)
        if template is None:
            raise Refused("unknown_template")
        if chosen.language is not None and chosen.language not in template.texts:
            raise Refused("unknown_language")
        facts, own = values(ruleset, message_id, data, policy, links)
        try:
            answer = ruleset.answers.render(chosen.name, {**facts, **_given(ruleset, chosen)}, own, chosen.language)
        except NotRendered:
            raise Refused("not_rendered") from None
        approved = None
        if (found := answer.approved) is not None:
            approved = ApprovedTemplate(name=found.name, language=found.language, parameters=found.parameters)
        return Worded(text=answer.text, subject=answer.subject, approved=approved)

    return render


def values(ruleset: Ruleset, message_id: str, data: Mapping[str, Any], policy: Policy, links: Links) -> Values:
    """Those of a stored envelope, as these rules declare its fields."""
    fields = {f"fields.{name}": field_value(data["fields"].get(name), kind) for name, kind in ruleset.fields.items()}
    category = data["routing"]["category"]
    label = ruleset.categories[category].label if category in ruleset.categories else category
    own = {
        "reference": reference_number(UUID(message_id)),
        "name": _name(data, policy),
        "category": label,
        "ticket": data["conversation"]["ticket"],
        "state_url": links.state(message_id),
    }
    return {**facts_of_envelope(data, ruleset.fields), **fields}, own


def _given(ruleset: Ruleset, chosen: Chosen) -> Facts:
    """The fields of the request. Raises `Refused`."""
    given = {
        name: field_value(value, ruleset.fields[name]) if name in ruleset.fields else None for name, value in chosen.fields
    }
    if None in given.values():
        raise Refused("unknown_field")
    return {f"fields.{name}": value for name, value in given.items()}


def _name(data: Mapping[str, Any], policy: Policy) -> str | None:
    """Whom to greet. Where many people write under one address, only who signed this message."""
    sender: Mapping[str, Any] = data["sender"]
    name: str | None = sender["name"]
    if data["automated"] == "list" or policy.is_shared(Handle(**sender["handle"])):
        return name
    return data["customer"]["name"] or name
