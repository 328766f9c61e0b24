"""A sample of the random sequences of `tests/proof/test_identity_oracle.py`, and proofs that they see defects."""

from collections import Counter
from collections.abc import Awaitable, Callable

import pytest

from storage.database import Database
from tests.oracle.customers import Customers
from tests.oracle.defects import DEFECTS
from tests.oracle.driver import Real, real_rules
from tests.oracle.operations import Contacts
from tests.oracle.runs import Differs, Side, check, check_short
from tests.oracle.sequences import RULES, happened, sequence
from tests.oracle.terms import Rules
from tests.oracle.twin import Twin

SAMPLE = 25
PLANTED = 1000
"""Among so many sequences a planted defect is found, nearly always in the first few hundred."""
OFTEN = 12
"""What every kind of thing happens at least in 1,000 sequences."""
KINDS = (
    *(
        f"guard {name}"
        for name in ("crm_conflict", "handle_cap", "merge_cap", "names_differ", "unmerged", "given_up", "both_merged")
    ),
    *(f"match {name}" for name in ("new", "verified", "claimed", "ambiguous")),
    *("claim accepted", "claim goes on", "claim stays ended", "the order gave way", "merge by itself, below one who is merged"),
    *("merge by itself", "merge by a person", "a merge of merged ones", "linked while merged, beside one below"),
    *("unmerge", "unmerge from the middle of a nested merge", "unmerge of one with others below it"),
    *("released", "recycled by silence", "recycled by another alias", "kept after silence, by an alias"),
    *("changed", "changed to its own", "changed to somebody's", "changed to a silent one", "erased", "erased, merged"),
    *("joins by our mark", "joins by a reference", "joins by its answer, of many", "joins what it repeats", "repeats"),
    *(
        "no stranger joins by our mark",
        "no stranger joins by a reference",
        "nobody joins a split one",
        "a conversation is split",
    ),
    *(f"said by {source}" for source in ("agent", "api", "import", "connector")),
    *("names what another owns", "taken back", "said of one below"),
    *("goes on", "its last one is over", "more than an envelope shows"),
    *("a reply is shown", "a reply in a conversation of two", "a reply to somebody merged"),
    *("claimed sender with proven aliases", "a shared handle that is no alias", "linked on its own, one too many"),
)


@pytest.mark.sample
async def test_the_real_one_does_what_the_model_does(database: Database) -> None:
    real = Real(database, RULES)

    async def fresh() -> Real:
        await real.empty()
        return real

    await _sample(fresh, real_rules(RULES))


async def _sample(fresh: Callable[[], Awaitable[Side]], rules: Rules = RULES, size: int = SAMPLE) -> None:
    for number in range(size):
        await check_short(sequence(f"sample {number}"), rules, fresh)


def test_everything_happens_often() -> None:
    counts: Counter[str] = sum((happened(f"count {number}") for number in range(1000)), Counter())
    print("\n".join(f"{count:>6} {what}" for what, count in sorted(counts.items())))
    assert {what: counts[what] for what in KINDS if counts[what] < OFTEN} == {}
    assert set(counts) == set(KINDS), "a kind that is not looked for is not known to happen"


def test_a_sequence_is_the_same_for_the_same_seed() -> None:
    assert sequence("again") == sequence("again")
    assert sequence("again") != sequence("another")


async def test_no_difference_is_found_where_there_is_none() -> None:
    for number in range(SAMPLE):
        await check(sequence(f"sample {number}"), RULES, Twin(Customers(RULES)))


@pytest.mark.timeout(900)
@pytest.mark.proof  # minutes, for all of them: `python -m pytest -m proof tests/oracle`, after a change to the model
@pytest.mark.parametrize("defect", DEFECTS)
async def test_every_planted_defect_is_found_and_shown_short(defect: type[Customers]) -> None:
    async def fresh() -> Twin:
        return Twin(defect(RULES))

    with pytest.raises(Differs) as found:
        await _sample(fresh, size=PLANTED)
    contacts = sum(len(one.batch) for one in found.value.operations if isinstance(one, Contacts))
    assert contacts <= 12  # as many as it takes to write more than an envelope shows
    assert "expected" in str(found.value)
    assert " 1. contacts\n" in str(found.value)
