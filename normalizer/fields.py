"""Typed fields by declaration: what a form asks for, and how the answers become values that rules can compare.

`read_fields` takes what was submitted (strings of a browser, scalars of a JSON body) and returns typed values,
or all problems at once. Dates become ISO 8601 strings, phone numbers E.164, e-mail addresses lower case.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
from typing import Annotated, Final, Literal, Self

import re2  # type: ignore[import-untyped]  # google-re2 ships no type information
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from normalizer.advice import Problem
from normalizer.inbound import FieldValue
from normalizer.values import MAX_NUMBER, Invalid, clean_line, clean_lines, is_blank, read_email, read_number, read_phone

FieldType = Literal["text", "number", "boolean", "date", "email", "phone", "choice"]
FieldName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Text = str | dict[str, str]
"""A text of the settings: one for all languages, or one for each (`{it: …, en: …}`)."""

_LINE: Final = 500
_LINES: Final = 10_000
_LONGEST_INTEGER: Final = 2**64  # beyond it JSON readers already disagree about the digits

_ISO_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_LOCAL_DATE = re.compile(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})")
_WORDS: Final[Mapping[str, bool]] = {
    **dict.fromkeys(("true", "1", "on", "yes", "y", "si", "sì"), True),
    **dict.fromkeys(("false", "0", "off", "no", "n"), False),
}


class FieldSpec(BaseModel):
    """One declared field. `required` on a boolean means that the box must be ticked, as in HTML.

    `pattern` is RE2 and must match the whole text. `minimum` and `maximum` bound numbers, `max_length` texts.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    type: FieldType = "text"
    label: Text | None = None
    hint: Text | None = None
    required: bool = False
    multiline: bool = False
    max_length: int | None = Field(default=None, gt=0, le=100_000, description="Characters.")
    pattern: str | None = None
    choices: tuple[str, ...] | dict[str, Text] = ()
    minimum: float | None = Field(default=None, allow_inf_nan=False)
    maximum: float | None = Field(default=None, allow_inf_nan=False)

    @property
    def longest(self) -> int:
        """The most characters this field takes."""
        return self.max_length or (_LINES if self.multiline else _LINE)

    @model_validator(mode="after")
    def _options_fit_the_type(self) -> Self:
        only = {"text": ("multiline", "max_length", "pattern"), "number": ("minimum", "maximum"), "choice": ("choices",)}
        for kind, options in only.items():
            set_here = [name for name in options if name in self.model_fields_set]
            if kind != self.type and set_here:
                raise ValueError(f"{', '.join(set_here)} belongs to fields of type {kind}, this one is {self.type}")
        if self.type == "choice" and not self.choices:
            raise ValueError("a choice needs choices: a list of values, or values with their labels")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError("minimum is greater than maximum")
        if self.pattern is not None:
            compile_pattern(self.pattern)
        return self


@lru_cache(maxsize=256)
def compile_pattern(pattern: str) -> re2._Regexp:
    """The compiled pattern (RE2: linear time on any text). Raises ValueError with the reason."""
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0].decode(errors="replace") if isinstance(error.args[0], bytes) else error.args[0]
        raise ValueError(f"not a valid pattern: {reason}") from None


def localised(text: Text, language: str) -> str:
    """The text in that language, or in the first one it has."""
    if isinstance(text, str):
        return text
    return text.get(language) or next(iter(text.values()), "")


def label_of(name: str, spec: FieldSpec, language: str) -> str:
    """The field's label; without one, its name made readable."""
    return localised(spec.label, language) if spec.label else name.replace("_", " ").capitalize()


def _as_text(value: object) -> str:
    # Whole numbers of a JSON body are taken as text: clients send order and phone numbers so.
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LONGEST_INTEGER:
        return str(value)
    raise Invalid(Problem("not_text"))


def _text(spec: FieldSpec, value: object, _region: str) -> FieldValue:
    text = clean_lines(_as_text(value)) if spec.multiline else clean_line(_as_text(value))
    if len(text) > spec.longest:
        raise Invalid(Problem("too_long", str(spec.longest)))
    if spec.pattern is not None and not compile_pattern(spec.pattern).fullmatch(text):
        raise Invalid(Problem("pattern"))
    return text


def _number(spec: FieldSpec, value: object, _region: str) -> FieldValue:
    number = read_number(value) if isinstance(value, str) else value
    # Infinity is above the bound, and NaN is not within it.
    if isinstance(number, bool) or not isinstance(number, int | float) or not abs(number) <= MAX_NUMBER:
        raise Invalid(Problem("number"))
    if spec.minimum is not None and number < spec.minimum:
        raise Invalid(Problem("minimum", f"{spec.minimum:.15g}"))
    if spec.maximum is not None and number > spec.maximum:
        raise Invalid(Problem("maximum", f"{spec.maximum:.15g}"))
    return number


def _boolean(spec: FieldSpec, value: object, _region: str) -> FieldValue:
    answer = _WORDS.get(clean_line(value).lower()) if isinstance(value, str) else value
    if not isinstance(answer, bool):
        raise Invalid(Problem("boolean"))
    if spec.required and not answer:
        raise Invalid(Problem("must_tick"))
    return answer


def _date(_spec: FieldSpec, value: object, _region: str) -> FieldValue:
    text = clean_line(_as_text(value))
    if iso := _ISO_DATE.fullmatch(text):
        year, month, day = iso.groups()
    elif local := _LOCAL_DATE.fullmatch(text):
        day, month, year = local.groups()
    else:
        raise Invalid(Problem("date"))
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        raise Invalid(Problem("date")) from None


def _choice(spec: FieldSpec, value: object, _region: str) -> FieldValue:
    text = _as_text(value).strip()
    if text not in spec.choices:
        raise Invalid(Problem("choice"))
    return text


_READERS: Final[Mapping[FieldType, Callable[[FieldSpec, object, str], FieldValue]]] = {
    "text": _text,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "email": lambda _spec, value, _region: read_email(_as_text(value)),
    "phone": lambda _spec, value, region: read_phone(_as_text(value), region),
    "choice": _choice,
}


def read_fields(
    specs: Mapping[str, FieldSpec], values: Mapping[str, object], *, region: str
) -> tuple[dict[str, FieldValue], dict[str, Problem]]:
    """Typed values of the fields that were given, and every problem, both by field name in declared order.

    `values` may hold names that are not declared: they are not looked at. A field that is missing, None or shows
    nothing counts as not given. `region` reads phone numbers without a prefix.
    """
    typed: dict[str, FieldValue] = {}
    problems: dict[str, Problem] = {}
    for name, spec in specs.items():
        value = values.get(name)
        if value is None or (isinstance(value, str) and is_blank(value)):
            if spec.required:
                problems[name] = Problem("must_tick" if spec.type == "boolean" else "required")
            continue
        try:
            typed[name] = _READERS[spec.type](spec, value, region)
        except Invalid as invalid:
            problems[name] = invalid.problem
    return typed, problems
