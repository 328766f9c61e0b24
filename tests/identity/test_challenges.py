"""Asked proofs on both databases: what a code and a link are, how often they are asked and answered, by how many at once."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from identity import challenges
from identity.challenges import Asked, Method, Proven, Rules, Shown
from identity.handles import reaching
from identity.proof_refusals import PROOF_REFUSALS, ProofRefused
from normalizer.inbound import Handle
from storage.database import Database
from storage.schema import challenges as table
from tests.customers import add_customer

RULES = Rules(key=b"a key of the tests")
NOW = 1_790_000_000_000
MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
ANNA = Handle("email", "anna@example.it", "claimed")
MOBILE = Handle("phone", "+393331234567", "claimed")
WRONG = "not it"


@pytest.fixture
async def customers(database: Database) -> None:
    def work(connection: Connection) -> None:
        for number in range(40):
            add_customer(connection, f"cus_{number}")
        add_customer(connection, "cus_en", language="en", space="other")
        add_customer(connection, "cus_below", root_id="cus_0", merged_into="cus_0")

    await database.write(work)


pytestmark = pytest.mark.usefixtures("customers")


async def ask(
    database: Database,
    customer: str = "cus_0",
    handle: Handle = ANNA,
    method: Method = "code",
    *,
    now_ms: int = NOW,
    rules: Rules = RULES,
) -> Asked:
    return await database.write(
        lambda connection: challenges.ask(connection, customer, handle, method, actor="token/site", now_ms=now_ms, rules=rules)
    )


async def refusal(database: Database, *arguments: Any, **more: Any) -> tuple[str, int | None]:
    with pytest.raises(ProofRefused) as refused:
        await ask(database, *arguments, **more)
    return refused.value.reason, refused.value.retry_ms


async def answer(
    database: Database,
    id_: str,
    secret: str,
    method: Method = "code",
    *,
    now_ms: int = NOW,
    rules: Rules = RULES,
) -> Proven | str:
    return await database.write(
        lambda connection: challenges.answer(connection, id_, secret, method, now_ms=now_ms, rules=rules)
    )


async def look(database: Database, id_: str, secret: str, *, now_ms: int = NOW) -> Shown | None:
    return await database.read(lambda connection: challenges.look(connection, id_, secret, now_ms=now_ms, rules=RULES))


async def row(database: Database, id_: str) -> Any:
    return await database.read(lambda connection: connection.execute(select(table).where(table.c.id == id_)).mappings().one())


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


# What is asked and proven


async def test_a_code_proves_its_address_for_its_customer(database: Database) -> None:
    asked = await ask(database)
    assert re.fullmatch(r"chl_[0-9A-Z]{26}", asked.id)
    assert re.fullmatch(r"[0-9]{6}", asked.secret)
    assert (asked.created_ms, asked.expires_ms) == (NOW, NOW + 10 * MINUTE)
    assert (asked.space, asked.language) == ("demo", None)
    proven = await answer(database, asked.id, asked.secret)
    assert proven == Proven(
        challenge_id=asked.id, customer_id="cus_0", handle=Handle("email", "anna@example.it", "verified"), actor="token/site"
    )
    assert proven.evidence == f"challenge/{asked.id}"
    assert (await row(database, asked.id))["state"] == "proven"


async def test_a_link_carries_256_bits_and_lives_a_day(database: Database) -> None:
    asked = await ask(database, "cus_en", MOBILE, "link")
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", asked.secret)
    assert (asked.expires_ms, asked.space, asked.language) == (NOW + DAY, "other", "en")
    assert isinstance(await answer(database, asked.id, asked.secret, "link", now_ms=NOW + DAY - 1), Proven)


async def test_it_is_for_the_one_it_was_asked_for_and_counts_for_the_one_at_the_top(database: Database) -> None:
    asked = await ask(database, "cus_below")
    found = await row(database, asked.id)
    assert (found["home_id"], found["customer_id"]) == ("cus_below", "cus_0")
    proven = await answer(database, asked.id, asked.secret)
    assert isinstance(proven, Proven)
    assert proven.customer_id == "cus_below"


async def test_the_address_is_kept_as_it_was_written(database: Database) -> None:
    """Some networks route only one spelling of a number."""
    asked = await ask(database, handle=Handle("phone", "+5215512345678", "claimed"))
    found = await row(database, asked.id)
    assert (found["handle_value"], found["address"]) == ("+5215512345678", "phone +525512345678")


async def test_the_answer_is_the_same_whether_anybody_knows_the_address(database: Database) -> None:
    """Nothing but the limits is looked at: one customer's own address, another's, and nobody's."""
    known = [await ask(database, f"cus_{number}", handle) for number, handle in enumerate((ANNA, MOBILE))]
    assert {(one.expires_ms, one.space, len(one.secret)) for one in known} == {(NOW + 10 * MINUTE, "demo", 6)}


