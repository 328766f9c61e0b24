"""Precision and recall of clusterings that are small enough to be counted by hand."""

from itertools import combinations

import pytest

from bench.score import Holding, Proof, Score, score

ANNA, BRUNO, CARLA = (frozenset((number,)) for number in (1, 2, 3))
BOTH = ANNA | BRUNO

PHONE, USER, MAIL, APP = (Holding(f"anna/{kind}", ANNA) for kind in ("phone", "user", "mail", "app"))
HIS_MAIL, HIS_APP = (Holding(f"bruno/{kind}", BRUNO) for kind in ("mail", "app"))
HOME, HOME_USER = Holding("home/phone", BOTH), Holding("home/user", BOTH)
INFO = Holding("firm/info", BOTH | CARLA, post=True)


def counted(proofs: list[Proof], *clusters: tuple[Holding, ...]) -> Score:
    """The score of a clustering given as lists: a holding that stands in two of them was cut."""
    owners: dict[Holding, list[str]] = {}
    for number, cluster in enumerate(clusters):
        for holding in cluster:
            owners.setdefault(holding, []).append(f"cus_{number}")
    return score(proofs, owners)


def pairs(of: Score) -> tuple[int, int, int, int]:
    return of.together, of.wrong, of.expected, of.found


WHATSAPP, ACCOUNT, HIS_ACCOUNT = (PHONE, USER), (APP, MAIL), (HIS_APP, HIS_MAIL)


@pytest.mark.parametrize(
    ("proofs", "clusters", "expected"),
    [
        pytest.param([WHATSAPP], [(PHONE, USER)], (1, 0, 1, 1), id="one pair, found"),
        pytest.param([WHATSAPP], [(PHONE,), (USER,)], (0, 0, 1, 0), id="one pair, missed"),
        pytest.param([(PHONE,), (USER,)], [(PHONE,), (USER,)], (0, 0, 0, 0), id="never shown to be one"),
        pytest.param([(PHONE,), (USER,)], [(PHONE, USER)], (1, 0, 0, 0), id="never shown, and right all the same"),
        pytest.param(
            [WHATSAPP, (USER, MAIL)], [(PHONE, USER, MAIL)], (3, 0, 3, 3), id="a chain of two proofs makes three pairs"
        ),
        pytest.param([WHATSAPP, (USER, MAIL)], [(PHONE, USER), (MAIL,)], (1, 0, 3, 1), id="one of three pairs"),
        pytest.param([ACCOUNT, HIS_ACCOUNT], [(APP, MAIL, HIS_APP, HIS_MAIL)], (6, 4, 2, 2), id="two people in one customer"),
        pytest.param([ACCOUNT, HIS_ACCOUNT], [(APP, HIS_MAIL), (HIS_APP, MAIL)], (2, 2, 2, 0), id="and crossed"),
        pytest.param([WHATSAPP], [(PHONE,)], (0, 0, 1, 0), id="one that nobody owns is alone"),
        pytest.param([(PHONE,)], [(PHONE,), (PHONE,)], (0, 0, 1, 0), id="a holding that was cut is a missed pair"),
        pytest.param([WHATSAPP], [(PHONE, USER), (PHONE,)], (1, 0, 3, 1), id="with what was proven beside it too"),
    ],
)
def test_pairs_of_persons(
    proofs: list[Proof], clusters: list[tuple[Holding, ...]], expected: tuple[int, int, int, int]
) -> None:
    assert pairs(counted(proofs, *clusters)) == expected


@pytest.mark.parametrize(
    ("clusters", "expected"),
    [
        pytest.param([(APP, MAIL, HOME), (HIS_APP, HIS_MAIL)], (4, 0, 4, 4), id="with her"),
        pytest.param([(APP, MAIL), (HIS_APP, HIS_MAIL, HOME)], (4, 0, 4, 4), id="with him"),
        pytest.param([(APP, MAIL), (HIS_APP, HIS_MAIL), (HOME,)], (2, 0, 4, 2), id="with neither"),
        pytest.param([(APP, MAIL, HOME, HIS_APP, HIS_MAIL)], (10, 4, 4, 4), id="with both: only their own handles are wrong"),
        pytest.param([(APP, HOME), (MAIL,), (HIS_APP,), (HIS_MAIL,)], (1, 0, 4, 1), id="with a part of hers"),
    ],
)
def test_a_family_phone_belongs_to_either(clusters: list[tuple[Holding, ...]], expected: tuple[int, int, int, int]) -> None:
    assert pairs(counted([(APP, MAIL, HOME), (HIS_APP, HIS_MAIL, HOME)], *clusters)) == expected


