# ruff: noqa: E501 - a hostile file stands in one line
"""Three hundred rules files that were meant to do harm: each a name and how its text, or its bytes, are made."""

from collections.abc import Callable, Mapping
from typing import Final

from tests.hostile_rules.loading import HEAD

Made = Callable[[], str | bytes]

_RULE: Final = "rules:\n  - name: r\n    when: {channel: x}\n    then: {category: hit}\n"
_MEGABYTE: Final = 1_000_000


def _laughs(width: int, levels: int, *, mappings: bool) -> str:
    """Each list holds the one before it many times."""
    lines = ["a0: &a0 {k: x}" if mappings else "a0: &a0 [x]"]
    for level in range(1, levels):
        names = [f"k{n}: *a{level - 1}" if mappings else f"*a{level - 1}" for n in range(width)]
        inside = ", ".join(names)
        lines.append(f"a{level}: &a{level} " + ("{" + inside + "}" if mappings else f"[{inside}]"))
    return "\n".join(lines) + "\n"


def _nested(opening: str, closing: str, levels: int) -> str:
    return f"{HEAD}rules:\n  - name: r\n    then: {{tags: t}}\n    when: {opening * levels}{{channel: x}}{closing * levels}\n"


def _block(levels: int, word: str) -> str:
    lines = [f"{HEAD}rules:\n  - name: r\n    then: {{tags: t}}\n    when:"]
    lines += [f"{'  ' * (level + 3)}{word}:" for level in range(levels)]
    return "\n".join([*lines, f"{'  ' * (levels + 3)}channel: x\n"])


def _chain(section: str, count: int, *, closed: bool) -> str:
    """Named things of which each uses the next, and the last the first."""
    last = count - 1
    if section == "lists":
        entries = [f"  n{n}: [x{n}, $n{n + 1}]" for n in range(last)] + [f"  n{last}: [x{', $n0' if closed else ''}]"]
        use = "text: {words: $n0}"
    else:
        entries = [f"  n{n}: {{use: n{n + 1}}}" for n in range(last)]
        entries.append(f"  n{last}: {{{'use: n0' if closed else 'channel: x'}}}")
        use = "use: n0"
    rule = f"rules: [{{name: r, when: {{{use}}}, then: {{category: hit}}}}]\n"
    return f"{HEAD}{section}:\n" + "\n".join(entries) + f"\n{rule}"


def _many(count: int, line: str) -> str:
    return HEAD + "rules:\n" + "".join(line.replace("%", str(n)) for n in range(count))


