"""Templates: what they may hold, what is wrong with others and where, and how values are shown."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.document import ConfigError
from router.answers import RENDERED_MAX, VALUE_MAX, Answer, Approved, NotRendered
from router.checking import check, overlaps
from router.coverage import coverage
from router.explain import as_data
from router.load import load
from router.ruleset import Ruleset
from router.template_checking import NESTED_MAX
from router.templates import SUBJECT_MAX, TEXT_MAX, TEXTS_MAX
from router.testing import run_tests

HEAD = """\
fields: {order: text, total: number, gift: boolean, bought: date, items: text, _x: text, __class__: text}
calendars: {office: {timezone: Europe/Rome, hours: {mon-fri: "09:00-18:00"}, holidays: {country: IT}}}
categories: {general: {label: Informazioni}}
default: general
templates:
"""
OWN = {"reference": "R-2345678ABC", "name": "Anna Bianchi", "category": "Informazioni"}
FACTS: dict[str, Any] = {"brand": "demo", "subject": "Padella rotta", "received": "2026-12-25T09:00:00.000Z"}


def loaded(templates: Any) -> Ruleset:
    return load([("a.yaml", HEAD.replace("templates:\n", f"templates: {json.dumps(templates)}\n"))])


def said(text: str, own: dict[str, str | None] | None = None, **facts: Any) -> str:
    dotted = {name.replace("__", ".", 1) if name.startswith("fields__") else name: value for name, value in facts.items()}
    return loaded({"t": {"text": {"it": text}}}).answers.render("t", {**FACTS, **dotted}, OWN if own is None else own).text


def problems(yaml: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load([("a.yaml", HEAD + yaml)])
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "facts", "expected"),
    [
        ("Ciao {{ name }}, {{ reference }}", {}, "Ciao Anna Bianchi, R-2345678ABC"),
        ("{{ brand }}: {{ category|upper }} {{ subject | lower }}", {}, "demo: INFORMAZIONI padella rotta"),
        ("{{ brand|capitalize }} {{ fields.gift|upper }}", {"fields__gift": False}, "Demo FALSE"),
        ("{{ fields.total|upper }}", {"fields__total": 1e20}, "1E+20"),
        ("{{ fields.total }} {{ fields.gift }}", {"fields__total": 612.0, "fields__gift": True}, "612 true"),
        ("{{ fields.total }}/{{ fields.bought }}", {"fields__total": 1240.5, "fields__bought": "2026-11-30"},
         "1240.5/2026-11-30"),
        ("{{ fields.items }} {{ fields._x }} {{ fields.__class__ }}", {"fields__items": "a", "fields___x": "b"}, "a b"),
        ("<{{ fields.order }}{{ fields.total }}>", {}, "<>"),
        ("{% if fields.total %}yes{% else %}no{% endif %}", {"fields__total": 0}, "no"),
        ("{% if fields.gift %}yes{% elif name == 'Anna Bianchi' %}Anna{% endif %}", {"fields__gift": False}, "Anna"),
        ("{% if not (fields.order or fields.gift) and brand != 'x' %}yes{% endif %}", {}, "yes"),
        ("{{ fields.order or 'nessuno' }} {{ 1.50 }} {{ true }}", {}, "nessuno 1.5 true"),
        ("{{ hours.office }} {{ date.office }} {{ weekday.office }} {{ holiday.office }}", {}, "closed 2026-12-25 fri true"),
        ("<{{ hours.office }}>", {"received": None}, "<>"),
        ("{% raw %}{{ name }}{% endraw %}{# not said #}!", {}, "{{ name }}!"),
        ("{{ fields.order }}", {"fields__order": "{{ name }} {% if %} <b>"}, "{{ name }} {% if %} <b>"),
        ("{{ subject }}", {"subject": " a\r\nb\u2028c\x00d\ud800  e "}, "a b c d e"),
        ("{{ subject }}", {"subject": "x" * 300}, "x" * VALUE_MAX),
        ("{{ subject }}", {"subject": ["not", "a", "text"]}, ""),
        ("\n  a\n\n  {{ brand }}  \n\n", {}, "a\n\n  demo"),
    ],
)  # fmt: skip
def test_rendering(text: str, facts: dict[str, Any], expected: str) -> None:
    assert said(text, **facts) == expected


def test_nothing_is_known_of_the_customer() -> None:
    assert said("Ciao{% if name %} {{ name }}{% endif %}!{{ reference }}", {"name": None}) == "Ciao!"


@pytest.mark.parametrize(
    ("language", "expected"),
    [("en", "en"), ("it", "it"), ("en-GB", "en"), ("EN_us", "en"), ("de", "it"), (None, "it"), ("", "it"), ("eng", "it")],
)
def test_the_language_is_the_messages_or_the_first(language: str | None, expected: str) -> None:
    templates = {"t": {"text": {"it": "it", "en": "en"}, "subject": {"en": "S en", "it": "S it"}}}
    answer = loaded(templates).answers.render("t", {"language": language}, OWN)
    assert answer == Answer(expected, expected, f"S {expected}")


@pytest.mark.parametrize(("subject", "expected"), [("Re {{ subject }}", "Re a b"), ("{% if name %}{% endif %} ", None)])
def test_a_subject_has_one_line(subject: str, expected: str | None) -> None:
    ruleset = loaded({"t": {"text": {"it": "x"}, "subject": {"it": subject}}})
    assert ruleset.answers.render("t", {"subject": "a\n\tb"}, OWN).subject == expected


def test_what_is_rendered_has_an_end() -> None:
    value = "x" * VALUE_MAX
    fits = "{{ subject }}" * (RENDERED_MAX // VALUE_MAX)
    assert len(said(fits, subject=value)) == RENDERED_MAX
    with pytest.raises(NotRendered, match=r"^too_long$"):
        said(fits + "{{ subject }}", subject=value)


@given(st.dictionaries(st.sampled_from(["subject", "brand", "fields.order", "fields.total", "fields.gift", "received"]),
                       st.none() | st.text() | st.integers() | st.floats() | st.booleans() | st.lists(st.text())))  # fmt: skip
def test_any_value_is_rendered(facts: dict[str, Any]) -> None:
    text = "{{subject}}{{brand|upper}}{{fields.order}}{{fields.total}}{{fields.gift}}{{hours.office}}{{date.office|capitalize}}"
    answer = loaded({"t": {"text": {"it": text}, "subject": {"it": text}}}).answers.render("t", facts, OWN)
    for words in (answer.text, answer.subject or ""):
        assert "\n" not in words
        assert "\x00" not in words
        words.encode()


TEXT = "  received:\n    text:\n      it: |\n        Ciao {{ name }}\n        e {{ reference }}"
AT = "a.yaml:10"
ONLY = "(a template holds texts, {{ values }} and {% if %} with ==, !=, and, or, not)"
WHERE = "templates.received.text.it"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (" {{ nome }}", f"{AT}:30: {WHERE}: there is no 'nome' (did you mean 'name'?)"),
        (" {{ text }}", None),
        (" {{ fields.ordr }}", f"{AT}:30: {WHERE}: there is no field 'ordr' (did you mean 'order'?)"),
        (" {{ hours.ofice }}", f"{AT}:30: {WHERE}: there is no calendar 'ofice' (did you mean 'office'?)"),
        (" {{ field.order }}", f"{AT}:30: {WHERE}: there is no 'field.order' (did you mean 'fields'?)"),
        (" {{ fields }}", f"{AT}:30: {WHERE}: 'fields' has several values (name one of them: fields.NAME)"),
        (" {{ fields.order.x }}", f"{AT}:11: {WHERE}: 'x' is part of nothing {ONLY}"),
        (" {{ name.upper() }}", f"{AT}:11: {WHERE}: a call cannot stand in a template {ONLY}"),
        (" {{ name|uper }}", f"{AT}:35: {WHERE}: 'uper' is no filter (did you mean 'upper'?)"),
        (" {{ name|upper(1) }}", f"{AT}:35: {WHERE}: 'upper' takes nothing in brackets"),
        (" {% for x in name %}{% endfor %}", f"{AT}:30: {WHERE}: for cannot stand in a template {ONLY}"),
        (" {% set x = 1 %}", f"{AT}:30: {WHERE}: set cannot stand in a template {ONLY}"),
        (" {% if name is defined %}{% endif %}", f"{AT}:38: {WHERE}: is cannot stand in a template {ONLY}"),
        (" {% if %}", f"{AT}:11: {WHERE}: is no template: Expected an expression, got 'end of statement block' {ONLY}"),
        (" {{ name", None),
        (" {% endif %}", None),
    ],
)  # fmt: skip
def test_wrong_in_a_text(more: str, expected: str | None) -> None:
    found = problems(f"{TEXT}{more}\n")
    assert len(found) == 1
    if expected is not None:
        assert found == [expected]
    assert found[0].startswith("a.yaml:10:")


@pytest.mark.parametrize(
    "tag",
    ["{{ 'x' * 10**9 }}", "{{ name ~ name }}", "{{ name[0] }}", "{{ none }}", "{{ range(9) }}", "{{ fields.total > 3 }}",
     "{{ 'a' in name }}", "{{ 'a' if name }}", "{{ (name, name) }}", "{{ [name] }}", "{{ {'a': name} }}", "{{ -1 }}",
     "{% include 'x' %}", "{% import 'x' as x %}", "{% from 'x' import y %}", "{% extends 'x' %}",
     "{% block x %}{% endblock %}",
     "{% macro x() %}{% endmacro %}", "{% call x() %}{% endcall %}", "{% filter upper %}{% endfilter %}",
     "{% with x = 1 %}{% endwith %}", "{% autoescape true %}{% endautoescape %}", "{{ self }}", "{{ lipsum }}",
     "{{ ''.__class__ }}",
     "{{ name.__class__.__mro__ }}", "{{ cycler('a') }}", "{{ namespace() }}", "{{ name|tojson }}", "{{ (name|upper).x }}"],
)  # fmt: skip
def test_nothing_else_can_be_written(tag: str) -> None:
    found = problems(f"{TEXT} {tag}\n")
    assert found
    assert all(one.startswith("a.yaml:10:") for one in found)


@pytest.mark.parametrize(
    "source",
    ["(" * 3000 + "name" + ")" * 3000, "name or " * 1000 + "name", "not " * 2000 + "name", "name" + "|upper" * 1500],
)
def test_nested_too_deeply(source: str) -> None:
    (found,) = problems(f"  received: {{text: {{it: '{{{{ {source} }}}}'}}}}\n")
    assert found == f"a.yaml:6:26: {WHERE}: is nested too deeply (at most {NESTED_MAX})"


def test_ifs_within_ifs_have_an_end() -> None:
    def nested(depth: int) -> str:
        return "{% if name %}" * depth + "x" + "{% endif %}" * depth

    assert said(nested(NESTED_MAX - 2)) == "x"
    with pytest.raises(ConfigError, match="nested too deeply"):
        said(nested(NESTED_MAX - 1))


@pytest.mark.parametrize(
    ("yaml", "expected"),
    [
        ("  Received: {text: {it: x}}\n",
         ["a.yaml:6:3: templates.Received: is no name for a template (use a to z, 0 to 9, - and _)"]),
        ("  a: {text: {it: x}}\n  b: {}\n",
         ['a.yaml:7:6: templates.b: must have a text (for example {text: {it: "…", en: "…"}})']),
        ("  a: x\n", ["a.yaml:6:6: templates.a: must be a mapping of names to values"]),
        ("  a: {txt: {it: x}, text: {it: x}}\n", ["a.yaml:6:7: templates.a.txt: unknown key (did you mean 'text'?)"]),
        ("  a: {text: x}\n", ["a.yaml:6:13: templates.a.text: must be a mapping of names to values"]),
        ("  a: {text: {}}\n",
         ['a.yaml:6:13: templates.a.text: must have at least one language (for example {it: "…", en: "…"})']),
        ("  a: {text: {ita: x}}\n",
         ["a.yaml:6:14: templates.a.text.ita: is no language (write its two letters of ISO 639-1: it, en, de)"]),
        ("  a: {text: {it: ' '}}\n", ["a.yaml:6:18: templates.a.text.it: is empty"]),
        ("  a: {text: {it: 3}}\n", ["a.yaml:6:18: templates.a.text.it: must be text, not a number (put the value in quotes)"]),
        ("  a: {text: {it: x, en: x}, subject: {it: x}}\n",
         ["a.yaml:6:38: templates.a.subject: has no 'en', which text has (write both in the same languages)"]),
        ("  a: {text: {it: x}, subject: {it: x, en: x}}\n",
         ["a.yaml:6:39: templates.a.subject.en: is a language that text does not have"]),
        ("  a: {text: {it: x}, subject: {it: \"a\\nb\"}}\n",
         ["a.yaml:6:36: templates.a.subject.it: has several lines (write a subject on one line)"]),
        ("  a: {text: {it: x}, to_claimed: 1}\n",
         ["a.yaml:6:34: templates.a.to_claimed: must be true or false, not a number"]),
        (f"  a: {{text: {{it: {'x' * (TEXT_MAX + 1)}}}}}\n",
         ["a.yaml:6:18: templates.a.text.it: has 10,001 characters (at most 10,000)"]),
        (f"  a: {{text: {{it: x}}, subject: {{it: {'x' * (SUBJECT_MAX + 1)}}}}}\n",
         ["a.yaml:6:36: templates.a.subject.it: has 201 characters (at most 200)"]),
    ],
)  # fmt: skip
def test_wrong_in_a_declaration(yaml: str, expected: list[str]) -> None:
    assert problems(yaml) == expected


def test_a_template_is_declared_once() -> None:
    text = HEAD + "  a: {text: {it: x}}\n"
    other = "templates: {a: {text: {it: y}}, b: {text: {it: y}}}\nrules: [{name: r, then: {reply: b}}]\n"
    with pytest.raises(ConfigError) as caught:
        load([("a.yaml", text), ("b.yaml", other)])
    assert [str(one) for one in caught.value.problems] == [
        "b.yaml:1:13: templates.a: template 'a' is declared already, at a.yaml:6"
    ]


def test_there_are_not_endlessly_many() -> None:
    many = {f"t{number}": {"text": {"it": "x"}, "subject": {"it": "x"}} for number in range(TEXTS_MAX // 2)}
    assert len(loaded(many).answers.templates) == TEXTS_MAX // 2
    with pytest.raises(ConfigError) as caught:
        loaded({**many, "more": {"text": {"it": "x", "en": "y"}}})
    assert [(one.key, one.message) for one in caught.value.problems] == [
        ("templates.more.text.it", "is one text more than 1,000, in all templates")
    ]


RULES = HEAD + "  received: {text: {it: x}}\n"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("rules: [{name: r, then: {reply: recieved}}]\n",
         "a.yaml:7:33: rules[0].then.reply: there is no template 'recieved' (did you mean 'received'?)"),
        ("tests: [{message: {}, expect: {reply: recieved}}]\n",
         "a.yaml:7:39: tests[0].expect.reply: there is no template 'recieved' (did you mean 'received'?)"),
        ("rules: [{name: r, then: {notify: []}}]\n",
         "a.yaml:7:34: rules[0].then.notify: is an empty list (name at least one value, or leave the key out)"),
        ("rules: [{name: r, then: {notify: 7}}]\n",
         "a.yaml:7:34: rules[0].then.notify: must be text, not a number (put the value in quotes)"),
    ],
)  # fmt: skip
def test_wrong_where_it_is_used(more: str, expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load([("a.yaml", RULES + more)])
    assert [str(one) for one in caught.value.problems] == [expected]


def test_where_there_are_no_templates() -> None:
    text = "categories: {general: {}}\ndefault: general\nrules: [{name: r, then: {reply: received}}]\n"
    with pytest.raises(ConfigError, match="there is no template 'received' \\(declare it under templates:\\)"):
        load([("a.yaml", text)])


def test_what_a_test_expects_is_compared() -> None:
    text = RULES + (
        "rules: [{name: r, when: {channel: sms}, then: {reply: received, notify: [a, b]}}]\n"
        "tests:\n"
        "  - {message: {channel: sms}, expect: {reply: received, notify: [b, a]}}\n"
        "  - {message: {}, expect: {reply: null, notify: []}}\n"
        "  - {message: {channel: sms}, expect: {reply: null, notify: a}}\n"
        "  - {message: {}, expect: {reply: received, notify: a}}\n"
    )
    results = run_tests(load([("a.yaml", text)]))
    assert [[(one.field, one.actual) for one in result.mismatches] for result in results] == [
        *([], []),
        [("reply", "received"), ("notify", ("a", "b"))],
        [("reply", None), ("notify", ())],
    ]


def test_what_checking_finds() -> None:
    text = HEAD + (
        "  received: {text: {it: x}}\n"
        "  lost: {text: {it: x}}\n"
        "  unused: {text: {it: x}}\n"
        "rules:\n"
        "  - {name: first, then: {reply: received}}\n"
        "  - {name: second, when: {channel: sms}, then: {reply: lost}}\n"
        "  - {name: third, when: {channel: sms}, then: {reply: lost, notify: a}}\n"
        "tests: [{message: {channel: sms}, expect: {reply: received}}]\n"
    )
    ruleset = load([("a.yaml", text)])
    assert [(one.kind, one.message) for one in check(ruleset)] == [
        ("unused", "template 'unused' is used by no rule"),
        ("never_wins", "rule 'second' can never win: reply is always set by rule 'first' (a.yaml:10:5)"),
    ]
    assert [one.name for one in overlaps(ruleset)] == []
    assert [(one.matched, dict(one.won)) for one in coverage(ruleset).rules] == [
        (1, {"reply": 1}),
        (1, {}),
        (1, {"notify": 1}),
    ]
    decision = ruleset.route(ruleset.tests[0].facts)
    explained = as_data(ruleset, decision.explanation)
    assert [rule["won"] for rule in explained["rules"]] == [["reply"], [], ["notify"]]
    assert explained["decided_by"] == {"reply": "first", "notify": "third", "category": "default"}


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Anna\u202eihcnaiB\u202c", "AnnaihcnaiB"),
        ("\u200b\u2060\ufeff" * 60, ""),
        ("\u200d" * 200, ""),
        ("Anna\u200b\u00ad Bianchi", "Anna Bianchi"),
        ("\U0001f469\u200d\U0001f373 Anna", "\U0001f469\u200d\U0001f373 Anna"),
    ],
)
def test_what_is_not_seen_turns_nothing_round(name: str, shown: str) -> None:
    assert said("{{ name }}|", OWN | {"name": name}) == f"{shown}|"


def test_a_number_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match="none or a number that is none cannot stand in a template"):
        said("{{ 1e999 }}")


def approved(whatsapp: dict[str, Any], language: str | None = None, **facts: Any) -> Approved | None:
    ruleset = loaded({"t": {"text": {"it": "it", "en": "en"}, "whatsapp": whatsapp}})
    return ruleset.answers.render("t", {**FACTS, **facts}, OWN, language).approved


@pytest.mark.parametrize(
    ("whatsapp", "facts", "expected"),
    [
        ({"name": "order_update"}, {}, Approved("order_update", "it", ())),
        ({"name": "order_update"}, {"language": "en-GB"}, Approved("order_update", "en", ())),
        ({"name": "order_update", "language": "en_US"}, {}, Approved("order_update", "en_US", ())),
        (
            {"name": "a", "parameters": [" {{ name }}\n{{ fields.order }} ", "{{ hours.office }}"]},
            {"fields.order": "IT-1"},
            Approved("a", "it", ("Anna Bianchi IT-1", "closed")),
        ),
        ({"name": "a", "parameters": ["{{ name }}", "{{ fields.order }}"]}, {}, None),
        ({"name": "a", "parameters": ["{{ subject }}" * 8]}, {"subject": "x" * 200}, Approved("a", "it", ("x" * 1024,))),
    ],
)
def test_approved_templates(whatsapp: dict[str, Any], facts: dict[str, Any], expected: Approved | None) -> None:
    assert approved(whatsapp, **facts) == expected


@pytest.mark.parametrize(
    ("whatsapp", "expected"),
    [
        ("order_update", "8:15: templates.t.whatsapp: must be a mapping"),
        ("{}", "8:15: templates.t.whatsapp: must have a name"),
        ("{language: it}", "8:15: templates.t.whatsapp: must have a name"),
        ("{name: Order}", "8:22: templates.t.whatsapp.name: is none that WhatsApp has (write a to z, 0 to 9 and _)"),
        ("{name: a, language: italiano}", "whatsapp.language: is none that WhatsApp has (for example it or en_US)"),
        ("{name: a, parameters: x}", "8:37: templates.t.whatsapp.parameters: must be a list"),
        ('{name: a, parameters: ["{{ nome }}"]}', "there is no 'nome' (did you mean 'name'?)"),
        ("{name: a, parameters: [" + "x" * 201 + "]}", "has 201 characters (at most 200)"),
        ("{name: a, parameters: [x" + ", x" * 20 + "]}", "has 21 parameters (at most 20)"),
        ("{name: a, parametrs: []}", "parametrs"),
    ],
)
def test_wrong_approved_templates(whatsapp: str, expected: str) -> None:
    (found,) = problems(f"  t:\n    text: {{it: x}}\n    whatsapp: {whatsapp}\n")[:1]
    assert expected in found


FORMS = {
    "t": {"text": {"it": "lungo", "en": "long"}, "forms": {"sms": {"text": {"it": "breve {{ fields.order }}", "en": "short"}}}}
}


@pytest.mark.parametrize(
    ("channel", "language", "expected"),
    [
        ("sms", "it", "breve IT-1"),
        ("sms", "en", "short"),
        ("sms", "de", "breve IT-1"),
        ("email", "en", "long"),
        (None, None, "lungo"),
    ],
)
def test_a_channel_may_have_a_text_of_its_own(channel: str | None, language: str | None, expected: str) -> None:
    facts = {"channel": channel, "language": language, "fields.order": "IT-1"}
    assert loaded(FORMS).answers.render("t", facts, OWN).text == expected


@pytest.mark.parametrize(
    ("forms", "expected"),
    [
        ("{SMS: {text: {it: x, en: y}}}", "is no channel"),
        ("{sms: {}}", "must have a text"),
        ("{sms: x}", "must be a mapping"),
        ("{sms: {text: {it: x}}}", "has no 'en', which text has"),
        ("{sms: {text: {it: x, en: y, de: z}}}", "is a language that text does not have"),
        ("{sms: {text: {it: x, en: '{{ nome }}'}}}", "there is no 'nome'"),
        ("{sms: {words: x}}", "words"),
    ],
)
def test_wrong_forms(forms: str, expected: str) -> None:
    found = problems(f"  t:\n    text: {{it: x, en: y}}\n    forms: {forms}\n")
    assert any(expected in one for one in found), found
