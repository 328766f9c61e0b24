"""Putting in order: what waits, for how long, and that nothing is lost or made twice, for any order of arrival."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regia_consumer import Reorder

WINDOW = 10.0


def test_in_order_nothing_waits() -> None:
    reorder = Reorder[str](WINDOW)
    assert [reorder.push(f"{n}", "a", n, 0) for n in (1, 2, 3)] == [["1"], ["2"], ["3"]]
    assert reorder.next_deadline is None


def test_a_later_one_waits_for_an_earlier() -> None:
    reorder = Reorder[str](WINDOW)
    assert reorder.push("1", "a", 1, 0) == ["1"]
    assert reorder.push("3", "a", 3, 1) == []
    assert reorder.push("4", "a", 4, 2) == []
    assert reorder.push("2", "a", 2, 3) == ["2", "3", "4"]
    assert len(reorder) == 0


def test_a_gap_that_stays_costs_the_window_once() -> None:
    reorder = Reorder[str](WINDOW)
    reorder.push("1", "a", 1, 0)
    assert reorder.push("3", "a", 3, 1) == []
    assert reorder.due(10.9) == []
    assert reorder.push("4", "a", 4, 10.9) == []
    assert reorder.due(11) == ["3", "4"]
    assert reorder.push("5", "a", 5, 12) == ["5"]


def test_what_goes_on_takes_those_before_it_along() -> None:
    reorder = Reorder[str](WINDOW)
    assert reorder.push("9", "a", 9, 0) == []
    assert reorder.push("7", "a", 7, 5) == []
    assert reorder.due(10) == ["7", "9"]
    assert reorder.next_deadline is None


def test_a_late_one_goes_on_at_once_and_is_counted() -> None:
    reorder = Reorder[str](WINDOW)
    reorder.push("5", "a", 5, 0)
    assert reorder.due(WINDOW) == ["5"]
    assert reorder.push("4", "a", 4, 11) == ["4"]
    assert reorder.push("5 again", "a", 5, 12) == ["5 again"]
    assert reorder.late == 2


def test_repeats_that_wait_go_on_together() -> None:
    reorder = Reorder[str](WINDOW)
    reorder.push("3", "a", 3, 0)
    reorder.push("3 again", "a", 3, 1)
    reorder.push("4", "a", 4, 1)
    assert reorder.due(WINDOW) == ["3", "3 again", "4"]
    assert len(reorder) == 0


def test_more_than_the_limit_do_not_wait() -> None:
    reorder = Reorder[str](WINDOW, limit=2)
    assert reorder.push("a", "a", 5, 0) == []
    assert reorder.push("b", "b", 5, 1) == []
    assert reorder.push("c", "c", 5, 2) == ["a"]
    assert len(reorder) == 2


def test_customers_seen_long_ago_are_forgotten_but_never_one_that_waits() -> None:
    reorder = Reorder[str](WINDOW, customers=2)
    reorder.push("a5", "a", 5, 0)
    reorder.push("b1", "b", 1, 0)
    reorder.push("c1", "c", 1, 0)
    reorder.push("d1", "d", 1, 0)
    assert reorder.due(WINDOW) == ["a5"]
    assert reorder.push("b2", "b", 2, 11) == []  # forgotten: as if seen for the first time
    assert reorder.due(11 + WINDOW) == ["b2"]


def test_clearing_forgets_what_waits_only() -> None:
    reorder = Reorder[str](WINDOW)
    reorder.push("1", "a", 1, 0)
    reorder.push("3", "a", 3, 0)
    assert reorder.clear() == 1
    assert reorder.due(100) == []
    assert reorder.push("2", "a", 2, 101) == ["2"]


@pytest.mark.parametrize("wrong", [{"window": 0}, {"window": 1, "limit": 0}, {"window": 1, "customers": 0}])
def test_bounds_of_nothing_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="above 0"):
        Reorder(**wrong)


ARRIVALS = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(1, 12), st.floats(0, 4)),
    max_size=40,
)


@given(ARRIVALS, st.integers(1, 8))
def test_nothing_is_lost_or_made_twice_and_every_wait_is_bounded(arrivals: list[tuple[str, int, float]], limit: int) -> None:
    reorder = Reorder[tuple[float, int]](WINDOW, limit=limit)
    now, out = 0.0, list[tuple[float, int]]()
    for index, (customer, sequence, wait) in enumerate(arrivals):
        until = now + wait
        while (deadline := reorder.next_deadline) is not None and deadline <= until:
            gone = reorder.due(deadline)
            assert gone
            assert all(deadline - arrived <= WINDOW + 1e-9 for arrived, _ in gone)
            out += gone
        now = until
        out += reorder.push((now, index), customer, sequence, now)
        assert len(reorder) <= limit
    out += reorder.due(now + WINDOW)
    assert sorted(index for _, index in out) == list(range(len(arrivals)))
    assert len(reorder) == 0


@given(st.permutations(range(1, 13)), st.sets(st.integers(1, 12)), st.data())
def test_whatever_arrives_within_the_window_comes_out_in_order(
    order: list[int], elsewhere: set[int], data: st.DataObject
) -> None:
    """`elsewhere`: numbers that other queues took."""
    reorder = Reorder[int](WINDOW)
    arriving = [number for number in order if number not in elsewhere]
    step = data.draw(st.floats(0, WINDOW / 13))
    out = list[int]()
    for index, number in enumerate(arriving):
        out += reorder.push(number, "a", number, index * step)
        assert reorder.due(index * step) == []
    out += reorder.due(2 * WINDOW)
    assert out == sorted(arriving)
    assert reorder.late == 0