_WIDE: Final = ", ".join(["$a"] * 3_000)
_LARGE: Final[Mapping[str, Made]] = {
    **{f"laughs_{width}_{levels}": lambda w=width, n=levels: _laughs(w, n, mappings=False)
       for width, levels in ((2, 40), (10, 12), (100, 6), (1_000, 3))},
    **{f"laughing_mappings_{width}": lambda w=width: _laughs(w, 9, mappings=True) for width in (2, 10, 50)},
    **{f"deep_{name}_{n}": lambda a=a, z=z, n=n: _nested(a, z, n)
       for n in (10, 17, 40, 1_000, 60_000)
       for name, a, z in (("any", "{any: [", "]}"), ("all", "{all: [", "]}"), ("not", "{not: ", "}"), ("lists", "[", "]"),
                          ("mappings", "{a: ", "}"), ("keys", "{? ", ": 1}"), ("unclosed", "{not: [", ""))},
    **{f"deep_block_{word}_{n}": lambda w=word, n=n: _block(n, w)
       for n in (10, 40, 400) for word in ("not", "any", "x")},
    **{f"{section}_{'cycle' if closed else 'chain'}_{n}": lambda s=section, n=n, c=closed: _chain(s, n, closed=c)
       for n in (1, 2, 17, 3_000) for section in ("lists", "conditions") for closed in (True, False)},
    "list_that_names_itself_wide": lambda: f"{HEAD}lists: {{a: [x, {_WIDE}]}}\n{_RULE}",
    "lists_that_double": lambda: HEAD + "lists:\n" + "".join(
        f"  n{n}: [a{n}, $n{n + 1}, $n{n + 1}]\n" for n in range(16)) + "  n16: [x]\n" + _RULE,
    "conditions_that_double": lambda: HEAD + "conditions:\n" + "".join(
        f"  n{n}: {{any: [{{use: n{n + 1}}}, {{use: n{n + 1}}}, {{use: n{n + 1}}}]}}\n" for n in range(15)
    ) + "  n15: {channel: x}\n" + _many(40, "  - {name: r%, when: {use: n1}, then: {tags: t}}\n").removeprefix(HEAD),
    "one_large_list_used_often": lambda: HEAD + "lists:\n  a: [" + ", ".join(f"w{n}" for n in range(20_000)) + "]\n" + _many(
        100, "  - {name: r%, when: {text: {words: $a}}, then: {tags: t}}\n").removeprefix(HEAD),
    "ten_megabytes_of_text": lambda: f"{HEAD}lists: {{a: {'x' * 10 * _MEGABYTE}}}\n",
    "ten_megabytes_of_keys": lambda: "".join(f"k{n}: v\n" for n in range(_MEGABYTE)),
    "ten_megabytes_of_rules": lambda: _many(150_000, "  - {name: r%, when: {channel: x%}, then: {tags: [t]}}\n"),
    "ten_megabytes_of_spaces": lambda: " " * 10 * _MEGABYTE,
    "ten_megabytes_of_brackets": lambda: "[" * 10 * _MEGABYTE,
    "two_megabytes_of_brackets": lambda: "[" * (2 * _MEGABYTE),
    "two_megabytes_of_one_text": lambda: f"{HEAD}lists: {{a: {'x' * 1_900_000}}}\n{_RULE}",
    "two_megabytes_of_one_word": lambda: f"{HEAD}rules: [{{name: r, when: {{text: {{words: {'x' * 1_900_000}}}}}, then: {{tags: t}}}}]\n",
    "two_megabytes_of_one_name": lambda: f"{HEAD}rules: [{{name: {'x' * 1_900_000}, then: {{tags: t}}}}]\n",
    "two_megabytes_of_one_unknown_key": lambda: f"{HEAD}? {'x' * 1_900_000}\n: 1\n",
    "two_megabytes_of_one_unknown_category": lambda: f"{HEAD}rules: [{{name: r, then: {{category: {'x' * 1_900_000}}}}}]\n",
    "two_megabytes_in_quotes": lambda: f'{HEAD}lists: {{a: "{"x " * 900_000}"}}\n{_RULE}',
    "two_megabytes_of_line_breaks": lambda: f"{HEAD}lists: {{a: '{chr(10) * 1_900_000}'}}\n{_RULE}",
    "two_megabytes_of_comments": lambda: HEAD + "# x\n" * 450_000 + _RULE,
    "two_megabytes_of_dashes": lambda: "- " * 950_000,
    "two_megabytes_of_question_marks": lambda: "? " * 950_000,
    "two_megabytes_of_colons": lambda: HEAD + ":" * 1_900_000,
    "two_megabytes_of_anchors": lambda: "[" + ", ".join(f"&a{n} x" for n in range(150_000)) + "]",
    "two_megabytes_of_empty_items": lambda: "[" + "[]," * 600_000 + "]",
    "two_megabytes_open_quote": lambda: HEAD + 'lists: {a: "' + "x" * 1_900_000,
    "two_megabytes_same_key": lambda: "a: 1\n" * 100_000,
    "two_megabytes_of_digits": lambda: f"{HEAD}rules: [{{name: r, when: {{fields.total: {'9' * 1_900_000}}}, then: {{tags: t}}}}]\n",
    "two_megabytes_of_digits_compared": lambda: f"{HEAD}rules: [{{name: r, when: {{fields.total: '> {'9' * 1_900_000}'}}, then: {{tags: t}}}}]\n",
    "two_megabytes_of_expression": lambda: f"{HEAD}rules: [{{name: r, when: {{expr: \"{'true && ' * 200_000}true\"}}, then: {{tags: t}}}}]\n",
    "many_rules_with_one_name": lambda: _many(3_000, "  - {name: r, then: {tags: t}}\n"),
    "many_unknown_keys": lambda: _many(1_500, "  - {name: r%, wen%: {channel: x}, then: {tags: t}}\n"),
    "many_unknown_facts": lambda: _many(1_000, "  - {name: r%, when: {chanel%: x}, then: {tags: t}}\n"),
    "many_unknown_categories": lambda: _many(1_500, "  - {name: r%, then: {category: hitt%}}\n"),
    "many_expressions": lambda: _many(2_000, "  - {name: r%, when: {expr: 'size(text) > %'}, then: {tags: t}}\n"),
    "many_broken_expressions": lambda: _many(2_000, "  - {name: r%, when: {expr: 'siz(text) > %'}, then: {tags: t}}\n"),
    "many_extractors": lambda: HEAD + "extract:\n" + "".join(f"  f{n}: 'x{n}'\n" for n in range(3_000)),
    "many_categories": lambda: "categories:\n" + "".join(f"  c{n}: {{}}\n" for n in range(20_000)) + "default: c1\n" + _RULE,
    "many_similar_categories": lambda: "categories:\n" + "".join(f"  c{n}: {{}}\n" for n in range(2_000)) + "default: c1\n" + "rules:\n" + "".join(
        f"  - {{name: r{n}, then: {{category: d{n}}}}}\n" for n in range(200)),
    "many_fields": lambda: HEAD.replace("fields: {", "fields: {" + "".join(f"f{n}: text, " for n in range(5_000))) + _RULE,
    "many_items_in_any": lambda: f"{HEAD}rules: [{{name: r, when: {{any: [{', '.join(['{channel: x}'] * 50_000)}]}}, then: {{tags: t}}}}]\n",
    "many_tests": lambda: HEAD + _RULE + "tests:\n" + "  - {message: {text: x}, expect: {category: miss}}\n" * 15_000,
}  # fmt: skip

