# ruff: noqa: E501 - a message stands in one line, as it is printed
"""Every mistake in a rules file, with the exact place and words of its message."""

import pytest

from config.document import ConfigError
from router.load import load

HEAD = "categories: {returns: {}, general: {}}\nqueues: [recovery]\nfields: {total: number, order: text, bought: date}\ndefault: general\n"
"""Four lines: what follows begins in line 5."""


def problems(*texts: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load([(f"{chr(97 + n)}.yaml", text) for n, text in enumerate(texts)])
    return [str(problem) for problem in caught.value.problems]


def in_rule(when: str = "{channel: x}", then: str = "{tags: [t]}") -> str:
    return f"{HEAD}rules:\n  - name: r\n    when: {when}\n    then: {then}\n"


WHEN: list[tuple[str, str]] = [
    ("[]", "7:11: rules[0].when: must be a mapping with at least one condition (for example {channel: email})"),
    ("{}", "7:11: rules[0].when: must be a mapping with at least one condition (for example {channel: email})"),
    ("{chanel: x}", "7:12: rules[0].when.chanel: unknown condition (did you mean 'channel'?)"),
    ("{customer: {tier: x}}", "7:12: rules[0].when.customer: unknown condition (use one of customer.tier, customer.tags,"
     " customer.match, customer.messages, customer.new)"),
    ("{fields.totale: 3}", "7:12: rules[0].when.fields.totale: unknown condition (did you mean 'fields.total'?)"),
    ("{fields.xyzzy: 3}", "7:12: rules[0].when.fields.xyzzy: unknown condition (declare it under fields:)"),
    ("{channel: []}", "7:21: rules[0].when.channel: is an empty list (name at least one value, or leave the key out)"),
    ("{channel: 7}", "7:21: rules[0].when.channel: must be text, not a number (put the value in quotes)"),
    ("{channel: [a, true]}", "7:25: rules[0].when.channel[1]: must be text, not true or false (put the value in quotes)"),
    ("{channel: [null]}", "7:22: rules[0].when.channel[0]: must be text, not nothing"),
    ("{channel: ''}", "7:21: rules[0].when.channel: is empty"),
    ("{channel: [[a]]}", "7:22: rules[0].when.channel[0]: must be text, not a list"),
    ("{channel: {is: a}}", "7:22: rules[0].when.channel.is: unknown key (known: contains, matches, starts_with, words)"),
    ("{channel: {}}", "7:21: rules[0].when.channel: must name at least one of words, contains, starts_with, matches"),
    ("{kind: txt}", "7:18: rules[0].when.kind: can never be so (did you mean 'text'?)"),
    ("{customer.match: sure}", "7:28: rules[0].when.customer.match: can never be so"
     " (known: agent, ambiguous, claimed, new, verified)"),
    ("{backlog: 1}", "7:21: rules[0].when.backlog: must be true or false, not a number"),
    ("{backlog: {words: x}}", "7:21: rules[0].when.backlog: a boolean is compared with a value"),
    ("{history.unanswered: many}", "7:32: rules[0].when.history.unanswered: must be a number or a comparison with one"
     ' (for example 2 or ">= 2")'),
    ('{fields.total: "=> 2"}', "7:26: rules[0].when.fields.total: must be a number or a comparison with one"
     ' (for example 2 or ">= 2")'),
    ("{fields.total: {words: x}}", '7:26: rules[0].when.fields.total: a number is compared with a value (for example ">= 2")'),
    ("{fields.total: true}", "7:26: rules[0].when.fields.total: must be a number or a comparison with one"
     ' (for example 2 or ">= 2")'),
    ("{fields.bought: 2026-02-30}", "7:27: rules[0].when.fields.bought: must be a date or a comparison with one"
     ' (for example 2026-11-30 or ">= 2026-11-30")'),
    ("{text: {words: '!?'}}", "7:26: rules[0].when.text.words: has no letter or digit, so it is no word"
     " (use contains for signs)"),
    ('{text: {contains: "\\u0301"}}', "7:29: rules[0].when.text.contains: is made of signs that are not compared (write letters, digits or punctuation)"),
    ("{text: {matches: ['a', '(b']}}", "7:34: rules[0].when.text.matches[1]: is no RE2 pattern: missing ): (b"
     " (each ( needs its ); for the sign itself write \\()"),
    ("{text: {matches: '(?=a)'}}", "7:28: rules[0].when.text.matches: is no RE2 pattern: invalid perl operator: (?="
     " (lookaround and back-references do not exist in RE2)"),
    ("{any: {channel: a}}", "7:17: rules[0].when.any: must be a list of conditions"),
    ("{any: []}", "7:17: rules[0].when.any: must be a list of conditions"),
    ("{not: x}", "7:17: rules[0].when.not: must be a condition or a list of them"),
    ("{any: [x]}", "7:18: rules[0].when.any[0]: must be a mapping with at least one condition (for example {channel: email})"),
    ("{not: [{a: b}]}", "7:19: rules[0].when.not[0].a: unknown condition"),
    ('{expr: "customer.teir == 1"}', "7:27: rules[0].when.expr: undeclared reference to 'customer.teir' (in container '')"
     " (use a name of the vocabulary, and declare your own under fields:)"),
    ("{expr: customer.tier == 3}", "7:32: rules[0].when.expr: found no matching overload for '_==_' applied to '(string, int)'"),
    ('{expr: "fields.total > 500"}', "7:32: rules[0].when.expr: found no matching overload for '_>_' applied to '(double, int)'"
     " (a declared number is compared with a number that has a point: write 500.0)"),
    ("{expr: history.contacts}", "7:18: rules[0].when.expr: the expression must be true or false, but gives another type"),
    ("{expr: 'has(fields.total)'}", "7:19: rules[0].when.expr: the expression must be true or false, but gives another type"
     " (has() is not needed: a comparison with a missing value is simply not true)"),
    ("{expr: 3}", "7:18: rules[0].when.expr: must be text, not a number (put the value in quotes)"),
    ("|-\n      text", "7:11: rules[0].when: must be a mapping with at least one condition (for example {channel: email})"),
    ("\n      expr: |\n        backlog &&\n          foo", "10:11: rules[0].when.expr: undeclared reference to 'foo'"
     " (in container '') (use a name of the vocabulary, and declare your own under fields:)"),
    ("\n      expr: >\n        backlog &&\n        foo", "8:13: rules[0].when.expr: undeclared reference to 'foo'"
     " (in container '') (use a name of the vocabulary, and declare your own under fields:)"),
    ("{expr: '" + "(" * 40 + "backlog" + ")" * 40 + "'}", "7:19: rules[0].when.expr: the expression is nested too deeply"
     " (at most 32 levels: use several conditions)"),
    ("{not: " * 18 + "{backlog: true}" + "}" * 18, "7:113: rules[0].when" + ".not" * 17 + ": conditions are nested deeper than 16"),
]  # fmt: skip

ACTIONS = "category, copy_to, discard, final, notify, owners, playbook, priority, product, queue, reply, sla, tags"

THEN: list[tuple[str, str]] = [
    ("{}", f"8:11: rules[0].then: must name at least one action (known: {ACTIONS})"),
    ("", f"8:5: rules[0].then: must name at least one action (known: {ACTIONS})"),
    ("[x]", "8:11: rules[0].then: must be a mapping of names to values"),
    ("{tag: x}", "8:12: rules[0].then.tag: unknown key (did you mean 'tags'?)"),
    ("{category: recovery}", "8:22: rules[0].then.category: there is no category 'recovery' (known: general, returns)"),
    ("{queue: recover}", "8:19: rules[0].then.queue: there is no queue or category 'recover' (did you mean 'recovery'?)"),
    ("{copy_to: [general, x]}", "8:31: rules[0].then.copy_to[1]: there is no queue or category 'x'"
     " (known: general, recovery, returns)"),
    ("{priority: 10}", '8:22: rules[0].then.priority: must be a whole number from 0 to 9 (or "+1" to "+9")'),
    ("{priority: '+10'}", '8:22: rules[0].then.priority: must be a whole number from 0 to 9 (or "+1" to "+9")'),
    ("{priority: true}", '8:22: rules[0].then.priority: must be a whole number from 0 to 9 (or "+1" to "+9")'),
    ("{priority: 1.5}", '8:22: rules[0].then.priority: must be a whole number from 0 to 9 (or "+1" to "+9")'),
    ("{tags: [a, 3]}", "8:22: rules[0].then.tags[1]: must be text, not a number (put the value in quotes)"),
    ("{tags: []}", "8:18: rules[0].then.tags: is an empty list (name at least one value, or leave the key out)"),
    ("{owners: {a: b}}", "8:20: rules[0].then.owners: must be text, not a mapping"),
    ("{sla: 4h}",
     "8:17: rules[0].then.sla: must name first_reply, next_reply or resolution (for example {first_reply: 4h})"),
    ("{sla: {first: 4h}}", "8:18: rules[0].then.sla.first: unknown key"
     " (known: calendar, first_reply, next_reply, on_breach, on_warning, resolution, warn)"),
    ("{sla: {calendar: office}}",
     "8:17: rules[0].then.sla: must name first_reply, next_reply or resolution (for example {first_reply: 4h})"),
    ("{sla: {first_reply: 1h, warn: 1h}}", "8:41: rules[0].then.sla.warn: must be shorter than each of the times it is for"),
    ("{sla: {first_reply: 1h, next_reply: 20m, warn: 30m}}",
     "8:58: rules[0].then.sla.warn: must be shorter than each of the times it is for"),
    ("{sla: {resolution: 1d, on_breach: {}}}", "8:45: rules[0].then.sla.on_breach: must name at least one of notify, copy_to and"
     " priority (for example {notify: [team-lead@example.com]})"),
    ("{sla: {resolution: 1d, on_breach: {tell: x}}}", "8:46: rules[0].then.sla.on_breach.tell: unknown key"
     " (known: copy_to, notify, priority)"),
    ("{sla: {resolution: 1d, on_warning: {copy_to: [general, x]}}}",
     "8:66: rules[0].then.sla.on_warning.copy_to[1]: there is no queue or category 'x' (known: general, recovery, returns)"),
    ("{sla: {resolution: 1d, on_breach: {priority: '+1'}}}",
     "8:56: rules[0].then.sla.on_breach.priority: must be a whole number from 0 to 9"),
    ("{sla: {first_reply: 4}}", "8:31: rules[0].then.sla.first_reply: must be a duration (for example 30m, 4h, 1h30m or 2d)"),
    ("{sla: {first_reply: 0h}}", "8:31: rules[0].then.sla.first_reply: must be a duration (for example 30m, 4h, 1h30m or 2d)"),
    ("{sla: {first_reply: 4 hours}}", "8:31: rules[0].then.sla.first_reply: must be a duration"
     " (for example 30m, 4h, 1h30m or 2d)"),
    ("{product: 28}", "8:21: rules[0].then.product: must be text, not a number (put the value in quotes)"),
    ("{playbook: 'javascript:alert(1)'}", "8:22: rules[0].then.playbook: must be a link that begins with https:// or http://"),
    ("{discard: true}", "8:21: rules[0].then.discard: must be text, not true or false (put the value in quotes)"),
    ("{final: 'yes', tags: [x]}", "8:19: rules[0].then.final: must be true or false, not text"),
]  # fmt: skip

FILES: list[tuple[str, list[str]]] = [
    ("", ["a.yaml:1:1: must have a default (name the category of messages that no rule decides: default: general)"]),
    ("[]", ["a.yaml:1:1: must be a mapping of names to values",
            "a.yaml:1:1: must have a default (name the category of messages that no rule decides: default: general)"]),
    ("categories: {a: {}}\ndefault: b", ["a.yaml:2:10: default: there is no category 'b' (known: a)"]),
    ("categories: {a: {}}\ndefault: a\nrule: []", ["a.yaml:3:1: rule: unknown key (did you mean 'rules'?)"]),
    ("categories: [a]\ndefault: a", ["a.yaml:1:13: categories: must be a mapping of names to values",
                                     "a.yaml:2:10: default: there is no category 'a'"]),
    ("categories: {A b: {}}\ndefault: A b", ["a.yaml:1:14: categories.A b: is no name for a category (use a to z, 0 to 9, - and _)"]),
    ("categories: {a: {lable: x}}\ndefault: a", ["a.yaml:1:18: categories.a.lable: unknown key (did you mean 'label'?)"]),
    ("categories: {a: {priority: '+1'}}\ndefault: a",
     ["a.yaml:1:28: categories.a.priority: must be a whole number from 0 to 9"]),
    ("categories: {a: {}}\nqueues: [a, Q, b, b]\ndefault: a", [
        "a.yaml:2:10: queues[0]: queue 'a' is declared already, at a.yaml:1",
        "a.yaml:2:13: queues[1]: is no name for a queue (use a to z, 0 to 9, - and _)",
        "a.yaml:2:19: queues[3]: queue 'b' is declared already, at a.yaml:2"]),
    ("categories: {a: {}}\ndefault: a\nfields: {x-y: text, z: money}", [
        "a.yaml:3:10: fields.x-y: is no name for a field (use letters, digits and _, and begin with a letter)",
        "a.yaml:3:24: fields.z: must be a type: text, number, boolean, date"]),
    ("categories: {a: {}}\ndefault: a\nfields: {z: [text]}", ["a.yaml:3:13: fields.z: must be a type: text, number, boolean, date"]),
    ("categories: {a: {}}\ndefault: a\nrules: {name: x}", ["a.yaml:3:8: rules: must be a list"]),
    ("categories: {a: {}}\ndefault: a\nrules:\n  - {when: {backlog: true}}", ["a.yaml:4:5: rules[0]: must have name and then"]),
    ("categories: {a: {}}\ndefault: a\nrules:\n  - text", ["a.yaml:4:5: rules[0]: must be a mapping of names to values"]),
    ("categories: {a: {}}\ndefault: a\nrules:\n  - {name: x, then: {tags: [t]}, final: true}",
     ["a.yaml:4:34: rules[0].final: unknown key (write it under then:)"]),
    ("categories: {a: {}}\ndefault: a\nrules:\n  - {name: x, text: {words: y}, then: {tags: [t]}}",
     ["a.yaml:4:15: rules[0].text: unknown key (write it under when:)"]),
    ("categories: {a: {}}\ndefault: a\nrules:\n  - {name: default, then: {tags: [t]}}",
     ["a.yaml:4:12: rules[0].name: a rule cannot be called 'default' (explanations use the word for what no rule decided)"]),
    ("categories: {a: {}}\ndefault: a\nrules:\n  - {name: 'x, y', then: {tags: [t]}}",
     ["a.yaml:4:12: rules[0].name: must have at most 80 characters, in one line and without a comma"]),
    ("categories: {a: {}}\ndefault: a\nrules:\n  - {name: x, then: {tags: [t]}}\n  - {name: x, then: {tags: [t]}}",
     ["a.yaml:5:12: rules[1].name: rule 'x' is there already, at a.yaml:4"]),
    ("categories: {a: {}}\ndefault: a\nrules:\n  - {name: 7, then: {tags: [t]}}",
     ["a.yaml:4:12: rules[0].name: must be text, not a number (put the value in quotes)"]),
]  # fmt: skip

TESTS: list[tuple[str, str]] = [
    ("{message: {}}", "6:5: tests[0]: must have expect"),
    ("text", "6:5: tests[0]: must be a mapping of names to values"),
    ("{message: {chanel: x}, expect: {priority: 1}}", "6:16: tests[0].message.chanel: no message has this (did you mean 'channel'?)"),
    ("{message: {customer: {teir: x}}, expect: {priority: 1}}", "6:27: tests[0].message.customer.teir: no message has this"
     " (did you mean 'customer.tier'?)"),
    ("{message: {fields: {totl: 1}}, expect: {priority: 1}}", "6:25: tests[0].message.fields.totl: no message has this"
     " (did you mean 'fields.total'?)"),
    ("{message: {customer: gold}, expect: {priority: 1}}", "6:26: tests[0].message.customer: must be a mapping of names to values"),
    ("{message: {channel: a, customer: {tier: a}, customer.tier: b}, expect: {priority: 1}}",
     "6:49: tests[0].message.customer.tier: is given twice"),
    ("{message: {channel: 3}, expect: {priority: 1}}", "6:25: tests[0].message.channel: must be text, not a number"
     " (put the value in quotes)"),
    ("{message: {kind: txt}, expect: {priority: 1}}", "6:22: tests[0].message.kind: can never be so (did you mean 'text'?)"),
    ("{message: {fields.total: x}, expect: {priority: 1}}", "6:30: tests[0].message.fields.total: must be a number"),
    ("{message: {fields.bought: x}, expect: {priority: 1}}", "6:31: tests[0].message.fields.bought: must be a date"
     " (for example 2026-11-30)"),
    ("{message: {history.contacts: 1.5}, expect: {priority: 1}}", "6:34: tests[0].message.history.contacts: must be a whole number"),
    ("{message: {}, expect: {}}", "6:27: tests[0].expect: must name at least one field of the decision"),
    ("{message: {}, expect: {categry: x}}", "6:28: tests[0].expect.categry: unknown key (did you mean 'category'?)"),
    ("{message: {}, expect: {category: x}}", "6:38: tests[0].expect.category: there is no category 'x' (known: general, returns)"),
    ("{message: {}, expect: {targets: [returns, x]}}", "6:47: tests[0].expect.targets[1]: there is no queue or category 'x'"
     " (known: general, recovery, returns)"),
    ("{message: {}, expect: {targets: returns}}", "6:37: tests[0].expect.targets: must be a list"),
    ("{message: {}, expect: {priority: 12}}", "6:38: tests[0].expect.priority: must be a whole number from 0 to 9"),
    ("{message: {}, expect: {sla: {reply: 4h}}}", "6:34: tests[0].expect.sla.reply: unknown key"
     " (known: calendar, first_reply, next_reply, on_breach, on_warning, resolution, warn)"),
    ("{message: {}, expect: {decided_by: {category: 1}}}", "6:51: tests[0].expect.decided_by.category: must be text, not a number"
     " (put the value in quotes)"),
]  # fmt: skip


@pytest.mark.parametrize(("when", "expected"), WHEN)
def test_in_a_condition(when: str, expected: str) -> None:
    assert problems(in_rule(when=when)) == [f"a.yaml:{expected}"]


@pytest.mark.parametrize(("then", "expected"), THEN)
def test_in_an_action(then: str, expected: str) -> None:
    assert f"a.yaml:{expected}" in problems(in_rule(then=then))


@pytest.mark.parametrize(("text", "expected"), FILES)
def test_in_a_file(text: str, expected: list[str]) -> None:
    assert problems(text) == expected


@pytest.mark.parametrize(("test", "expected"), TESTS)
def test_in_a_test(test: str, expected: str) -> None:
    assert problems(f"{HEAD}tests:\n  - {test}\n") == [f"a.yaml:{expected}"]


def test_all_problems_of_all_files_at_once() -> None:
    first = "categories: {a: {}}\ndefault: a\nrules:\n  - {name: x, when: {chanel: 1}, then: {tags: t, categry: a}}\n"
    second = "categories: {a: {}}\ndefault: a\nqueues: [Q]\nrules:\n  - {name: x, then: {queue: Q}}\n"
    assert problems(first, second) == [
        "a.yaml:4:22: rules[0].when.chanel: unknown condition (did you mean 'channel'?)",
        "a.yaml:4:50: rules[0].then.categry: unknown key (did you mean 'category'?)",
        "b.yaml:1:14: categories.a: category 'a' is declared already, at a.yaml:1",
        "b.yaml:2:1: default: there is a default already, at a.yaml:2",
        "b.yaml:3:10: queues[0]: is no name for a queue (use a to z, 0 to 9, - and _)",
        "b.yaml:5:12: rules[0].name: rule 'x' is there already, at a.yaml:4",
    ]


def test_a_file_that_is_no_yaml() -> None:
    found = problems("categories: {a: {}}\ndefault: a\n", "rules: [", "queues: [}")
    assert [text.split(":")[0] for text in found] == ["b.yaml", "c.yaml"]


def test_no_file_at_all() -> None:
    assert problems() == ["rules: there is no rules file"]
