"""Values of a profile as people and programs hand them over, checked. Pure."""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final, Literal, get_args

from identity.profile import Value
from normalizer.values import clean_line, is_blank

Given = Literal["name", "language", "tier", "tags", "competence", "crm_id"]
"""What can be set of a customer."""

GIVEN: Final[tuple[Given, ...]] = get_args(Given)
NAME, TIER, TAG, COMPETENCE, CRM_ID, TAGS = 200, 60, 60, 120, 200, 50
"""Characters of each, and how many tags."""
_CODES: Final = (
    "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo"
    " es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka kg"
    " ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn"
    " no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta"
    " te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu"
)
LANGUAGES: Final = frozenset(_CODES.split())
"""ISO 639-1, all codes."""


class BadFacts(ValueError):
    """Values that cannot be taken; `problems` has what to do about each, by its name, and never the value."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(f"cannot be taken: {', '.join(problems)}")
        self.problems = dict(problems)


def read_facts(given: Mapping[str, object]) -> dict[Given, Value]:
    """Checked values by their names. None, and what shows nothing, takes a value back. Raises `BadFacts`."""
    values: dict[Given, Value] = {}
    problems = {name: f"is not one of {', '.join(GIVEN)}: leave it out" for name in given.keys() - set(GIVEN)}
    for name in GIVEN:
        if name in given:
            try:
                values[name] = _READERS[name](given[name])
            except _Wrong as wrong:
                problems[name] = str(wrong)
    if problems:
        raise BadFacts(problems)
    return values


class _Wrong(ValueError):
    """Says what to do."""


def _line(most: int) -> Callable[[object], str | None]:
    def read(value: object) -> str | None:
        if value is None:
            return None
        if not isinstance(value, str):
            raise _Wrong("must be text, or null to take it back")
        text = clean_line(value)
        if len(text) > most:
            raise _Wrong(f"must have at most {most} characters")
        return None if is_blank(text) else text

    return read


def _language(value: object) -> str | None:
    text = _line(_LONGEST_LANGUAGE)(value)
    if text is None:
        return None
    if text.lower() not in LANGUAGES:
        raise _Wrong("must be a language of two letters (ISO 639-1), such as it")
    return text.lower()


def _tags(value: object) -> list[str] | None:
    if value is None:
        return None
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise _Wrong("must be a list of texts, or null to take it back")
    found = {tag for tag in map(_line(TAG), value) if tag is not None}
    if len(found) > TAGS:
        raise _Wrong(f"must be at most {TAGS} tags")
    return sorted(found) or None


_LONGEST_LANGUAGE: Final = 20
_READERS: Final[Mapping[Given, Callable[[object], Value]]] = MappingProxyType(
    {
        "name": _line(NAME),
        "language": _language,
        "tier": _line(TIER),
        "tags": _tags,
        "competence": _line(COMPETENCE),
        "crm_id": _line(CRM_ID),
    }
)
