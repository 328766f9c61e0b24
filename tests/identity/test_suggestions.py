"""Who may be one: reasons, scores, and what a customer says again. Every test with a database on both."""

from typing import Any

import pytest

from identity import naming
from identity.policy import Policy
from normalizer.inbound import Kind
from storage import schema
from storage.database import Database
from tests.contacts import email, message, phone, user
from tests.identity.batches import identify, rows

WORDS = "Buongiorno, la padella che ho comprato da voi si è rotta dopo un giorno"


async def suggested(database: Database) -> list[tuple[str, int]]:
    return sorted((row["reason"], row["score"]) for row in await rows(database, schema.suggestions))


@pytest.fixture(params=[True, False], ids=["one batch", "batches"])
def one_batch(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


async def pair(database: Database, one: dict[str, Any], other: dict[str, Any], *, one_batch: bool = False) -> list[Any]:
    batch = [message("m1", phone(), **one), message("m2", user(), **other)]
    return await identify(database, *batch) if one_batch else [(await identify(database, each))[0] for each in batch]


class TestReasons:
    @pytest.mark.parametrize(
        ("names", "score"), [((None, None), 60), (("Anna Bianchi", "anna bianchi"), 80), (("Anna", "Marco"), 60)]
    )
    async def test_the_same_claim(self, database: Database, names: tuple[str | None, str | None], score: int) -> None:
        await identify(database, message("m1", email(verified=True), sender_name=names[0]))
        await identify(database, message("m2", phone(), claims=[email()], sender_name=names[1]))
        assert ("same_claim", score) in await suggested(database)

    @pytest.mark.parametrize(("one", "other"), [("IT-2231", "IT-2231"), ("IT-2231", "it 2231"), ("4711-99", "471199")])
    async def test_the_same_order(self, database: Database, one: str, other: str, one_batch: bool) -> None:
        await pair(database, {"fields": {"order": one}}, {"fields": {"order": other}}, one_batch=one_batch)
        assert await suggested(database) == [("same_order", 50)]

    @pytest.mark.parametrize("number", ["12", "0000", "", "-----"])
    async def test_what_is_no_order_number(self, database: Database, number: str) -> None:
        await pair(database, {"fields": {"order": number}}, {"fields": {"order": number}})
        assert await suggested(database) == []

    async def test_an_order_number_that_everybody_names(self, database: Database) -> None:
        for number in range(9):
            await identify(database, message(f"m{number}", user(f"u{number}"), fields={"order": "IT-1234"}))
        named = await rows(database, schema.mentions)
        assert len(named) == 8
        assert len(await suggested(database)) == 1 + 2 + 3 + 4  # beyond four others it means nothing

    async def test_claims_take_nothing_from_proofs(self, database: Database) -> None:
        order = {"order": "IT-1234"}
        for number in range(9):
            await identify(database, message(f"c{number}", email(f"c{number}@esempio.it"), fields=order))
        assert len(await suggested(database)) == 1 + 2 + 3 + 4
        for number in range(9):
            await identify(database, message(f"m{number}", user(f"u{number}"), fields=order))
        named = [row["handle_id"] for row in await rows(database, schema.mentions)]
        kinds = {row["id"]: row["standing"] for row in await rows(database, schema.handles)}
        assert sorted(kinds[id_] for id_ in named) == ["claimed"] * 8 + ["verified"] * 8
        # None between a proof and a claim, since all together are too many.
        assert len(await suggested(database)) == 2 * (1 + 2 + 3 + 4)

    async def test_a_proof_and_few_claims(self, database: Database) -> None:
        for number in range(3):
            await identify(database, message(f"c{number}", email(f"c{number}@esempio.it"), fields={"order": "IT-1234"}))
        await identify(database, message("m1", phone(), fields={"order": "IT-1234"}))
        for number in (4, 5):  # the last has more than four others, and is itself a claim: none, not even the proof
            await identify(database, message(f"c{number}", email(f"c{number}@esempio.it"), fields={"order": "IT-1234"}))
        assert len(await suggested(database)) == 1 + 2 + 3 + 4

    async def test_the_same_words(self, database: Database, one_batch: bool) -> None:
        found = await pair(database, {"text": WORDS}, {"text": WORDS.upper() + "!!", "hours": 20}, one_batch=one_batch)
        assert await suggested(database) == [("same_words", 40)]
        assert found[0].conversation.id != found[1].conversation.id
        assert found[1].repeat_of is None

    @pytest.mark.parametrize(
        ("other", "why"),
        [
            ({"text": "Dov'è il mio pacco?"}, "too short"),
            ({"text": WORDS, "hours": 50}, "too late"),
            ({"text": WORDS, "automated": "list"}, "no person"),
            ({"text": WORDS, "kind": "edit"}, "an afterthought"),
            ({"text": WORDS, "brand": "casa-bella", "connector": "casa"}, "another brand"),
        ],
    )
    async def test_what_is_no_repeat_between_strangers(self, database: Database, other: dict[str, Any], why: str) -> None:
        await pair(database, {"text": other["text"]}, other)
        assert await suggested(database) == [], why

    async def test_words_that_everybody_sends(self, database: Database) -> None:
        """The text that a link on our own site prefills."""
        for number in range(9):
            await identify(database, message(f"m{number}", user(f"u{number}"), text=WORDS))
        assert len(await suggested(database)) == 1 + 2

    async def test_the_same_name(self, database: Database, one_batch: bool) -> None:
        await pair(database, {"sender_name": "Anna Bianchi"}, {"sender_name": "BIANCHI Anna"}, one_batch=one_batch)
        assert await suggested(database) == [("similar_name", 30)]

    async def test_a_first_name_is_no_name(self, database: Database) -> None:
        await pair(database, {"sender_name": "Anna"}, {"sender_name": "Anna"})
        assert await suggested(database) == []

    async def test_another_brand(self, database: Database) -> None:
        other = {"sender_name": "Anna Bianchi", "fields": {"order": "IT-2231"}, "brand": "casa-bella", "connector": "casa"}
        await pair(database, {"sender_name": "Anna Bianchi", "fields": {"order": "IT-2231"}}, other)
        assert await suggested(database) == []

    async def test_fields_of_another_name(self, database: Database) -> None:
        policy = Policy(order_fields=("ordine",))
        batch = [message(f"m{n}", user(f"u{n}"), fields={"ordine": "IT-2231", "order": "X-9999"}) for n in range(2)]
        await identify(database, *batch, policy=policy)
        assert [row["reason"] for row in await rows(database, schema.mentions)] == ["same_order"] * 2

    async def test_no_mention_holds_what_was_written(self, database: Database) -> None:
        await pair(database, {"text": WORDS, "sender_name": "Anna Bianchi", "fields": {"order": "IT-2231"}}, {})
        kept = repr(await rows(database, schema.mentions))
        assert not any(word in kept.casefold() for word in ("padella", "bianchi", "2231"))


class TestSaidAgain:
    @pytest.mark.parametrize("hours", [0.5, 23.9])
    async def test_on_another_channel(self, database: Database, hours: float, one_batch: bool) -> None:
        batch = [
            message("m1", phone(), text="Dov'è il mio pacco?"),
            message("m2", phone(), channel="email", text="DOVE'E' il mio pacco", hours=hours / 2),
            message("m3", phone(), channel="email", text="dov\u2019e il mio  PACCO???", hours=hours),
        ]
        found = await identify(database, *batch) if one_batch else [(await identify(database, each))[0] for each in batch]
        assert [one.repeat_of for one in found] == [None, None, str(batch[0].id)]
        assert found[2].conversation.id == found[0].conversation.id

    async def test_it_joins_a_conversation_that_is_over(self, database: Database) -> None:
        policy = Policy(window_ms=3_600_000)
        (first,) = await identify(database, message("m1", text="Dov'è il mio pacco?"), policy=policy)
        (second,) = await identify(database, message("m2", text="Ciao a tutti", hours=3), policy=policy)
        again = message("m3", channel="email", text="Dov'è il mio pacco?", hours=6)
        (third,) = await identify(database, again, policy=policy)
        assert (third.conversation.id, third.repeat_of) == (first.conversation.id, str(message("m1").id))
        assert second.conversation.id != first.conversation.id

    @pytest.mark.parametrize(
        ("other", "why"),
        [
            ({"channel": "email", "hours": 24.1}, "a day later"),
            ({"hours": 1}, "the same channel"),
            ({"channel": "email", "hours": 1, "kind": "reaction"}, "no words of its own"),
            ({"channel": "email", "hours": -1}, "it was written before"),
        ],
    )
    async def test_what_is_no_repeat(self, database: Database, other: dict[str, Any], why: str) -> None:
        await identify(database, message("m1", text="Dov'è il mio pacco?"))
        (second,) = await identify(database, message("m2", text="Dov'è il mio pacco?", **other))
        assert second.repeat_of is None, why

    @pytest.mark.parametrize("text", ["Ciao", "Ok grazie", None, "👍"])
    async def test_few_words(self, database: Database, text: str | None) -> None:
        kind: Kind = "text"
        await identify(database, message("m1", text=text, kind=kind))
        (second,) = await identify(database, message("m2", text=text, channel="email", hours=1))
        assert second.repeat_of is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Anna Bianchi", "bianchi anna"),
        ("Anna Bianchi", "Anna"),
        ("Anna Bianchi", "A. Bianchi"),
        ("Anna Maria Bianchi", "Anna Bianchi"),
        ("Niccolò D'Angelo", "niccolo d angelo"),
        ("Alessandro Rossi", "Alesandro Rossi"),
        ("José Muñoz", "Jose Munoz"),
    ],
)
def test_names_of_one_person(one: str, other: str) -> None:
    assert naming.alike(one, other)
    assert naming.alike(other, one)
    assert not naming.clash(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Anna Bianchi", "Marco Bianchi"),
        ("Mario Rossi", "Maria Rossi"),
        ("Alessandro Rossi", "Alessandra Rossi"),
        ("Andrea Rossi", "Andreas Rossi"),
        ("Anna", "Marco"),
        ("Li Wei", "Li Na"),
    ],
)
def test_names_of_two_people(one: str, other: str) -> None:
    assert naming.clash(one, other)
    assert not naming.alike(other, one)


@pytest.mark.parametrize("none", [None, "", "  ", "anna82", "anna@example.it", "42", "🌸"])
def test_what_is_no_name(none: str | None) -> None:
    assert not naming.clash(none, "Anna Bianchi")
    assert not naming.alike(none, "Anna Bianchi")
    assert naming.full(none) is None