async def test_what_cannot_be_asked(database: Database) -> None:
    assert await refusal(database, "cus_nobody") == ("unknown_customer", None)
    assert await refusal(database, "cus_0\0") == ("unknown_customer", None)
    assert await refusal(database, "cus_0", Handle("telegram_user", "7", "claimed")) == ("cannot_send", None)


# Answers that prove nothing


async def test_five_wrong_answers_end_it(database: Database) -> None:
    asked = await ask(database)
    wrong = other_than(asked.secret)
    assert [await answer(database, asked.id, wrong) for _ in range(5)] == ["wrong_code"] * 5
    assert await answer(database, asked.id, asked.secret) == "too_many_attempts", "the right one comes too late"
    found = await row(database, asked.id)
    assert (found["state"], found["attempts"]) == ("failed", 5)


async def test_four_wrong_answers_do_not(database: Database) -> None:
    asked = await ask(database)
    for _ in range(4):
        assert await answer(database, asked.id, other_than(asked.secret)) == "wrong_code"
    assert isinstance(await answer(database, asked.id, asked.secret), Proven)


async def test_it_proves_once(database: Database) -> None:
    asked = await ask(database)
    assert isinstance(await answer(database, asked.id, asked.secret), Proven)
    assert await answer(database, asked.id, asked.secret) == "already_used"
    assert await answer(database, asked.id, WRONG) == "already_used"


@pytest.mark.parametrize(("method", "life"), [("code", 10 * MINUTE), ("link", DAY)])
async def test_its_life_ends_to_the_millisecond(database: Database, method: Method, life: int) -> None:
    early, late = [await ask(database, f"cus_{n}", method=method) for n in range(2)]
    assert isinstance(await answer(database, early.id, early.secret, method, now_ms=NOW + life - 1), Proven)
    assert await answer(database, late.id, late.secret, method, now_ms=NOW + life) == "expired"
    assert (await row(database, late.id))["state"] == "expired"
    assert await answer(database, late.id, late.secret, method, now_ms=NOW) == "expired", "a clock that is set back"


async def test_a_code_is_good_for_its_own_challenge_only(database: Database) -> None:
    """Somebody asks a code for an own address, and gives it as the answer to another's."""
    own, others = await ask(database, "cus_1", MOBILE), await ask(database, "cus_2", ANNA)
    if own.secret == others.secret:  # one time in a million
        own = await ask(database, "cus_1", MOBILE)
    assert await answer(database, others.id, own.secret) == "wrong_code"
    assert await answer(database, "chl_none", own.secret) == "unknown_challenge"

    def swap(connection: Connection) -> None:
        """What is kept of one is worth nothing in the row of another, whoever writes it there."""
        kept = select(table.c.secret).where(table.c.id == own.id).scalar_subquery()
        connection.execute(update(table).where(table.c.id == others.id).values(secret=kept))

    await database.write(swap)
    assert await answer(database, others.id, own.secret) == "wrong_code"


async def test_a_code_is_no_link_and_a_link_no_code(database: Database) -> None:
    """A link may be looked at without end: a code that could be looked at could be guessed so."""
    code, link = await ask(database, "cus_1"), await ask(database, "cus_2", method="link")
    assert await look(database, code.id, code.secret) is None
    assert await answer(database, code.id, code.secret, "link") == "unknown_challenge"
    assert await answer(database, link.id, link.secret, "code") == "unknown_challenge"
    assert [(await row(database, one.id))["attempts"] for one in (code, link)] == [0, 0]


async def test_looking_at_a_link_proves_and_counts_nothing(database: Database) -> None:
    asked = await ask(database, method="link")
    for _ in range(20):
        assert await look(database, asked.id, asked.secret) == Shown(handle=ANNA, space="demo", refusal=None)
        assert await look(database, asked.id, f"{asked.secret[:-1]}.") is None
    found = await row(database, asked.id)
    assert (found["state"], found["attempts"]) == ("open", 0)
    assert isinstance(await answer(database, asked.id, asked.secret, "link"), Proven)
    used = await look(database, asked.id, asked.secret)
    assert used is not None
    assert used.refusal == "already_used"
    assert await look(database, "chl_none", asked.secret) is None


