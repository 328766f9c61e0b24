"""The JSON Schema of rules files, for editors: what the readers accept, with the words of their tables.

It is draft-07, which every version of the YAML language server reads. It says all that can be known of one file by
itself. Whether a name is declared, whether a pattern is one, and what has to do with another place of the file or with
another file stays to `regia rules check`.
"""

from typing import Any, Final

from router import keys
from router.actions import LINKS, RAISE, TARGET_NAME, ActionReader
from router.cases import CaseReader
from router.declarations import Declarations
from router.extractors import EXTRACTORS_MAX
from router.load import RULE_NAME_MAX, RULE_NAMES_TAKEN
from router.measures import DURATION, PRIORITY_MAX
from router.names import NAME, Usage
from router.promises import PROMISES
from router.schema_calendars import calendar
from router.schema_conditions import CONDITION, OPERAND, condition, message, questions, text_names, values
from router.shapes import (
    FLAG,
    TEXT,
    Shape,
    explained,
    mapping,
    matching,
    named,
    of_table,
    one_or_many,
    or_null,
    whole,
)
from router.templates import APPROVED_LANGUAGE, APPROVED_NAME, CHANNEL, LANGUAGE, PARAMETERS_MAX, SUBJECT_MAX, TEXT_MAX
from router.vocabulary import DECLARABLE, FIELD_NAME

_TARGET: Final = matching(whole(TARGET_NAME.pattern), "use a to z, 0 to 9, - and _")
_CALENDAR: Final = matching(whole(FIELD_NAME.pattern), "is no name of calendars:")
_NAMES: Final = "use a to z, 0 to 9, - and _, and begin with a letter"
_FIELDS: Final = "use letters, digits and _, and begin with a letter"
_PATTERN: Final = matching(r"^(?!\$)[\s\S]*\S", "is empty, or begins with $, the end of the text")
_LINK: Final = {
    **matching(f"^(?:{'|'.join(LINKS)})", "must be a link that begins with https:// or http://"),
    "examples": ["https://"],
}
_DURATION: Final = {
    **matching(f"^(?=.*[1-9])(?:{DURATION.pattern})$", "must be a duration, for example 30m, 4h, 1h30m or 2d"),
    "examples": ["30m", "4h", "1h30m", "2d"],
}
_PRIORITY: Final = {"type": "integer", "minimum": 0, "maximum": PRIORITY_MAX}
_RAISED: Final = {
    **matching(whole(RAISE.pattern), 'must be a whole number from 0 to 9, or "+1" to "+9" in quotes'),
    **_PRIORITY,
    "type": ["integer", "string"],
    "examples": [9],
    "defaultSnippets": [{"label": '"+1"', "description": "raise the priority", "body": '"+${1:1}"'}],
}
_UNPRINTABLE: Final = r"\x00-\x1f\x7f-\xa0\xad\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff"
_RULE_NAME: Final = {
    **matching(
        rf"^(?!(?:{'|'.join(RULE_NAMES_TAKEN)})$)[^,{_UNPRINTABLE}]*[^\s,{_UNPRINTABLE}][^,{_UNPRINTABLE}]*$",
        f"must be one line without a comma, and not {' or '.join(RULE_NAMES_TAKEN)}",
    ),
    "maxLength": RULE_NAME_MAX,
}

_ESCALATION: Final = mapping(
    of_table(keys.ESCALATION, {"notify": one_or_many(TEXT), "copy_to": one_or_many(_TARGET), "priority": _PRIORITY}), some=True
)
_SLA: Final[dict[str, Shape]] = {
    **dict.fromkeys((*PROMISES, "warn"), _DURATION),
    "calendar": _CALENDAR,
    **dict.fromkeys(("on_warning", "on_breach"), _ESCALATION),
}
_SOME_PROMISE: Final = {"anyOf": [{"required": [name]} for name in PROMISES]}
_LONGEST: Final = {"text": TEXT_MAX, "subject": SUBJECT_MAX}
TARGETS: Final = {"type": "array", "items": _TARGET}

ACTIONS: Final[dict[str, Shape]] = {
    "category": _TARGET,
    "queue": _TARGET,
    "copy_to": one_or_many(_TARGET),
    "priority": _RAISED,
    "tags": one_or_many(TEXT),
    "owners": one_or_many(TEXT),
    "sla": {**mapping(of_table(keys.SLA, _SLA)), **_SOME_PROMISE},
    "product": TEXT,
    "playbook": _LINK,
    "discard": TEXT,
    "reply": _TARGET,
    "notify": one_or_many(TEXT),
    "final": FLAG,
}
"""What may stand under each action. One that the reader knows and this table does not may have anything under it."""