_VALUES: Final = (
    *(
        "null",
        "1",
        "-1.5",
        "true",
        "''",
        "' '",
        "x",
        "[]",
        "{}",
        "[[]]",
        "[null]",
        "{a: {}}",
        "[1, x, true]",
        "{a: [b]}",
        "1e999",
        ".nan",
    ),
    *(
        '"\\u0000"',
        '"\\ud800"',
        "'\U0001f600'",
        "2026-02-30",
        "9" * 400,
        "'" + "y" * 300 + "'",
        "[[[[x]]]]",
        "{'': x}",
        "$x",
        "$",
        "$$",
        "<<",
    ),
)
_PLACES: Final = (
    *("categories: %", "categories: {miss: %}", "categories: {miss: {label: %}}", "categories: {miss: {owners: %}}"),
    *("categories: {miss: {sla: %}}", "categories: {miss: {priority: %}}", "categories: {miss: {playbook: %}}", "default: %", "queues: %"),
    *("fields: %", "fields: {f: %}", "lists: %", "lists: {l: %}", "patterns: %", "patterns: {p: %}", "conditions: %", "conditions: {c: %}"),
    *("extract: %", "extract: {e: %}", "extract: {e: {pattern: %}}", "extract: {e: {pattern: x, from: %}}", "rules: %", "rules: [%]"),
    *("rules: [{name: %, then: {tags: t}}]", "rules: [{name: r, then: %}]", "rules: [{name: r, when: %, then: {tags: t}}]"),
    *(f"rules: [{{name: r, when: {{{key}: %}}, then: {{tags: t}}}}]"
      for key in ("channel", "kind", "backlog", "customer.tags", "customer.messages", "fields.note", "fields.total", "any", "all", "not",
                  "use", "expr", "text", "received")),
    *(f"rules: [{{name: r, when: {{text: {{{key}: %}}}}, then: {{tags: t}}}}]" for key in ("words", "contains", "starts_with", "matches")),
    *(f"rules: [{{name: r, then: {{{key}: %}}}}]"
      for key in ("category", "queue", "copy_to", "priority", "tags", "owners", "sla", "product", "playbook", "discard", "final")),
    *("rules: [{name: r, then: {sla: {first_reply: %}}}]", "rules: [{name: r, then: {sla: {first_reply: 4h, calendar: %}}}]"),
    *("calendars: %", "calendars: {c: %}", "calendars: {c: {timezone: %, hours: {mon: '09:00-10:00'}}}"),
    *(f"calendars: {{c: {{timezone: UTC, {key}: %}}}}" for key in ("hours", "holidays", "closed", "open")),
    *("tests: %", "tests: [%]", "tests: [{message: %, expect: {category: miss}}]", "tests: [{message: {text: x}, expect: %}]"),
    *(f"tests: [{{message: {{{key}: %}}, expect: {{category: miss}}}}]"
      for key in ("text", "customer.tags", "customer.messages", "backlog", "received", "fields.total", "attachments")),
    *(f"tests: [{{message: {{text: x}}, expect: {{{key}: %}}}}]"
      for key in ("category", "targets", "priority", "tags", "sla", "discard", "decided_by", "fields")),
)  # fmt: skip

