"""What a visit and a form say, as fields of the envelope: under the same names in every channel, so that one rule reads
a reason from the counter and from the site's form."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from connectors.api_body import MessageBody
from connectors.api_settings import ApiSettings
from normalizer.fields import read_fields
from normalizer.inbound import FieldValue

UNKNOWN: Final = "is not known here: remove it"
VISIT: Final[Mapping[str, str]] = {name: name for name in ("shop", "colleague", "reason", "products", "outcome")}
FORM: Final[Mapping[str, str]] = {"id": "form", "name": "form_name"}
"""Key of the body's `visit` or `form` to the name of the field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A field that was said under a key of its own. `path` is where."""

    name: str
    path: str
    values: tuple[str, ...]
    several: bool = False


def typed_fields(
    settings: ApiSettings, values: Mapping[str, object], elsewhere: Collection[str] = ()
) -> tuple[dict[str, FieldValue], dict[str, str]]:
    """The declared fields as typed values, and what is wrong by dotted name; names that are not declared are wrong.
    `elsewhere` are fields that the same body says under keys of their own."""
    specs = {name: spec for name, spec in settings.fields.items() if name not in elsewhere}
    typed, problems = read_fields(specs, values, region=settings.region)
    advice = {f"fields.{name}": problem.advice() for name, problem in problems.items()}
    twice = {f"fields.{name}": "is said twice: leave it out here" for name in values if name in elsewhere}
    unknown = {f"fields.{name}": UNKNOWN for name in values if name not in settings.fields and name not in elsewhere}
    return typed, {**advice, **twice, **unknown}


def read_said(settings: ApiSettings, body: MessageBody) -> tuple[dict[str, FieldValue], dict[str, str]]:
    """The fields of `visit` and `form`: typed by their declaration where they have one, else as they are."""
    typed: dict[str, FieldValue] = {}
    problems: dict[str, str] = {}
    for one in said(settings, body):
        items: list[FieldValue] = []
        for value in one.values:
            item, problem = _typed(settings, one.name, value)
            if problem is not None:
                problems[one.path] = problem
            items.append(item)
        typed[one.name] = list(items) if one.several else items[0]  # type: ignore[arg-type]  # no field is a list
    return typed, problems


def said(settings: ApiSettings, body: MessageBody) -> Iterator[Said]:
    """What `visit` and `form` say, and the name of a form that the settings know."""
    for key, value in (body.visit.model_dump(exclude_none=True) if body.visit else {}).items():
        several = not isinstance(value, str)
        if value:
            yield Said(name=VISIT[key], path=f"visit.{key}", values=tuple(value) if several else (value,), several=several)
    if body.form is not None:
        known = settings.forms.get(body.form.id)
        name = body.form.name or (known.name if known else None)
        yield Said(name=FORM["id"], path="form.id", values=(body.form.id,))
        if name:
            yield Said(name=FORM["name"], path="form.name", values=(name,))


def unasked(settings: ApiSettings, body: MessageBody, typed: Mapping[str, FieldValue]) -> dict[str, str]:
    """What is wrong with a visit or a form as a whole: of another kind, not one of the configured ones, or incomplete."""
    problems = {
        kind: f"belongs to contacts of kind {kind}: change kind, or leave it out"
        for kind, given in (("visit", body.visit), ("form", body.form))
        if given is not None and body.kind != kind
    }
    if body.form is None or not settings.forms:
        return problems
    rules = settings.forms.get(body.form.id)
    if rules is None:
        return {**problems, "form.id": f"must be one of: {', '.join(settings.forms)}"}
    return {**problems, **{f"fields.{name}": "is required in this form" for name in rules.required if name not in typed}}


def _typed(settings: ApiSettings, name: str, value: str) -> tuple[FieldValue, str | None]:
    spec = settings.fields.get(name)
    if spec is None:
        return value, None
    typed, problems = read_fields({name: spec}, {name: value}, region=settings.region)
    return typed.get(name), problems[name].advice() if problems else None