EXPECT: Final[dict[str, Shape]] = {
    "category": _TARGET,
    "queue": _TARGET,
    "targets": TARGETS,
    "priority": _PRIORITY,
    "tags": {**one_or_many(TEXT), "minItems": 0},
    "owners": {**one_or_many(TEXT), "minItems": 0},
    "sla": mapping(of_table(keys.SLA, {name: or_null(shape) for name, shape in _SLA.items()})),
    "product": or_null(TEXT),
    "playbook": or_null(TEXT),
    "reply": or_null(_TARGET),
    "notify": {**one_or_many(TEXT), "minItems": 0},
    "discard": {**TEXT, "type": ["boolean", "string", "null"]},
    "decided_by": {"type": "object", "additionalProperties": TEXT},
    "fields": values(),
}
"""The same for what a test may expect."""


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft-07) of one rules file."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "description": "Routing rules of Regia: where a message goes, and what the people who answer should know about it.",
        **or_null(mapping(of_table(keys.FILE, _file()))),
        "definitions": {"condition": condition(), **questions()},
    }


def _file() -> dict[str, Shape]:
    return {
        "fields": named(FIELD_NAME, {"enum": list(DECLARABLE)}, _FIELDS),
        "calendars": named(FIELD_NAME, calendar(), _FIELDS),
        "categories": named(TARGET_NAME, _category(), "use a to z, 0 to 9, - and _"),
        "queues": TARGETS,
        "default": _TARGET,
        "rules": or_null({"type": "array", "items": _rule()}),
        "tests": or_null({"type": "array", "items": _case()}),
        "lists": named(NAME, one_or_many(OPERAND), _NAMES),
        "patterns": named(NAME, _PATTERN, _NAMES),
        "conditions": named(NAME, CONDITION, _NAMES),
        "templates": named(TARGET_NAME, _template(), "use a to z, 0 to 9, - and _"),
        "extract": {**named(FIELD_NAME, _extractor(), _FIELDS), "maxProperties": EXTRACTORS_MAX},
    }


def _category() -> Shape:
    shapes = {"label": TEXT, "owners": ACTIONS["owners"], "sla": ACTIONS["sla"], "priority": _PRIORITY, "playbook": _LINK}
    body = {"label": "${1:Returns and refunds}", "owners": ["${2:returns@example.com}"], "sla": {"first_reply": "${3:4h}"}}
    snippet = {"label": "category", "description": "a category with its people and its time", "body": body}
    return {**or_null(mapping(of_table(keys.CATEGORY, shapes))), "defaultSnippets": [snippet]}


def _template() -> Shape:
    texts = {
        name: named(LANGUAGE, {**TEXT, "maxLength": most}, "write its two letters: it, en, de")
        for name, most in _LONGEST.items()
    }
    shapes = {name: {**shape, "minProperties": 1} for name, shape in texts.items()} | {"to_claimed": FLAG}
    shapes["whatsapp"] = _approved()
    form = mapping(of_table(keys.FORM, {"text": {**texts["text"], "minProperties": 1}}), ["text"])
    shapes["forms"] = named(CHANNEL, form, "name a channel: sms, whatsapp, email")
    body = {"text": {"it": "${1:Abbiamo ricevuto il suo messaggio {{ reference \\}\\}.}"}}
    snippet = {"label": "template", "description": "an answer in each language", "body": body}
    return {**mapping(of_table(keys.TEMPLATE, shapes), ["text"]), "defaultSnippets": [snippet]}


def _approved() -> Shape:
    shapes: dict[str, Shape] = {
        "name": matching(whole(APPROVED_NAME.pattern), "write a to z, 0 to 9 and _"),
        "language": matching(whole(APPROVED_LANGUAGE.pattern), "for example it or en_US"),
        "parameters": {"type": "array", "maxItems": PARAMETERS_MAX, "items": {**TEXT, "maxLength": SUBJECT_MAX}},
    }
    return mapping(of_table(keys.WHATSAPP, shapes), ["name"])


def _rule() -> Shape:
    known = ActionReader((), (), (), (), Usage()).known
    then = mapping({key: explained(ACTIONS.get(key, {}), keys.ACTIONS.get(key, "")) for key in known}, some=True)
    body = {"name": "${1:returns}", "when": {"text": {"words": ["${2:refund}"]}}, "then": {"category": "${3:returns}"}}
    return {
        **mapping(of_table(keys.RULE, {"name": _RULE_NAME, "when": CONDITION, "then": then}), ["name", "then"]),
        "defaultSnippets": [{"label": "rule", "description": "a name, conditions and actions", "body": body}],
    }


def _case() -> Shape:
    known = CaseReader({}, frozenset(), Declarations()).known
    expect = mapping({key: explained(EXPECT.get(key, {}), keys.EXPECT.get(key, "")) for key in known}, some=True)
    body = {"name": "${1:what it shows}", "message": {"text": "${2:A refund, please}"}, "expect": {"category": "${3:returns}"}}
    return {
        **mapping(of_table(keys.CASE, {"name": TEXT, "message": message(), "expect": expect}), ["message", "expect"]),
        "defaultSnippets": [{"label": "test", "description": "a message and what must come of it", "body": body}],
    }


def _extractor() -> Shape:
    names = text_names()
    sources = {"anyOf": [*names["anyOf"], {"type": "array", "minItems": 1, "items": names}]}
    fields = mapping(of_table(keys.EXTRACTOR, {"pattern": OPERAND, "from": sources}), ["pattern"])
    return {**OPERAND, **fields, "type": ["string", "object"]}
