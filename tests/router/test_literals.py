"""A literal that a pattern is said to need stands in every text that it matches."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.fold import fold
from router.literals import required
from router.patterns import PatternInvalid, PatternSet, compile_pattern

FOUND = [
    ("IT-[0-9]+", {"it-"}),
    (r"\bRMA\b", {"rma"}),
    ("(?i)Reso", {"reso"}),
    ("colou?r", {"colo"}),
    ("ab+c", {"ab"}),
    ("ab*cd", {"cd"}),
    ("reso|rimborso", {"reso", "rimborso"}),
    (r"www\.example\.it", {"www.example.it"}),
    ("x{0}yz", {"yz"}),
    ("perché no", {"perch"}),
    ("(abc)def", {"def"}),
    ("[abc]]de", {"]de"}),
    ("[]abc]de", {"de"}),
    ("ab{,2}", {"ab{,2}"}),
    (r"tab\tbat", {"tab"}),
]
NONE = ["[0-9]{6}", "a|bcd", "(reso|rimborso)", "", "a", r"\Qa.b\E", "(?x)a b", r"\d\d", "ab?", "(?:ab", "[ab"]


@pytest.mark.parametrize(("pattern", "literals"), FOUND)
def test_what_is_needed(pattern: str, literals: set[str]) -> None:
    assert required(pattern) == literals


@pytest.mark.parametrize("pattern", NONE)
def test_what_is_not_known(pattern: str) -> None:
    assert required(pattern) is None


pieces = st.sampled_from(
    [
        *("a", "B", "k", "s", "K", "é", " ", "-", "1", "ab", "ks"),
        *("(?i)", "(?i:", "(", "(?:", ")", "|", "[ab]", "[^a]", "[]a]", "[[:alpha:]]", ".", "^", "$"),
        *("?", "*", "+", "{2}", "{0}", "{0,1}", "{1,}", "{", "}", "??", "+?"),
        *(r"\b", r"\d", r"\.", r"\|", r"\(", r"\[", r"\x41", r"\x{212A}", r"\pL", r"\p{Lu}", r"\n", r"\Q", r"\E", r"\C", r"\z"),
    ]
)
texts = st.text(st.sampled_from("aAbBkKsSéÉ -1|.([\n\u212a\u017f"), max_size=12)


@settings(max_examples=400, deadline=None)
@given(st.lists(pieces, min_size=1, max_size=7).map("".join), st.lists(texts, min_size=5, max_size=5))
def test_it_stands_where_the_pattern_matches(pattern: str, some: list[str]) -> None:
    try:
        compiled = compile_pattern(pattern)
    except PatternInvalid:
        return
    literals = required(pattern)
    matching = [text for text in some if compiled.search(text.encode())]
    assert literals is None or all(any(literal in fold(text) for literal in literals) for text in matching)
    together = PatternSet([pattern, "never matches this"])
    assert [text for text in some if together.matching(text.encode())] == matching