_ODD: Final[Mapping[str, str | bytes]] = {
    **{f"tag_{n}": f"{HEAD}queues: [{tag} x]\n" for n, tag in enumerate((
        "!!python/object/apply:os.system", "!!python/name:os.system", "!!python/module:os", "!!python/object/new:type", "!!binary", "!!set",
        "!!omap", "!!int", "!!str", "!local", "!<tag:yaml.org,2002:str>", "!<x>", "!x!y", "!", "!!", "!!map", "!!timestamp", "!!null"))},
    "merge": f"{HEAD}lists: &a {{x: [y]}}\npatterns: {{<<: *a}}\n",
    "merge_list": f"{HEAD}lists: &a {{x: [y]}}\npatterns: {{<<: [*a, *a]}}\n",
    "alias_in_itself": f"{HEAD}lists: &a {{x: *a}}\n",
    "alias_in_its_own_rules": f"{HEAD}rules: &a [{{name: r, when: {{any: *a}}, then: {{tags: t}}}}]\n",
    "alias_as_key": f"{HEAD}lists: {{&a x: [y], *a : [z]}}\n",
    "alias_without_anchor": f"{HEAD}default: *a\n",
    "shared_rule": f"{HEAD}rules: [&a {{name: r, then: {{tags: t}}}}, *a]\n",
    "duplicate_at_the_top": f"{HEAD}{_RULE}{_RULE}",
    "duplicate_condition": f"{HEAD}rules: [{{name: r, when: {{channel: x, channel: y}}, then: {{tags: t}}}}]\n",
    "duplicate_name_in_other_spelling": HEAD + 'lists: {a: [x], "\\u0061": [y]}\n',
    "names_alike_when_folded": f"{HEAD}rules: [{{name: Résumé, then: {{tags: t}}}}, {{name: resume, then: {{tags: t}}}}]\n",
    "names_alike_when_composed": f"{HEAD}rules: [{{name: é, then: {{tags: t}}}}, {{name: e\u0301, then: {{tags: t}}}}]\n",
    **{f"odd_name_{n}": f"{HEAD}rules: [{{name: {name}, then: {{tags: t}}}}]\n" for n, name in enumerate((
        '"a\\nb"', '"a\\tb"', '"\\e[31m"', '"\\u202e"', '"\\ufeff"', '"\\u200b"', '"\\ud83d"', "'%s %n {}'", "'a,b'", "default", "category",
        "'../../x'", "'<script>'", "-", "'#'", "'\"'", '"\\0"', "'" + "n" * 81 + "'"))},
    **{f"odd_category_{n}": f"categories: {{{name}: , miss: }}\ndefault: miss\n" for n, name in enumerate((
        "'A'", "é", "'a b'", "'../x'", "''", "'a.b'", "'*'", "'#'", "'$x'", "true", "1", "'" + "c" * 300 + "'", '"\\0"', "'a\U0001f600'"))},
    **{f"number_{n}": f"{HEAD}rules: [{{name: r, when: {{fields.total: {value}}}, then: {{tags: t}}}}]\n" for n, value in enumerate((
        "1e999", "-1e999", ".inf", "-.inf", ".nan", "0x", "0xFFFFFFFFFFFFFFFFFFFF", "0o9", "1_000", "'> 1e999'", "'> nan'", "'> inf'",
        "'> 1.'", "'> .'", "'>'", "'> 0x1F'", "'> -'", "'> --1'", "'>= 1 2'", "'\u0663'", "'> \u0663'", "'> " + "9" * 5_000 + "'", "9" * 5_000))},
    **{f"priority_{n}": f"{HEAD}rules: [{{name: r, then: {{priority: {value}}}}}]\n" for n, value in enumerate((
        "10", "-1", "'+0'", "'+10'", "1.0", "true", "'\u0663'", "'+\u0663'", "1e0", "0x5", "'9 '"))},
    **{f"duration_{n}": f"{HEAD}rules: [{{name: r, then: {{sla: {{first_reply: {value}}}}}}}]\n" for n, value in enumerate((
        "0h", "-4h", "4", "9999999999999h", "1h1h", "4x", "'4 h'", "1.5h", "\u0663h", "''", "'" + "1h" * 50_000 + "'", "12:30"))},
    "utf_16": HEAD.encode("utf-16"),
    "utf_16_without_mark": HEAD.encode("utf-16-le"),
    "utf_32": HEAD.encode("utf-32"),
    "utf_7": b"+AGE-: 1\n",
    "latin_1": "categories: {perché: }\n".encode("latin-1"),
    "overlong": b"a: \xc0\xaf\n",
    "surrogate_bytes": b"a: \xed\xa0\x80\n",
    "half_a_character": "default: \U0001f600".encode()[:-1],
    "mark": b"\xef\xbb\xbf" + HEAD.encode(),
    "two_marks": b"\xef\xbb\xbf\xef\xbb\xbf" + HEAD.encode(),
    "mark_inside": HEAD.encode() + b"\xef\xbb\xbfqueues: [x]\n",
    "binary": bytes(range(256)) * 40,
    "zeros": b"\0" * 10_000,
    "zip": b"PK\x03\x04" + b"\xff" * 1_000,
    **{f"control_{code:02x}": HEAD + f"queues: [a{chr(code)}b]\n" for code in (0, 1, 7, 8, 11, 12, 27, 31, 127, 128, 133, 159, 0x2028, 0xFFFE)},
    "carriage_returns_only": HEAD.replace("\n", "\r"),
    "mixed_line_ends": HEAD.replace("\n", "\r\n", 1) + "queues: [x]\r\r\n",
    "tabs": "categories:\n\tmiss:\n",
    "open_single": f"{HEAD}queues: ['x\n",
    "open_double": f'{HEAD}queues: ["x\n',
    "open_list": f"{HEAD}queues: [x\n",
    "open_mapping": f"{HEAD}lists: {{a: [x]\n",
    "closed_too_often": f"{HEAD}queues: [x]]\n",
    "crossed": f"{HEAD}queues: [{{x]}}\n",
    "directive": f"%YAML 1.1\n---\n{HEAD}",
    "unknown_directive": f"%FOO bar\n---\n{HEAD}",
    "future_directive": f"%YAML 9.9\n---\n{HEAD}",
    "tag_directive": f"%TAG ! tag:x,2000:\n---\n{HEAD}",
    "two_documents": f"{HEAD}---\n{HEAD}",
    "documents_without_end": "---\n" * 1_000,
    "ended": f"{HEAD}...\n",
    "ended_and_more": f"{HEAD}...\nx\n",
    "nothing": "",
    "spaces": "   \n  \n",
    "only_a_comment": "# x",
    "a_number": "1",
    "a_text": "x",
    "a_list": "[1, 2]",
    "null": "~",
    "block_indent_zero": f"{HEAD}queues:\n- |0\n x\n",
    "block_indent_ten": f"{HEAD}queues:\n- |10\n x\n",
    "bad_escape": f'{HEAD}queues: ["\\q"]\n',
    "escape_too_large": f'{HEAD}queues: ["\\UFFFFFFFF"]\n',
    "escape_cut": f'{HEAD}queues: ["\\u00"]\n',
    "reserved": f"{HEAD}queues: [@x, `y]\n",
    "long_simple_key": "k" * 2_000 + ": 1\n",
}  # fmt: skip

FILES: Final[Mapping[str, Made]] = {**_LARGE, **{name: lambda made=made: made for name, made in _ODD.items()}}


def wrong_types() -> list[tuple[str, str]]:
    """Each value of a wrong or odd type at each place of the language, by the place and the value."""
    made = []
    for place in _PLACES:
        given = place.partition(":")[0]
        rest = "".join(line for line in HEAD.splitlines(keepends=True) if not line.startswith(f"{given}:"))
        made += [(f"{place} {value[:12]}", f"{rest}{place.replace('%', value)}\n") for value in _VALUES]
    return made
