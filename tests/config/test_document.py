"""Reading YAML: what it becomes, where it stands, and what is said of text that is broken or hostile."""

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.document import ConfigError, Document, Problem, read_yaml
from config.parse import MAX_BYTES

RULES = """\
categories:
  returns: {label: Resi, owners: [a@example.it, b@example.it]}
  "warranty":
    priority: 5
default: general
rules:
  - name: first
    when:
      any:
        - text: {words: [reso]}
        - fields.reason: return
"""


@pytest.mark.parametrize(
    ("loc", "key", "place"),
    [
        ((), False, (1, 1)),
        (("categories",), True, (1, 1)),
        (("categories",), False, (2, 3)),
        (("categories", "returns"), True, (2, 3)),
        (("categories", "returns"), False, (2, 12)),
        (("categories", "returns", "owners"), True, (2, 26)),
        (("categories", "returns", "owners", 1), False, (2, 49)),
        (("categories", "returns", "owners", 1), True, (2, 49)),
        (("categories", "warranty"), True, (3, 3)),
        (("categories", "warranty", "priority"), False, (4, 15)),
        (("default",), False, (5, 10)),
        (("rules", 0), False, (7, 5)),
        (("rules", 0, "when", "any", 1, "fields.reason"), True, (11, 11)),
        (("rules", 0, "when", "any", 1, "fields.reason"), False, (11, 26)),
        (("rules", 0, "then"), False, (7, 5)),
        (("rules", 7), False, (7, 3)),
        (("rules", "list[Rule]", 0, "name"), False, (7, 11)),
    ],
)
def test_every_key_and_value_has_its_place(loc: tuple[str | int, ...], key: bool, place: tuple[int, int]) -> None:
    assert read_yaml(RULES, "rules.yaml").position(loc, key=key) == place


def test_a_problem_names_file_place_and_key() -> None:
    document = read_yaml(RULES, "rules.yaml")
    problem = document.problem(("rules", 0, "when", "any", 1, "fields.reason"), "is not declared", "did you mean x?", key=True)
    assert problem == Problem("rules.yaml", 11, 11, "rules[0].when.any[1].fields.reason", "is not declared", "did you mean x?")
    assert str(problem) == "rules.yaml:11:11: rules[0].when.any[1].fields.reason: is not declared (did you mean x?)"


def test_an_aliased_value_stands_where_its_anchor_is_and_is_not_shared() -> None:
    document = read_yaml("a: &x {b: 1}\nc: *x\n")
    assert document.position(("c", "b")) == (1, 11)
    assert document.data == {"a": {"b": 1}, "c": {"b": 1}}
    assert document.data["a"] is not document.data["c"]


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("", None),
        ("# only a comment\n", None),
        ("a:\n", {"a": None}),
        ("no: no\non: yes\n", {"no": "no", "on": "yes"}),
        (
            "a: [true, False, null, ~, 1, -2, 0o17, 0x1F, 1.5, 1e3]",
            {"a": [True, False, None, None, 1, -2, 15, 31, 1.5, 1000.0]},
        ),
        ("a: 2026-11-21\nb: 10:30\nc: 1.2.3\nd: '1'\n", {"a": "2026-11-21", "b": "10:30", "c": "1.2.3", "d": "1"}),
        ("106540352242922: x\ntrue: y\n1.50: z\n", {"106540352242922": "x", "true": "y", "1.50": "z"}),
        ("a: |\n  one\n  two\n", {"a": "one\ntwo\n"}),
        ("a: -_\nb: =\nc: <<\n", {"a": "-_", "b": "=", "c": "<<"}),
        ("\ufeffa: 1\r\nb: perché 👍\r\n", {"a": 1, "b": "perché 👍"}),
    ],
)
def test_values_are_plain_and_of_yaml_1_2(text: str, data: object) -> None:
    assert read_yaml(text).data == data


def test_an_integer_too_long_to_be_one_stays_text() -> None:
    digits = "9" * 5000
    assert read_yaml(f"a: {digits}").data == {"a": digits}