async def test_another_key_opens_nothing(database: Database) -> None:
    asked = await ask(database)
    assert await answer(database, asked.id, asked.secret, rules=Rules(key=b"another")) == "wrong_code"


ODD = ["", " ", "123456\0", "\uff11\uff12\uff13\uff14\uff15\uff16", "\ud800", "9" * 5000, "123456\n"]


@pytest.mark.parametrize("text", ODD)
async def test_anything_can_be_answered(database: Database, text: str) -> None:
    asked = await ask(database)
    assert await answer(database, asked.id, text) == "wrong_code"
    assert await answer(database, text, asked.secret) == "unknown_challenge"
    assert await look(database, text, asked.secret) is None


# What is kept


async def test_a_secret_is_nowhere_in_the_row(database: Database) -> None:
    for method in ("code", "link"):
        asked = await ask(database, method=method)
        found = await row(database, asked.id)
        assert asked.secret not in "\n".join(str(value) for name, value in found.items() if name != "created_ms")
        assert re.fullmatch(r"[0-9a-f]{64}", found["secret"])


async def test_the_same_code_is_kept_in_another_way_each_time(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """One table of a million codes would open all rows."""
    monkeypatch.setattr(challenges.secrets, "randbelow", lambda _: 7)
    asked = [await ask(database, f"cus_{number}") for number in range(2)]
    assert {one.secret for one in asked} == {"000007"}
    assert len({(await row(database, one.id))["secret"] for one in asked}) == 2


@contextmanager
def compared(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, str]]]:
    seen: list[tuple[str, str]] = []
    real = challenges.hmac.compare_digest

    def compare(one: str, other: str) -> bool:
        seen.append((one, other))
        return real(one, other)

    with monkeypatch.context() as watched:
        watched.setattr(challenges.hmac, "compare_digest", compare)
        yield seen


