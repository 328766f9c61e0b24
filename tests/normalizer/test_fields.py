"""Typed fields: what people type, what becomes of it, and what they are told."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from normalizer.advice import ADVICE, LANGUAGES, Problem
from normalizer.fields import FieldSpec, label_of, read_fields
from normalizer.values import Invalid, clean_line, clean_lines, read_email, read_number, read_phone

NUMBERS = [
    ("89,90", 89.9),
    ("89.90", 89.9),
    ("12", 12),
    (" € 12 ", 12),
    ("12 €", 12),
    ("-3,5", -3.5),
    ("+7", 7),
    ("0.125", 0.125),
    ("1.234,56", 1234.56),
    ("1,234.56", 1234.56),
    ("1 234,5", 1234.5),
    ("1\u00a0234,50", 1234.5),
    ("1'234.50", 1234.5),
    ("1.234.567", 1234567),
    ("1234.567", 1234.567),
]
NO_NUMBERS = ["1.234", "12,345", "abc", "", "1e5", "NaN", "Infinity", "٣", "1.23.4", "12,", ",5", "1,2,3", "9" * 16, "0x10"]

PHONES = [
    ("333 123 4567", "+393331234567"),
    ("+39 333-123-4567", "+393331234567"),
    ("0039 02 1234567", "+39021234567"),
    ("02/1234567", "+39021234567"),
    ("+44 20 7946 0018", "+442079460018"),
    ("(+1) 555 123 4567", "+15551234567"),
]
NO_PHONES = ["12345", "abc", "", "+", "+999 12345678", "3" * 400, "333 123 4567 333 123 4567"]
NO_PHONES += ["+39 333 1234567 ext 5", "+39 333 1234567 int. 5", "02 1234567 x5", "02 1234567 #5", "02 1234567;ext=5"]
NO_PHONES += ["call me +393331234567", "+393331234567 Anna", "800 PADELLA"]

EMAILS = [
    ("Anna.Bianchi@Example.IT", "anna.bianchi@example.it"),
    (" anna@example.it ", "anna@example.it"),
    ("o'neill+shop@mail.example.co.uk", "o'neill+shop@mail.example.co.uk"),
    ("prova@shop.test", "prova@shop.test"),
]
NO_EMAILS = [
    "anna",
    "anna@test",
    "anna@negozio.local",
    "anna@",
    "@example.it",
    "anna@example",
    "a b@example.it",
    "Anna <anna@example.it>",
    "a@b@c.it",
    "x" * 300,
]


@pytest.mark.parametrize(("typed", "value"), NUMBERS)
def test_numbers_as_people_write_them(typed: str, value: float) -> None:
    number = read_number(typed)
    assert number == value
    assert type(number) is type(value)


@pytest.mark.parametrize("typed", NO_NUMBERS)
def test_what_is_no_number_or_may_mean_two(typed: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_number(typed)
    assert caught.value.problem.code == ("number_ambiguous" if typed in ("1.234", "12,345") else "number")


@pytest.mark.parametrize(("typed", "value"), PHONES)
def test_phone_numbers_become_e164(typed: str, value: str) -> None:
    assert read_phone(typed, "IT") == value


@pytest.mark.parametrize("typed", NO_PHONES)
def test_no_phone_numbers(typed: str) -> None:
    with pytest.raises(Invalid, match="phone"):
        read_phone(typed, "IT")


@pytest.mark.parametrize(("typed", "value"), EMAILS)
def test_addresses_become_lower_case(typed: str, value: str) -> None:
    assert read_email(typed) == value


@pytest.mark.parametrize("typed", NO_EMAILS)
def test_no_addresses(typed: str) -> None:
    with pytest.raises(Invalid, match="email"):
        read_email(typed)


VALUES: list[tuple[dict[str, Any], object, object]] = [
    ({}, "  due \r\n righe\x00 ", "due righe"),
    ({"multiline": True}, " una\r\ndue\rtre\x07 ", "una\ndue\ntre"),
    ({}, 2231, "2231"),
    ({"required": True}, "👍\u200d", "👍\u200d"),
    ({"pattern": r"[A-Z]{2}-\d{4}"}, "IT-2231", "IT-2231"),
    ({"type": "number"}, "89,90", 89.9),
    ({"type": "number"}, 89.9, 89.9),
    ({"type": "number", "minimum": 0}, 0, 0),
    ({"type": "boolean"}, "on", True),
    ({"type": "boolean"}, "Sì", True),
    ({"type": "boolean"}, False, False),
    ({"type": "boolean"}, "no", False),
    ({"type": "date"}, "2026-11-21", "2026-11-21"),
    ({"type": "date"}, "1/2/2026", "2026-02-01"),
    ({"type": "email"}, "A@Example.it", "a@example.it"),
    ({"type": "phone"}, 3331234567, "+393331234567"),
    ({"type": "choice", "choices": ["a", "b"]}, "b", "b"),
    ({"type": "choice", "choices": {"return": {"it": "Reso", "en": "Return"}}}, "return", "return"),
]
PROBLEMS: list[tuple[dict[str, Any], object, Problem]] = [
    ({"required": True}, None, Problem("required")),
    ({"required": True}, " \r\n\t", Problem("required")),
    ({"required": True}, "\u200b\u2060\ufeff\u00a0", Problem("required")),
    ({"required": True, "multiline": True}, "\u3164\n\u2800\ufe0f", Problem("required")),
    ({"max_length": 3}, "abcd", Problem("too_long", "3")),
    ({}, "x" * 501, Problem("too_long", "500")),
    ({}, ["a"], Problem("not_text")),
    ({}, True, Problem("not_text")),
    ({}, 1.5, Problem("not_text")),
    ({"pattern": r"\d+"}, "12a", Problem("pattern")),
    ({"type": "number"}, float("nan"), Problem("number")),
    ({"type": "number"}, 10**30, Problem("number")),
    ({"type": "number"}, -(10**400), Problem("number")),
    ({"type": "number"}, float("inf"), Problem("number")),
    ({}, 10**400, Problem("not_text")),
    ({"type": "number"}, True, Problem("number")),
    ({"type": "number"}, {"a": 1}, Problem("number")),
    ({"type": "number", "minimum": 1}, "0", Problem("minimum", "1")),
    ({"type": "number", "maximum": 99.5}, 100, Problem("maximum", "99.5")),
    ({"type": "boolean"}, "forse", Problem("boolean")),
    ({"type": "boolean"}, 1, Problem("boolean")),
    ({"type": "boolean", "required": True}, "no", Problem("must_tick")),
    ({"type": "boolean", "required": True}, None, Problem("must_tick")),
    ({"type": "date"}, "2026-02-30", Problem("date")),
    ({"type": "date"}, "domani", Problem("date")),
    ({"type": "date"}, "20261121", Problem("date")),
    ({"type": "email"}, 5.5, Problem("not_text")),
    ({"type": "choice", "choices": ["a"]}, "A", Problem("choice")),
]


@pytest.mark.parametrize(("spec", "given_value", "value"), VALUES)
def test_values(spec: dict[str, Any], given_value: object, value: object) -> None:
    typed, problems = read_fields({"f": FieldSpec.model_validate(spec)}, {"f": given_value, "other": 1}, region="IT")
    assert (typed, problems) == ({"f": value}, {})
    assert type(typed["f"]) is type(value)


@pytest.mark.parametrize(("spec", "given_value", "problem"), PROBLEMS)
def test_problems(spec: dict[str, Any], given_value: object, problem: Problem) -> None:
    typed, problems = read_fields({"f": FieldSpec.model_validate(spec)}, {"f": given_value}, region="IT")
    assert (typed, problems) == ({}, {"f": problem})


def test_every_problem_is_said_at_once_in_declared_order() -> None:
    specs = {"b": FieldSpec(type="number"), "a": FieldSpec(required=True), "c": FieldSpec(type="email"), "d": FieldSpec()}
    typed, problems = read_fields(specs, {"b": "x", "c": "y", "d": "ok"}, region="IT")
    assert list(problems) == ["b", "a", "c"]
    assert typed == {"d": "ok"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_problem_has_advice_in_every_language(language: Any) -> None:
    assert ADVICE[language].keys() == ADVICE["en"].keys()
    for code in ADVICE[language]:
        advice = Problem(code, "{limit}").advice(language)
        assert advice.endswith(".")
        assert ("{limit}" in advice) == ("{limit}" in ADVICE["en"][code])


BAD_SPECS: list[tuple[dict[str, Any], str]] = [
    ({"type": "colour"}, "type"),
    ({"kind": "text"}, "kind"),
    ({"type": "choice"}, "needs choices"),
    ({"type": "number", "max_length": 3}, "max_length belongs to fields of type text"),
    ({"choices": ["a"]}, "choices belongs to fields of type choice"),
    ({"pattern": "("}, "not a valid pattern"),
    ({"pattern": "(?=x)"}, "not a valid pattern"),
    ({"type": "number", "minimum": 2, "maximum": 1}, "minimum is greater"),
    ({"type": "number", "minimum": float("inf")}, "finite"),
]


@pytest.mark.parametrize(("spec", "words"), BAD_SPECS)
def test_a_declaration_that_cannot_work_is_refused(spec: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        FieldSpec.model_validate(spec)


def test_labels_by_language_and_without_one() -> None:
    spec = FieldSpec(label={"it": "Telefono", "en": "Phone"})
    assert [label_of("phone", spec, language) for language in ("it", "en", "de")] == ["Telefono", "Phone", "Telefono"]
    assert label_of("order_number", FieldSpec(), "it") == "Order number"


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
ALL_TYPES = {
    "text": FieldSpec(pattern=r"\w*"),
    "number": FieldSpec(type="number", minimum=-5),
    "boolean": FieldSpec(type="boolean"),
    "date": FieldSpec(type="date"),
    "email": FieldSpec(type="email"),
    "phone": FieldSpec(type="phone"),
    "choice": FieldSpec(type="choice", choices=("a",)),
}


@given(st.fixed_dictionaries(dict.fromkeys(ALL_TYPES, ANYTHING)))
def test_whatever_is_sent_gives_values_or_problems(values: dict[str, object]) -> None:
    typed, problems = read_fields(ALL_TYPES, values, region="IT")
    assert not typed.keys() & problems.keys()
    for value in typed.values():
        assert isinstance(value, str | int | float | bool)
        str(value).encode("utf-8")


@given(st.text(alphabet=st.characters()))
def test_cleaned_text_is_clean_already(text: str) -> None:
    for clean in (clean_line, clean_lines):
        once = clean(text)
        assert clean(once) == once
        assert "\x00" not in once