BROKEN = {
    "tab_as_indent": ("a:\n\tb: 1\n", ["f:2:1: a tab cannot indent or separate here (indent with spaces)"]),
    "tab_after_spaces": ("a:\n  b: 1\n \tc: 3\n", ["f:3:2: a tab cannot indent or separate here (indent with spaces)"]),
    "colon_in_text": (
        "a: s3cr: t\n",
        ["f:1:8: a ':' is not expected here (check the indentation; put text with special characters in quotes)"],
    ),
    "no_colon": ("a: 1\nb\nc: 2\n", ["f:2:1: a ':' is missing after this key (check the indentation)"]),
    "dedent": (
        "a:\n  b: 1\n c: 2\n",
        ["f:3:2: this does not fit what stands above (check the indentation; put text with special characters in quotes)"],
    ),
    "dash": ("a: - b\n", ["f:1:4: a '-' item is not expected here (check the indentation)"]),
    "at_sign": (
        "token: @s3cret\n",
        ["f:1:8: this character cannot begin a value (put text with special characters in quotes)"],
    ),
    "apostrophe": (
        "a: 'it's'\n",
        ["f:1:8: this does not fit what stands above (check the indentation; put text with special characters in quotes)"],
    ),
    "bracket": ("a: }\n", ["f:1:4: a value is expected here (put text with special characters in quotes)"]),
    "open_quote": ('a: 1\nb: "s3cret\nc: 2\n', ["f:2:4: the closing quote is missing"]),
    "open_list": ("a: [1, 2\nb: 3\n", ["f:1:4: a ',' or the closing bracket is missing"]),
    "escape": ('a: "C:\\q"\n', ["f:1:8: this escape is not known (in double quotes write \\\\ for a backslash)"]),
    "no_character": ('a: "s3cr \\U00110000"\n', ["f:1:10: this escape is no character (Unicode ends at \\U0010FFFF)"]),
    "no_number_of_a_character": (
        'a: 1\nb: "\\UFFFFFFFF"\n',
        ["f:2:5: this escape is no character (Unicode ends at \\U0010FFFF)"],
    ),
    "alias": ("token: *s3cret\n", ["f:1:8: this alias has no anchor (put text that begins with * in quotes)"]),
    "two_documents": ("a: 1\n---\nb: 2\n", ["f:2:1: only one document is read (remove the '---')"]),
    "yaml_1_1": ("%YAML 1.1\n---\na: no\n", ["f:2:1: only YAML 1.2 is read (remove the %YAML line)"]),
    "duplicates": (
        "a: 1\nb:\n  - c: {d: 1, 'd': 2}\n    c: 3\na: 4\n",
        [
            "f:3:15: b[0].c.d: this key stands twice (remove or rename one of them)",
            "f:4:5: b[0].c: this key stands twice (remove or rename one of them)",
            "f:5:1: a: this key stands twice (remove or rename one of them)",
        ],
    ),
    "number_and_text": ("1: a\n'1': b\n", ["f:2:1: 1: this key stands twice (remove or rename one of them)"]),
    "keys": ("? [a]\n: 1\n? {b: c}\n: 2\n: 3\n", [f"f:{line}: a key must be text" for line in ("1:3", "3:3", "5:1")]),
    "merge": ("a: &x {b: 1}\nc:\n  <<: *x\n", ["f:3:3: c.<<: merge keys are not part of YAML 1.2 (write the keys out)"]),
    "tags": (
        "a: !!python/object/apply:os.system [id]\nb: !secret s3cret\nc: !!binary aGk=\nd: !!str 1\n",
        [f"f:{line}:4: tags (!…) are not allowed (put text that begins with ! in quotes)" for line in (1, 2, 3, 4)],
    ),
    "undefined_tag_handle": (
        "a: !x!y s3cret\n",
        ["f:1:4: is not valid YAML here (put text with special characters in quotes)"],
    ),
    "control_character": ("a: 1\nb: \x00\n", ["f:2:4: holds a character that is not text (is this a binary file?)"]),
    "lone_surrogate": ("a: è\ud800", ["f:1:5: is not UTF-8 (save the file as UTF-8)"]),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_text_is_reported_where_it_is_broken(case: str) -> None:
    text, expected = BROKEN[case]
    with pytest.raises(ConfigError) as caught:
        read_yaml(text, "f")
    assert str(caught.value).splitlines() == expected
    assert "s3cr" not in repr(caught.value)


def laughs() -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]" for level in range(1, 12)]
    return "\n".join(lines)


