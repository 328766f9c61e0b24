"""Readers of single values that people type: lines, e-mail addresses, phone numbers, amounts."""

import re
import unicodedata
from string import ascii_lowercase, ascii_uppercase
from typing import Final

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from normalizer.advice import Problem

MAX_NUMBER: Final = 10.0**15  # every whole number up to here survives a reader that knows only doubles
MAX_EMAIL: Final = 254  # RFC 5321 §4.5.3.1.3, without the angle brackets
MAX_PHONE: Final = 40

# Surrogates cannot be written as UTF-8, and PostgreSQL takes no NUL.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_PLAIN = re.compile(r"(?P<whole>[+-]?[0-9]{1,15})(?:[.,](?P<fraction>[0-9]{1,6}))?")
_GROUPED = re.compile(
    r"(?P<whole>[+-]?[1-9][0-9]{0,2}(?:(?P<mark>[., '\u2019])[0-9]{3})(?:(?P=mark)[0-9]{3}){0,3})"
    r"(?:(?!(?P=mark))[.,](?P<fraction>[0-9]{1,6}))?"
)
# Letters without ink, beside the classes of blanks and controls: combining joiner, Hangul fillers, Braille blank, selectors.
_WITHOUT_INK: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0") | frozenset(map(chr, range(0xFE00, 0xFE10)))
_LOWER: Final = str.maketrans(ascii_uppercase, ascii_lowercase)


class Invalid(ValueError):
    """A value cannot be taken; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


def clean_line(text: str) -> str:
    """One line: whitespace and line ends become single blanks, control characters go."""
    return " ".join(_UNPRINTABLE.sub("", text).split())


def clean_lines(text: str) -> str:
    """Several lines: line ends become `\\n`, control characters other than tab go, the ends are trimmed."""
    return _UNPRINTABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def is_blank(text: str) -> bool:
    """Whether nobody could see anything of this text: blanks, controls, joiners and fillers only."""
    return all(character in _WITHOUT_INK or unicodedata.category(character)[0] in "CZ" for character in text)


def read_email(text: str) -> str:
    """The address in lower case, checked for form only (no look-up). Raises `Invalid`.

    Of the reserved domains only `.test` passes (RFC 6761): rehearsals use it.
    """
    text = clean_line(text)
    if len(text) > MAX_EMAIL:
        raise Invalid(Problem("email"))
    try:
        found = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise Invalid(Problem("email")) from None
    if "." not in found.domain:
        raise Invalid(Problem("email"))
    return found.normalized.lower()


def is_as_written(text: str, email: str) -> bool:
    """Whether an address differs from what was made of it in ASCII capitals at most, or in the form of its domain (IDNA).

    Only then is what was checked about the one true of the other. Unicode has more ways to be folded: the sign for kelvin is
    a small k when lower-cased, and that is another mailbox.
    """
    local, _, domain = text.translate(_LOWER).rpartition("@")
    known, _, named = email.rpartition("@")
    return local == known and (domain == named or (domain.isascii() and domain == ascii_domain(named)))


def ascii_domain(domain: str) -> str | None:
    """The domain as DNS has it (`xn--bcher-kva.example`), so that both ways to write it compare; None when there is none.

    By IDNA 2008: the older rules of Python's own codec make `straße` and `strasse` one domain, which have two owners.
    """
    if domain.isascii():
        return domain.lower() or None
    try:
        found = validate_email(f"x@{domain}", check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return None
    return found.ascii_domain.lower()


def read_phone(text: str, region: str) -> str:
    """The number as E.164; without a prefix it is one of `region` (ISO 3166 code). Raises `Invalid`.

    The length must be possible; ranges are not checked, for new ones open faster than tables are published. The text must
    be the number alone: with an extension cut off, everybody behind one switchboard would be one person.
    """
    text = clean_line(text)
    if any(character.isalpha() for character in text):
        raise Invalid(Problem("phone"))
    try:
        number = phonenumbers.parse(text[: MAX_PHONE + 1], region)
    except phonenumbers.NumberParseException:
        raise Invalid(Problem("phone")) from None
    possible = phonenumbers.is_possible_number_with_reason(number) == phonenumbers.ValidationResult.IS_POSSIBLE
    if len(text) > MAX_PHONE or not possible or number.extension:
        raise Invalid(Problem("phone"))
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def read_number(text: str) -> int | float:
    """`89,90`, `89.90`, `1.234,56`, `€ 12`. `1.234` alone may mean two numbers and is refused. Raises `Invalid`."""
    text = clean_line(text).strip("€ ")
    grouped = _GROUPED.fullmatch(text)
    if grouped and not grouped["fraction"] and grouped["mark"] in ".," and text.count(grouped["mark"]) == 1:
        raise Invalid(Problem("number_ambiguous"))
    found = grouped or _PLAIN.fullmatch(text)
    if found is None:
        raise Invalid(Problem("number"))
    whole = re.sub(r"[^0-9+-]", "", found["whole"])
    return float(f"{whole}.{found['fraction']}") if found["fraction"] else int(whole)
