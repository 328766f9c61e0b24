"""Templates of answers, rendered for one message. Rendering is bounded: no loops, no calls, short values.

What a template may hold is checked when it is read, in `router.templates`.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from jinja2 import StrictUndefined, Template
from jinja2.sandbox import ImmutableSandboxedEnvironment

from router.calendars import Calendar, Clock
from router.vocabulary import DECLARED_UNDER, Facts, Value

VALUE_MAX: Final = 200
"""Characters of a value that are used."""
RENDERED_MAX: Final = 10_000
"""Characters an answer may have."""

PARAMETER_MAX: Final = 1_024
"""Characters of a parameter of an approved template that are used."""

OWN: Final = ("reference", "name", "category", "ticket", "state_url")
"""What is no fact: the caller of `render` gives it."""
OF_FACTS: Final = ("brand", "subject")
"""Facts that a template can name as they are called."""
SPACES: Final = tuple(DECLARED_UNDER)
"""Facts that have a dot in their name, by what stands before it."""

_NOT_IN_A_LINE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

_JOINERS: Final = "\u200c\u200d"
"""Without width too, but a part of words in Persian and Hindi, and of emojis."""

Shown: TypeAlias = str | bool | int | float


class NotRendered(Exception):
    """The template cannot be rendered for this message. Its text is a short code and names no value."""


@dataclass(frozen=True, slots=True)
class Approved:
    """A template that WhatsApp knows by `name` in `language`, and what stands for its parameters."""

    name: str
    language: str
    parameters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a customer reads. `subject` is None where the template has none: then it is that of the customer's mail. `approved`:
    what says it where free texts may not be sent any more; None where the template has none, or a parameter is empty."""

    language: str
    text: str
    subject: str | None
    approved: Approved | None = None


@dataclass(frozen=True, slots=True)
class ApprovedTemplate:
    """The entry `whatsapp:` of a template. Without `language` it is that of the answer."""

    name: str
    language: str | None
    parameters: tuple[Template, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerTemplate:
    """One entry of `templates:`. `texts` and `subjects` by language, the first one being that of messages in any other;
    `subjects` is empty or has the same languages. `facts` are those names with a dot that it asks for. `to_claimed`: it may
    go to an address nobody vouches for. `approved`: what says the same on WhatsApp at any time; `forms`:
    by channel the texts it has instead, in the same languages."""

    texts: Mapping[str, Template]
    subjects: Mapping[str, Template]
    facts: frozenset[str]
    to_claimed: bool = False
    approved: ApprovedTemplate | None = None
    forms: Mapping[str, Mapping[str, Template]] = field(default_factory=dict)

    def language(self, wanted: str | None) -> str:
        """The language for a message in `wanted` (BCP 47), of which the first part counts."""
        primary = re.split("[-_]", wanted or "", maxsplit=1)[0].lower()
        return primary if primary in self.texts else next(iter(self.texts))


class Answers:
    """The templates of a ruleset, ready. Immutable, and safe to share between threads."""

    def __init__(self, templates: Mapping[str, AnswerTemplate], calendars: Mapping[str, Calendar]) -> None:
        self.templates = templates
        self._clock = Clock(calendars, frozenset(fact for one in templates.values() for fact in one.facts))

    def render(self, name: str, facts: Facts, own: Mapping[str, str | None], language: str | None = None) -> Answer:
        """The answer to a message. `facts` are those that rules see, extracted fields included; `own` has the values of
        `OWN`; `language` is another than the message's. Raises NotRendered, and KeyError for a template that is not there.
        """
        template = self.templates[name]
        chosen = template.language(language or _text(facts.get("language")))
        told = self._clock.told(facts)
        values = {one: _value(own.get(one)) for one in OWN} | {one: _value(told.get(one)) for one in OF_FACTS}
        spaces = {space: _Space() for space in SPACES}
        for fact in template.facts:
            space, _, key = fact.partition(".")
            spaces[space][key] = _value(told.get(fact))
        texts = template.forms.get(_text(facts.get("channel")) or "", template.texts)
        text = _rendered(texts[chosen], {**values, **spaces}).strip()
        subject = _rendered(template.subjects[chosen], {**values, **spaces}) if template.subjects else ""
        approved = None if template.approved is None else _approved(template.approved, chosen, {**values, **spaces})
        return Answer(chosen, text, _one_line(subject) or None, approved)


class _Space(dict[str, Shown]):
    """Facts with the same first part."""


class _Environment(ImmutableSandboxedEnvironment):
    """Knows no globals and three filters. A dot is only ever used on a `_Space`, and never finds a method there."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        return obj[attribute] if isinstance(obj, _Space) else super().getattr(obj, attribute)


def shown(value: Any) -> str:
    """A value as it is read: `true` and `false`, numbers without a superfluous point, texts as they are."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return format(value, ".15g") if isinstance(value, float) else str(value)


FILTERS: Final[Mapping[str, Callable[[Any], str]]] = {
    "upper": lambda value: shown(value).upper(),
    "lower": lambda value: shown(value).lower(),
    "capitalize": lambda value: shown(value).capitalize(),
}
"""What may stand behind a `|`."""


def environment() -> ImmutableSandboxedEnvironment:
    """The Jinja2 environment that parses and compiles templates."""
    made = _Environment(undefined=StrictUndefined, autoescape=False, finalize=shown, cache_size=0)
    made.globals.clear()
    made.tests.clear()
    made.filters = dict(FILTERS)
    return made


def _rendered(template: Template, values: Mapping[str, Any]) -> str:
    try:
        parts: Iterable[str] = template.generate(values)
        text = "".join(parts)
    except Exception as error:  # noqa: BLE001 - nothing that a template does may stop a message
        raise NotRendered(type(error).__name__) from None
    if len(text) > RENDERED_MAX:
        raise NotRendered("too_long")
    return text


def _approved(template: ApprovedTemplate, language: str, values: Mapping[str, Any]) -> Approved | None:
    """None where a parameter is empty, which WhatsApp does not take."""
    parameters = tuple(_one_line(_rendered(one, values))[:PARAMETER_MAX] for one in template.parameters)
    return Approved(template.name, template.language or language, parameters) if all(parameters) else None


def _one_line(text: str) -> str:
    return " ".join(_NOT_IN_A_LINE.sub(" ", text).split())


def _text(value: Value) -> str | None:
    return value if isinstance(value, str) else None


def _value(value: Value) -> Shown:
    """A fact as templates have it: on one line, not long, and the empty text where it is missing."""
    if isinstance(value, bool | int | float):
        return value
    if not isinstance(value, str):
        return ""
    line = "".join(filter(_is_seen, _NOT_IN_A_LINE.sub(" ", value[: 4 * VALUE_MAX])))
    return " ".join(line.split())[:VALUE_MAX].rstrip() if line.strip(_JOINERS) else ""


def _is_seen(sign: str) -> bool:
    """Whether a sign may stand in a value: marks of direction and signs without width would change how the rest is read."""
    return sign in _JOINERS or unicodedata.category(sign) != "Cf"