HOSTILE = {
    "billion_laughs": (laughs(), "more than 250,000 values once aliases are expanded"),
    "alias_in_itself": ("a: &x {b: [*x]}", "an alias stands inside its own anchor"),
    "aliases_that_add_depth": (
        "a0: &a0 [[[[[[[[[[1]]]]]]]]]]\n" + "\n".join(f"a{n}: &a{n} [[[[[[[[[[*a{n - 1}]]]]]]]]]]" for n in range(1, 9)),
        "nested deeper than 64 levels",
    ),
    "deep_flow": ("[" * 500_000, "nested deeper than 64 levels"),
    "deep_block": ("".join("  " * level + "a:\n" for level in range(200)), "nested deeper than 64 levels"),
    "deep_keys": ("? " * 100_000, "nested deeper than 64 levels"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_text_is_refused_soon(case: str) -> None:
    text, message = HOSTILE[case]
    started = time.process_time()
    with pytest.raises(ConfigError) as caught:
        read_yaml(text, "f")
    assert [problem.message for problem in caught.value.problems] == [message]
    assert time.process_time() - started < 10


TEXT = st.lists(
    st.sampled_from(
        [*"ab:-?[]{},&*!|>'\"%@`# \n\t~.01", "\n  ", "- ", ": ", "---\n", "<<: ", "!!int ", "%TAG ", "\x07", "\ud800"]
    )
).map("".join)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(TEXT)
def test_any_text_is_read_or_refused_as_configuration(text: str) -> None:
    try:
        document = read_yaml(text, "f")
    except ConfigError as error:
        assert error.problems  # noqa: PT017 - either outcome is right, but nothing else may be raised
    else:
        assert isinstance(document.data, dict | list | str | int | float | None)


def test_depth_up_to_the_limit_is_read() -> None:
    data = read_yaml("[" * 63 + "1" + "]" * 63).data
    for _ in range(63):
        data = data[0]
    assert data == 1


FILES = {
    "binary": (b"\x89PNG\r\n\x1a\n\x00\x00", ":1:1: is not UTF-8 (save the file as UTF-8)"),
    "latin_1": (b"a: 1\nb: perch\xe9\n", ":2:9: is not UTF-8 (save the file as UTF-8)"),
    "utf_16": ("a: 1\n".encode("utf-16"), ":1:1: is not UTF-8 (save the file as UTF-8)"),
    "nul_bytes": (b"a: 1\n\x00\x00", ":2:1: holds a character that is not text (is this a binary file?)"),
    "ten_megabytes": (b"a: " + b"x" * 10_000_000, ": is larger than 2 MB (split it into several files)"),
}


@pytest.mark.parametrize("case", FILES)
def test_files_that_are_no_yaml_text(case: str, tmp_path: Path) -> None:
    content, expected = FILES[case]
    path = tmp_path / "regia.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        read_yaml(path)
    assert str(caught.value) == f"{path}{expected}"


def test_a_file_as_large_as_allowed_is_read(tmp_path: Path) -> None:
    path = tmp_path / "regia.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1 #" + b"x" * (MAX_BYTES - 9))
    assert path.stat().st_size == MAX_BYTES
    assert read_yaml(path).data == {"a": 1}


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    for path, reason in ((tmp_path / "none.yaml", "No such file or directory"), (tmp_path, "Is a directory")):
        with pytest.raises(ConfigError) as caught:
            read_yaml(path, "rules")
        assert str(caught.value) == f"rules: cannot be read: {reason} (check the path and its permissions)"


def test_a_document_does_not_show_its_values() -> None:
    assert repr(read_yaml("token: s3cret", "f")) == "Document(name='f')"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("a", "b", 1), 2),
        (("a", "x"), "none"),
        (("a", "b", 5), "none"),
        (("a", "b", "c"), "none"),
        (("a", "b", 0, "c"), "none"),
        ((), {"a": {"b": [1, 2]}}),
    ],
)
def test_get_follows_a_path_or_gives_the_default(path: tuple[str | int, ...], value: object) -> None:
    document = Document("f", {"a": {"b": [1, 2]}})
    assert document.get(*path, default="none") == value


def test_problems_come_in_reading_order_and_once() -> None:
    second, first = Problem("f", 9, 1, "b", "x"), Problem("f", 2, 4, "a", "y")
    assert ConfigError([second, first, second]).problems == (first, second)