async def test_secrets_are_compared_in_constant_time_by_what_is_kept(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, link = await ask(database), await ask(database, method="link")
    with compared(monkeypatch) as seen:
        await answer(database, code.id, other_than(code.secret))
        await look(database, link.id, link.secret)
    assert [len(one) for pair in seen for one in pair] == [64] * 4
    assert [one == other for one, other in seen] == [False, True]


async def test_codes_are_spread_over_all_numbers(database: Database) -> None:
    found = {challenges._secret("code") for _ in range(3000)}
    assert {len(code) for code in found} == {6}
    assert len(found) > 2900
    assert {code[0] for code in found} == set("0123456789")


# How often it may be asked


async def test_three_an_hour_to_an_address_whoever_asks(database: Database) -> None:
    for number, customer in enumerate(("cus_1", "cus_2", "cus_en")):
        await ask(database, customer, MOBILE, now_ms=NOW + number)
    assert await refusal(database, "cus_3", MOBILE, now_ms=NOW + MINUTE) == ("too_many_asked", HOUR - MINUTE)
    await ask(database, "cus_3", ANNA, now_ms=NOW + MINUTE)
    assert await refusal(database, "cus_3", MOBILE, now_ms=NOW + HOUR - 1) == ("too_many_asked", 1)
    await ask(database, "cus_3", MOBILE, now_ms=NOW + HOUR)


async def test_ten_a_day_to_an_address(database: Database) -> None:
    """Or somebody could guess at one for ever: five answers to each, three times an hour."""
    for number in range(10):
        await ask(database, f"cus_{number}", MOBILE, now_ms=NOW + number * HOUR)
    assert await refusal(database, "cus_11", MOBILE, now_ms=NOW + 11 * HOUR) == ("too_many_asked", 13 * HOUR)
    await ask(database, "cus_11", MOBILE, now_ms=NOW + DAY)


async def test_ten_a_day_for_a_customer(database: Database) -> None:
    for number in range(10):
        await ask(database, "cus_below" if number % 2 else "cus_0", Handle("phone", f"+39333123456{number}", "claimed"))
    other = Handle("phone", "+393330000000", "claimed")
    assert await refusal(database, "cus_0", other, now_ms=NOW + HOUR) == ("too_many_asked", 23 * HOUR)
    assert await refusal(database, "cus_below", other, now_ms=NOW + HOUR) == ("too_many_asked", 23 * HOUR)
    await ask(database, "cus_1", other)


async def test_so_many_an_hour_in_all_of_a_brand(database: Database) -> None:
    """Whoever is paid for messages to numbers of his own has many of them."""
    rules = Rules(key=b"k", an_hour_of_a_space=20)
    for number in range(20):
        await ask(database, f"cus_{number}", Handle("phone", f"+3933312345{number}", "claimed"), rules=rules)
    assert await refusal(database, "cus_21", MOBILE, now_ms=NOW + 1, rules=rules) == ("too_many_asked", HOUR - 1)
    await ask(database, "cus_en", MOBILE, rules=rules)


SPELLINGS = [
    [("email", "anna@example.it"), ("email", "Anna+1@example.it"), ("email", "anna+shop@EXAMPLE.it")],
    [("email", "a.n.na@gmail.com"), ("email", "anna@googlemail.com"), ("email", "ann.a+x@gmail.com")],
    [("email", "anna@müller.example"), ("email", "anna+1@xn--mller-kva.example"), ("email", "anna@Müller.example")],
    [("phone", "+5511987654321"), ("phone", "+551187654321"), ("phone", "+5511987654321")],
]


@pytest.mark.parametrize("spellings", SPELLINGS)
async def test_no_spelling_of_an_address_gets_more(database: Database, spellings: list[tuple[str, str]]) -> None:
    handles = [Handle(kind, value, "claimed") for kind, value in spellings]
    assert len({reaching(handle) for handle in handles}) == 1
    for number, handle in enumerate(handles):
        await ask(database, f"cus_{number}", handle)
    assert (await refusal(database, "cus_9", handles[0]))[0] == "too_many_asked"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("email", "anna.b@example.it"), ("email", "annab@example.it")),
        (("email", "+1@example.it"), ("email", "+2@example.it")),
        (("email", "...@gmail.com"), ("email", "a@gmail.com")),
        (("email", "anna@gmail.com"), ("email", "anna@gmail.it")),
        (("phone", "+391"), ("phone", "+392")),
    ],
)
def test_what_reaches_different_people(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert reaching(Handle(*one, "claimed")) != reaching(Handle(*other, "claimed"))


async def test_what_was_refused_does_not_count(database: Database) -> None:
    for _ in range(3):
        await ask(database, "cus_1", MOBILE)
    for _ in range(20):
        await refusal(database, "cus_1", MOBILE)
    assert (await ask(database, "cus_1", ANNA)).secret


# Several at once


@pytest.fixture
async def nodes(database: Database, filled_url: str) -> Any:
    """Four nodes on one database."""
    others = [Database(filled_url) for _ in range(3)]
    yield [database, *others]
    for other in others:
        await other.close()


async def test_one_of_many_right_answers_proves(database: Database, nodes: list[Database]) -> None:
    asked = await ask(database)
    given = await asyncio.gather(*(answer(node, asked.id, asked.secret) for _ in range(5) for node in nodes))
    assert sorted(type(one).__name__ for one in given) == ["Proven", *["str"] * 19]
    assert {one for one in given if isinstance(one, str)} == {"already_used"}


async def test_guesses_at_once_are_all_counted(database: Database, nodes: list[Database]) -> None:
    asked = await ask(database)
    wrong = other_than(asked.secret)
    given = await asyncio.gather(*(answer(node, asked.id, wrong) for _ in range(10) for node in nodes))
    assert (given.count("wrong_code"), given.count("too_many_attempts")) == (5, 35)


async def test_limits_hold_for_those_who_ask_at_once(database: Database, nodes: list[Database]) -> None:
    async def try_to(node: Database, customer: str) -> str:
        try:
            return (await ask(node, customer, MOBILE)).id
        except ProofRefused as refused:
            return refused.reason

    given = await asyncio.gather(*(try_to(node, f"cus_{n * 4 + k}") for n in range(5) for k, node in enumerate(nodes)))
    assert given.count("too_many_asked") == 17
    assert len({one for one in given if one.startswith("chl_")}) == 3


def test_no_reason_names_a_value() -> None:
    assert all(words and "{" not in words for words in PROOF_REFUSALS.values())
