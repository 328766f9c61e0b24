"""The reply box: which contact is answered by which way, and with which words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import uuid4

from desk.meanwhile import SaidMeanwhile
from desk.refusals import RefusalReason, Refused
from desk.ways import Way, chosen
from desk.wording import Chosen
from identity.views.claimed import Claimed
from normalizer.inbound import Handle
from regia.gateway import Gateway
from regia.http.console.visit import Visit
from regia.http.templates import fields_of
from regia.writing_elsewhere import choices

FIELD: Final = "field."
"""Before the name of a placeholder, in the names of inputs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What is to be said: `text`, or what the template `name` makes of the `values` of its placeholders. `preview` is that, or
    `refused` why it says nothing."""

    text: str = ""
    name: str = ""
    language: str = ""
    languages: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    preview: str = ""
    subject: str | None = None
    refused: RefusalReason | None = None

    @property
    def chosen(self) -> Chosen | None:
        """As the desk takes it. A placeholder that is left empty is the message's own."""
        if not self.name:
            return None
        fields = tuple(sorted((name, value) for name, value in self.values.items() if value))
        return Chosen(name=self.name, fields=fields, language=self.language or None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """`way` is the chosen one of all `ways`; None where nobody can be answered. `key`, made anew for each box, sees to it that
    a second click sends nothing. `newest` is the last reply that the page shows, so that nobody answers over what they have not
    seen. `elsewhere` are addresses that were only typed, to which it may go by mail instead; `to` is the chosen one. `error` is
    why nothing was sent, a key of the texts, or `before` what was said meanwhile."""

    ways: Sequence[Way]
    way: Way | None
    templates: tuple[str, ...]
    words: Words
    key: str
    newest: int = 0
    error: str = ""
    before: SaidMeanwhile | None = None
    elsewhere: Mapping[str, Handle] = field(default_factory=dict)
    to: str = ""
    most_files: int = 0


def box(
    visit: Visit,
    found: Sequence[Way],
    message: str,
    said: Words,
    *,
    claims: Sequence[Claimed] = (),
    key: str = "",
    **more: Any,
) -> Box:
    """That which answers `message`, or without one the latest contact that can be. `claims`: what the customer only typed;
    `more`: `newest`, `error`, `before`, `to`."""
    way = chosen(found, message)
    return Box(
        ways=found,
        way=way,
        templates=() if way is None else templates(visit.gateway, way.brand),
        words=said,
        key=key or str(uuid4()),
        elsewhere={} if way is None else choices(visit.gateway, way.brand, claims),
        most_files=visit.gateway.channels.files.most if way is not None and way.files else 0,
        **more,
    )


def templates(gateway: Gateway, brand: str) -> tuple[str, ...]:
    """The names of those that the rules of a brand have."""
    return tuple(sorted(gateway.versions.rules.of(brand).answers.templates))


def worded(visit: Visit, message: str, data: Mapping[str, Any], asked: Words) -> Words:
    """What a template says to a message (of its id, and the `data` of its envelope), with its placeholders: first those that
    were given, then the message's own. Words without a template as they are. Whoever sees personal data masked is not shown the
    message's own: what is left empty is filled in when it is sent."""
    gateway = visit.gateway
    if not asked.name:
        return asked
    ruleset = gateway.versions.rules.of(data["brand"])
    template = ruleset.answers.templates.get(asked.name)
    if template is None:
        return Words(name=asked.name, refused="unknown_template")
    language = asked.language if asked.language in template.texts else template.language(data["language"])
    values = {one: asked.values.get(one) or _text(data["fields"].get(one)) for one in fields_of(ruleset, template)}
    full = replace(asked, language=language, languages=tuple(template.texts), values=values)
    try:
        said = gateway.channels.render(message, data, full.chosen or Chosen(name=asked.name))
    except Refused as refused:
        return replace(full, values=_shown(visit, asked, values), refused=refused.reason)
    return replace(full, values=_shown(visit, asked, values), preview=said.text, subject=said.subject)


def _shown(visit: Visit, asked: Words, values: Mapping[str, str]) -> Mapping[str, str]:
    return {name: asked.values.get(name, "") for name in values} if visit.frame.masked else values


def _text(value: object) -> str:
    return "" if value is None or isinstance(value, list) else str(value)