def test_the_handles_of_a_family_phone_belong_together() -> None:
    proofs = [(HOME, HOME_USER), (APP, HOME)]
    assert pairs(counted(proofs, (HOME, HOME_USER, APP))) == (3, 0, 3, 3)
    assert pairs(counted(proofs, (HOME, HOME_USER), (APP,))) == (1, 0, 3, 1)


def test_no_chain_leads_over_a_phone_of_two() -> None:
    proofs = [(APP, HOME), (MAIL, HOME)]
    assert pairs(counted(proofs, (APP, HOME), (MAIL,))) == (1, 0, 2, 1)


def test_whom_a_family_phone_is_with_is_chosen_for_the_answer_and_hides_no_miss() -> None:
    proofs = [(APP, MAIL, HOME), (HIS_APP, HOME)]
    assert pairs(counted(proofs, (APP, MAIL), (HIS_APP, HOME))) == (2, 0, 2, 2)
    assert pairs(counted(proofs, (APP, MAIL), (HIS_APP,), (HOME,))) == (1, 0, 3, 1)


def test_the_mailbox_of_a_post_is_expected_nowhere_and_right_with_all_who_wrote_from_it() -> None:
    proofs = [(APP, INFO), (HIS_APP, INFO)]
    assert pairs(counted(proofs, (APP,), (HIS_APP,), (INFO,))) == (0, 0, 0, 0)
    assert pairs(counted(proofs, (APP, INFO), (HIS_APP,))) == (1, 0, 0, 0)
    assert pairs(counted(proofs, (APP, INFO, HIS_APP))) == (3, 1, 0, 0)


def test_a_recycled_number_is_two_holdings() -> None:
    before, after = Holding("one/phone", ANNA), Holding("two/phone", BRUNO)
    proofs = [(before, USER), (after, HIS_APP)]
    assert pairs(counted(proofs, (before, USER), (after, HIS_APP))) == (2, 0, 2, 2)
    assert pairs(counted(proofs, (before, USER, after, HIS_APP))) == (6, 4, 2, 2)


def test_a_cut_is_told() -> None:
    assert counted([WHATSAPP], (PHONE, USER), (PHONE,)).cut == 1


def test_precision_and_recall() -> None:
    found = counted([ACCOUNT, HIS_ACCOUNT], (APP, MAIL, HIS_MAIL), (HIS_APP,))
    assert (found.precision, found.recall) == (1 / 3, 1 / 2)
    nothing = counted([(PHONE,)], (PHONE,))
    assert (nothing.precision, nothing.recall) == (1, 1)


def test_a_customer_of_everybody_is_counted_without_going_through_its_pairs() -> None:
    """Two billion pairs in one customer, and the answer of arithmetic."""
    people = 30_000
    handles = [tuple(Holding(f"{number}/{kind}", frozenset((number,))) for kind in "ab") for number in range(people)]
    found = counted([*handles], tuple(holding for both in handles for holding in both))
    assert found.together == people * (2 * people - 1)
    assert found.together - found.wrong == found.expected == found.found == people


def test_right_pairs_are_those_with_a_holder_in_common() -> None:
    """Against pairs that are counted one by one, with every kind of holder in one customer."""
    handles = [PHONE, USER, MAIL, HIS_MAIL, HIS_APP, HOME, HOME_USER, INFO, Holding("carla/phone", CARLA)]
    one_by_one = sum(not one.holders & other.holders for one, other in combinations(handles, 2))
    found = counted([(handle,) for handle in handles], tuple(handles))
    assert (found.together, found.wrong) == (36, one_by_one)
