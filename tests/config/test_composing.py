"""The fast way of reading YAML makes the same of every text as the slow one."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

from config import composing
from tests.config.composing import both
from tests.config.yaml_written import changed, documents, soups

ROOT = Path(__file__).parents[2]
FILES = sorted(
    path for folder in ("config", "connectors", "deploy", "docs", "tests", "regia") for path in (ROOT / folder).rglob("*.y*ml")
)
ODD = {
    "booleans_of_1_1": "a: [yes, no, on, off, y, n, Yes, TRUE, true]\nb: {on: 1, no: 2}\n",
    "numbers_of_1_1": "[017, 0o17, 0b11, 1_000, 12:30, 190:20:30, 1e3, 1., .5, +1, 0x1F, .inf, -.INF, .nan, 1e999, 007]",
    "dates": "[2026-11-27, 2026-11-27T10:00:00Z, 2026-11-27 10:00:00]",
    "nothing": "[~, null, Null, NULL, nUll, '', \"\"]\n",
    "merge_and_value": "a: [<<, =]\nb: <\n",
    "next_line": 'a: x\x85y\nb: "x\x85y"\n',
    "line_separator": "a: x\u2028y\nb: 'x\u2028y'\n",
    "old_machines": "a: 1\rb: 2\r",
    "tabs": "a:\t1\nb: x\ty\nc: 'x\ty' \t# z\n",
    "mark_inside": "a: \ufeff1\n",
    "beyond_the_first_plane": "\U0001f600: [\U0001f600\U0001f600, {a: \U0001f600, b: 1}]\n",
    "colon_beside_quotes": '["a":1, {\'a\':1}, {a:1}, {"a":[1]}]',
    "question_marks": "[?a, a?, {?b: 1}, ? c]",
    "first_line_of_spaces": "- a: |\n        \n      x\n",
    "block_at_the_margin": "|\n...\n",
    "comment_beside_a_header": "a: |#x\n  y\n",
    "anchor_with_a_colon": "a: &x:y 1\nb: *x:y\n",
    "anchors": "a: &x [1, &y {b: *x}]\n",
    "same_anchor_twice": "[&x 1, *x, &x 2, *x]",
    "directive": "%YAML 1.2\n---\na: 1\n",
    "end_of_document": "a: 1\n...\n",
    "no_document": "# only a comment\n",
    "a_text_alone": "a\n",
    "a_key_left_out": "{? : 1}\n",
    "long_key": "k" * 1_030 + ": 1\n",
    "long_key_within": "k" * 1_020 + ": 1\n",
    "escapes": r'["\u00e9\x41\/\_\N\L\P\e\0", "\ud83d\ude00", "\U0001F600", "a\
        b"]',
}
"""Where YAML 1.1 and 1.2, or the two readers, are known to differ, or may be thought to."""


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_of_the_repository(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual, alone = both(path.read_text(encoding="utf-8"), monkeypatch)
    assert usual.outcome == alone.outcome


@pytest.mark.parametrize("name", ODD)
def test_where_the_readers_may_differ(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    usual, alone = both(ODD[name], monkeypatch)
    assert usual.outcome == alone.outcome


def test_thousands_of_texts_that_were_made(monkeypatch: pytest.MonkeyPatch) -> None:
    went = 0
    for text in made("sample", 1_500):
        usual, alone = both(text, monkeypatch)
        assert usual.outcome == alone.outcome, repr(text)
        went += usual.fast
    assert went > 500  # else nothing was compared


def test_rules_are_read_the_fast_way() -> None:
    for path in FILES:
        if path.name == "rules.yaml":
            text = path.read_text(encoding="utf-8")
            assert composing.compose(text, lambda *_: "tag:yaml.org,2002:str", most=10_000, deepest=64) is not None


@pytest.mark.parametrize(("most", "deepest"), [(3, 64), (10_000, 2)])
def test_limits_are_left_to_the_slow_way(most: int, deepest: int) -> None:
    with pytest.raises(composing.Unsure):
        composing.compose("a: [1, [2], 3]\n", lambda *_: "tag:yaml.org,2002:str", most=most, deepest=deepest)


def made(seed: str, count: int) -> Iterator[str]:
    texts = [path.read_text(encoding="utf-8") for path in FILES]
    made = chain(documents(seed, count), soups(seed, count), changed(seed, texts, count))
    return (text for text in made if text.isascii() or text.encode("utf-8", "replace").decode() == text)
