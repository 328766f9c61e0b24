"""Each hostile pattern is an error that says what to do, or is evaluated within a bound."""

import random
import time

import pytest

from router.load import load
from router.patterns import PROGRAM_MAX, PROGRAMS_MAX, PatternInvalid, compile_pattern
from router.ruleset import Ruleset
from tests.hostile_rules.loading import HEAD, loaded, rules_with
from tests.hostile_rules.patterns import PATTERNS, TEXTS

SECONDS = 6.0
"""For all the long texts together, of one pattern; a machine that others use, too."""
SAMPLE = random.Random("patterns").sample(range(len(PATTERNS)), 60)  # noqa: S311 - sample data


def places(pattern: str) -> list[str]:
    """Files with the pattern wherever one may stand."""
    return [
        rules_with({"text": {"matches": [pattern]}}),
        rules_with({"text": {"matches": "$p"}}, patterns={"p": pattern}),
        rules_with({"fields.code": "x"}, extract={"code": {"pattern": pattern, "from": ["text"]}}),
    ]


def attack(pattern: str) -> None:
    outcomes = [loaded(text) for text in places(pattern)]
    assert len({isinstance(one, Ruleset) for one in outcomes}) == 1, "it depends on where the pattern stands"
    started = time.process_time()
    for one in outcomes:
        if isinstance(one, Ruleset):
            for text in TEXTS:
                assert one.route({"text": text}).category in ("miss", "hit")
    assert time.process_time() - started < SECONDS * len(outcomes)


def test_there_are_two_hundred() -> None:
    assert len(set(PATTERNS)) >= 200


@pytest.mark.parametrize("number", SAMPLE)
def test_a_pattern_is_refused_or_bounded(number: int) -> None:
    attack(PATTERNS[number])


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("(?=a)", "invalid perl operator: (?= (lookaround and back-references do not exist in RE2)"),
        (r"(a)\1", r"invalid escape sequence: \1 (back-references do not exist in RE2; a letter that stands for itself has"
         " no backslash)"),
        ("x{1000}{1000}", "bad repetition operator: {1000}{1000} (possessive and doubled repetitions do not exist in RE2;"
         " put the inner one into (?:…))"),
        ("(x{100}){100}", "invalid repetition size: {100} (RE2 repeats at most 1,000 times, nested repetitions multiplied)"),
        ("|".join(f"a{{{n}}}b" for n in range(1, 400)), "pattern too large: 80,203 steps (at most 5,000 steps: use + or * for"
         " a long repetition, and words or contains for many texts)"),
        ("[z-a]", r"invalid character class range: z-a (the smaller end stands first; \p knows Unicode's classes, such as"
         r" \pL or \p{Greek})"),
        ("(" + "a" * 99, "missing ): (" + "a" * 48 + "… (each ( needs its ); for the sign itself write \\()"),
    ],
)  # fmt: skip
def test_an_error_says_what_to_do(pattern: str, told: str) -> None:
    assert loaded(places(pattern)[0]) == [f"rules.yaml:6:33: rules[0].when.text.matches[0]: is no RE2 pattern: {told}"]


def test_half_a_surrogate_pair_is_no_pattern() -> None:
    with pytest.raises(PatternInvalid, match="not text"):
        compile_pattern("a\ud800")


def test_the_largest_patterns_are_bounded_on_the_worst_texts() -> None:
    pattern = "|".join(f"a{{{n}}}b" for n in range(1, 99))
    assert PROGRAM_MAX * 0.9 < compile_pattern(pattern).programsize <= PROGRAM_MAX
    started = time.process_time()
    compile_pattern(pattern).search(TEXTS[0].encode())
    assert time.process_time() - started < SECONDS


def test_patterns_are_bounded_together() -> None:
    """Each fits alone; the first that is too many is named, once."""
    size = compile_pattern("0a[ab]{900}c").programsize
    count = PROGRAMS_MAX // size + 5
    rules = "".join(
        f"  - {{name: r{n}, when: {{text: {{matches: '{n}a[ab]{{900}}c'}}}}, then: {{tags: t}}}}\n" for n in range(count)
    )
    told = loaded(f"{HEAD}rules:\n{rules}")
    assert isinstance(told, list)
    assert len(told) == 1
    assert "with this, the patterns are too large together (at most 500,000 steps, as RE2 compiles them)" in told[0]


def test_a_pattern_used_by_many_rules_counts_once() -> None:
    rules = "".join(
        f"  - {{name: r{n}, when: {{text: {{matches: 'a[ab]{{900}}c'}}}}, then: {{tags: t}}}}\n" for n in range(600)
    )
    assert isinstance(load([("rules.yaml", f"{HEAD}rules:\n{rules}")]), Ruleset)
