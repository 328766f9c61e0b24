"""Numbers that are missing, as spans: the same as a set of numbers would be."""

from itertools import pairwise
from random import Random

import pytest

from storage.kpi_gaps import Gaps, joined, read, without, written


@pytest.mark.parametrize(
    ("gaps", "seqs", "left"),
    [
        ((), [1], ()),
        (((1, 1),), [1], ()),
        (((1, 5),), [], ((1, 5),)),
        (((1, 5),), [3], ((1, 2), (4, 5))),
        (((1, 5),), [5, 1], ((2, 4),)),
        (((1, 2), (7, 9)), [2, 5, 8, 8, 12], ((1, 1), (7, 7), (9, 9))),
    ],
)
def test_what_is_left(gaps: Gaps, seqs: list[int], left: Gaps) -> None:
    assert without(gaps, seqs) == left
    assert read(written(left)) == left


def test_spans_that_touch_are_one() -> None:
    assert joined((), ((1, 2),)) == ((1, 2),)
    assert joined(((1, 2),), ((3, 4), (9, 9))) == ((1, 4), (9, 9))
    assert joined(((1, 2),), ((4, 4),)) == ((1, 2), (4, 4))


def test_as_a_set_would_have_it() -> None:
    pick, gaps, expected = Random(1), (), set[int]()  # noqa: S311 - the same each time
    for begin in range(0, 2_000, 50):
        gaps = joined(gaps, ((begin, begin + 49),))
        expected |= set(range(begin, begin + 50))
        seen = [pick.randrange(begin + 60) for _ in range(45)]
        gaps = without(gaps, seen)
        expected -= set(seen)
        assert {seq for first, last in gaps for seq in range(first, last + 1)} == expected
        assert all(last + 1 < first for (_, last), (first, _) in pairwise(gaps))
