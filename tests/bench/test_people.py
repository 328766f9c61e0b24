"""The stream of people is one for each seed, has in it what it says, and its score tells right from wrong."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import pairwise

import pytest

from bench.__main__ import main
from bench.people import Stream, Written
from bench.people_rates import Rates
from bench.people_run import run
from bench.score import Holding, Score, score
from identity.handles import known_as
from identity.policy import Policy
from normalizer.inbound import Handle
from storage.database import Database
from tests.bench.tables import rows

MESSAGES, PEOPLE = 3_000, 600
MANY = Rates(family_phone=0.1, family_mailbox=0.1, recycled=0.1, firm=0.1, till_account=0.02, typing_error=0.2)
"""So that the small stream has all of it."""


@pytest.fixture(scope="module")
def stream() -> Stream:
    return Stream(MESSAGES, PEOPLE, seed="test", rates=MANY)


@pytest.fixture(scope="module")
def written(stream: Stream) -> list[Written]:
    return list(stream)


def handles(of: Iterable[Written], kind: str, proof: str = "verified") -> list[Handle]:
    senders = [one.message.inbound.sender for one in of]
    named = [handle for sender in senders for handle in (sender.handle, *sender.aliases, *sender.claims)]
    return [handle for handle in named if (handle.kind, handle.proof) == (kind, proof)]


def test_one_seed_gives_one_stream(written: list[Written]) -> None:
    again = list(Stream(MESSAGES, PEOPLE, seed="test", rates=MANY))
    assert again == written
    other = Stream(MESSAGES, PEOPLE, seed="other", rates=MANY)
    assert [one.message.inbound for one in other] != [one.message.inbound for one in written]


def test_everybody_writes_in_the_order_of_time(written: list[Written]) -> None:
    times = [one.message.received_at for one in written]
    assert times == sorted(set(times))
    assert 900 < (times[-1] - times[0]).days < 1_100
    assert {one.author for one in written} == set(range(PEOPLE))
    assert len({one.message.id for one in written}) == len(written) == MESSAGES


def test_the_truth_names_each_verified_handle_and_no_other(written: list[Written]) -> None:
    for one in written:
        sender = one.message.inbound.sender
        verified = [handle for handle in (sender.handle, *sender.aliases) if handle.proof == "verified"]
        assert [handle for _, handle in one.own] == verified
        assert len(one.proof) == (len(verified) if sender.handle.proof == "verified" else 0)
        assert all(one.author in holding.holders for holding in one.proof)
        assert all(holding.id.split("/")[:2] == [one.message.inbound.brand, handle.kind] for holding, handle in one.own)


def test_all_channels_and_proofs_are_there(written: list[Written]) -> None:
    channels = Counter(one.message.inbound.channel for one in written)
    assert set(channels) == set(Rates().channels)
    assert min(channels.values()) > 50
    for kind in ("phone", "email"):
        assert len(handles(written, kind)) > 200
        assert len(handles(written, kind, "claimed")) > 200
    assert {one.message.inbound.brand for one in written} == {"one", "two"}


def test_whatsapp_names_ids_beside_the_number_and_instead_of_it(written: list[Written]) -> None:
    senders = [one.message.inbound.sender for one in written if one.message.inbound.channel == "whatsapp"]
    forms = Counter((sender.handle.kind, *(alias.kind for alias in sender.aliases)) for sender in senders)
    assert set(forms) == {("phone",), ("phone", "whatsapp_user"), ("whatsapp_user",)}


def test_one_number_is_written_in_two_ways(written: list[Written]) -> None:
    phones = {handle.value for handle in handles(written, "phone") if handle.value[:3] in ("+52", "+54", "+55")}
    known = Counter(known_as(Handle("phone", value, "verified")).value for value in phones)
    assert max(known.values()) == 2
    assert any(value.startswith("+521") for value in phones)
    assert any(value.startswith("+549") for value in phones)


def test_people_share_phones_mailboxes_and_posts(written: list[Written]) -> None:
    shared = {holding for one in written for holding in one.proof if holding.shared}
    assert {holding.id.split("/")[1] for holding in shared if not holding.post} >= {"phone", "email"}
    assert {holding.id.split("/")[1] for holding in shared if holding.post} == {"email"}
    authors = defaultdict(set)
    for one in written:
        for holding in one.proof:
            authors[holding].add(one.author)
    assert sum(len(authors[holding]) > 1 for holding in shared) > 10


def test_numbers_come_to_others_after_a_year(written: list[Written]) -> None:
    seen: dict[tuple[str, str], list[tuple[Holding, int]]] = defaultdict(list)
    for one in written:
        for holding, handle in one.own:
            if handle.kind == "phone":
                seen[one.message.inbound.brand, known_as(handle).value].append((holding, one.message.received_at.toordinal()))
    silences = [
        later - earlier
        for sightings in seen.values()
        for (before, earlier), (after, later) in pairwise(sightings)
        if before != after
    ]
    assert len(silences) > 5
    assert sum(silence > 365 for silence in silences) > 0.8 * len(silences)
    assert min(silences) > 45


def test_typed_addresses_hit_those_of_others(written: list[Written]) -> None:
    owners: dict[str, frozenset[int]] = {}
    for one in written:
        owners |= {handle.value: holding.holders for holding, handle in one.own if handle.kind == "email"}
    typed = [
        (one.author, handle.value)
        for one in written
        if one.message.inbound.channel == "web_form"
        for handle in handles([one], "email", "claimed")
    ]
    assert sum(author not in owners[value] for author, value in typed if value in owners) > 5


def joined(written: Iterable[Written], *, by_claims: bool) -> Score:
    """What those get who join whatever stands in one contact: the verified handles, or everything."""
    above: dict[str, str] = {}
    seen: dict[Holding, str] = {}

    def root(key: str) -> str:
        while (found := above.get(key, key)) != key:
            key = found
        return key

    def key(one: Written, handle: Handle) -> str:
        return "/".join((one.message.inbound.brand, handle.kind, known_as(handle).value))

    for one in written:
        sender = one.message.inbound.sender
        named = (sender.handle, *sender.aliases, *sender.claims) if by_claims else [handle for _, handle in one.own]
        for handle in named:
            above[root(key(one, handle))] = root(key(one, named[0]))
        seen |= {holding: key(one, handle) for holding, handle in one.own}
    return score((one.proof for one in written), {holding: [root(key)] for holding, key in seen.items()})


def test_who_joins_without_looking_does_not_pass() -> None:
    """Else the score would ask nothing of the guards."""
    written = list(Stream(6_000, 1_200, seed="test", rates=MANY))
    proven = joined(written, by_claims=False)
    assert proven.recall == 1
    assert proven.precision < 0.999
    claimed = joined(written, by_claims=True)
    assert claimed.precision < 0.99


async def test_a_small_stream_through_identity(database: Database) -> None:
    outcome = await run(database, Stream(2_000, 400, seed="test"), Policy())
    assert outcome.score.recall >= 0.9
    assert outcome.score.precision >= 0.99
    assert outcome.over_cap == []
    assert outcome.seen_by_claim == 0
    assert outcome.suggestions["same_claim"] > 20
    assert outcome.customers > 400


def test_the_command_prints_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["people", "--messages", "600", "--people", "100", "--seed", "test", "--set", "firm=0"]) in (0, 1)
    found = {cells[0]: cells for cells in rows(capsys.readouterr().out)}
    assert found["messages, people"][1] == "600, 100"
    assert found["pair precision"][1].endswith("pairs are of different people")
    assert found["most of kind `phone`"][2] == "≤ 4"
