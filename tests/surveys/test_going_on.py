"""What customers type once something else was said since a survey was asked: nothing of it is lost to whoever must see it."""

from collections.abc import Awaitable, Callable

import pytest

from normalizer.inbound import Handle
from tests.contacts import phone
from tests.surveys.conftest import Open
from tests.surveys.shop import DAY, MINUTE, Shop

Since = Callable[[Shop], Awaitable[None]]
SOLVED = {"name": "solved", "kind": "yes_no", "text": {"it": "Risolto?", "en": "Solved?"}}
SCALE = {"name": "score", "kind": "scale", "text": {"it": "Voto?"}}
OTHER: Handle = phone("+393339999999")


async def asked(shop: Open, **settings: object) -> Shop:
    """A shop in which somebody was asked some time ago."""
    it = shop(**settings)
    await it.begin()
    await it.closed()
    await it.follow()
    assert await it.states() == [("asked", None)]
    it.ahead_ms += MINUTE
    return it


async def nothing(it: Shop) -> None:
    """Nobody has said anything."""


async def elsewhere(it: Shop) -> None:
    """Days later another conversation, in which a person asks something back."""
    it.ahead_ms += 5 * DAY
    await it.write("Vorrei ordinare delle pentole")
    await it.answer("Quante ne servono?")


async def same(it: Shop) -> None:
    await it.answer("Le serve altro?")


async def by_the_ticket_system(it: Shop) -> None:
    await it.ticket("updated", answered=True)


async def wrote(it: Shop) -> None:
    await it.write("Vorrei ordinare delle pentole")


async def reopened(it: Shop) -> None:
    await it.ticket("reopened")


async def reopened_and_heard(it: Shop) -> None:
    await it.ticket("reopened")
    await it.follow()


async def somebody_else(it: Shop) -> None:
    await it.write("Vorrei ordinare delle pentole", handle=OTHER)
    await it.answer("Quante ne servono?")


@pytest.mark.parametrize(
    ("since", "question", "text", "answers", "goes"),
    [
        (nothing, SCALE, "2", {"score": 2}, False),
        (elsewhere, SCALE, "2", {}, True),
        (same, SOLVED, "no", {}, True),
        (same, SCALE, "2", {}, True),
        (by_the_ticket_system, SCALE, "2", {}, True),
        (wrote, SCALE, "2", {"score": 2}, True),
        (reopened, SCALE, "2", {"score": 2}, True),
        (reopened_and_heard, SCALE, "2", {}, True),
        (somebody_else, SCALE, "2", {"score": 2}, False),
    ],
)
async def test_a_word_after_something_else(
    shop: Open, since: Since, question: dict[str, object], text: str, answers: dict[str, object], *, goes: bool
) -> None:
    it = await asked(shop, questions=[question])
    await since(it)
    it.ahead_ms += MINUTE
    await it.write(text)
    contact = (await it.messages())[-1]
    assert (contact["discarded_by"], contact["awaits_answer"]) == ((None, True) if goes else ("survey", False))
    assert [row["answers"] for row in await it.rows()] == [answers]


async def test_words_after_a_person_wrote(shop: Open) -> None:
    it = await asked(shop)
    await it.write("4")
    it.ahead_ms += MINUTE
    await it.answer("Mi manda il numero del modello")
    it.ahead_ms += MINUTE
    await it.write("sta sotto la base")
    assert (await it.messages())[-1]["discarded_by"] is None
    assert [row["answers"] for row in await it.rows()] == [{"satisfaction": 4}]


async def test_a_button_of_ours_says_what_it_answers(shop: Open) -> None:
    it = await asked(shop, questions=[SOLVED])
    await same(it)
    [row] = await it.rows()
    await it.press(f"survey:{row['id']}:0:yes")
    assert [row["answers"] for row in await it.rows()] == [{"solved": "yes"}]


async def test_several_at_once_of_which_one_goes_its_way(shop: Open) -> None:
    it = await asked(shop, questions=[SCALE])
    await it.write("Vorrei ordinare delle pentole", "2")
    assert [one["discarded_by"] for one in await it.messages()] == [None, None, None]


@pytest.mark.parametrize(("first", "state"), [(None, "expired"), ("3", "partly")])
async def test_a_ticket_that_is_opened_again_ends_what_was_asked(shop: Open, first: str | None, state: str) -> None:
    it = await asked(shop)
    if first is not None:
        await it.write(first)
    await it.ticket("reopened")
    await it.follow()
    assert await it.states() == [(state, None)]
    assert [one["complete"] for one in await it.told()] == ([] if first is None else [False])
    it.ahead_ms += MINUTE
    await it.write("tutto bene")
    assert (await it.messages())[-1]["discarded_by"] is None


@pytest.mark.parametrize(
    ("second", "later_ms", "since", "goes_on", "by"),
    [
        ("e anche veloci", 0, nothing, True, "survey"),
        ("e anche veloci", 6 * MINUTE, nothing, False, None),
        ("e anche veloci", 0, same, False, None),
        ("e anche veloci", 0, wrote, False, None),
        ("ma non funziona", 0, nothing, False, None),
        ("Grazie a voi!", 0, nothing, False, "survey"),
        ("Grazie a voi!", 6 * MINUTE, nothing, False, None),
    ],
)
async def test_words_that_go_on(shop: Open, second: str, later_ms: int, since: Since, *, goes_on: bool, by: str | None) -> None:
    it = await asked(shop)
    it.ahead_ms = 0  # answers are kept by the machine's clock
    await it.write("5")
    await it.write("Siete stati gentili")
    await since(it)
    it.ahead_ms += later_ms
    await it.write(second)
    assert (await it.messages())[-1]["discarded_by"] == by
    comment = "Siete stati gentili\ne anche veloci" if goes_on else "Siete stati gentili"
    assert [row["answers"] for row in await it.rows()] == [{"satisfaction": 5, "comment": comment}]


async def test_words_in_two_contacts_at_once(shop: Open) -> None:
    it = await asked(shop)
    it.ahead_ms = 0
    await it.write("5")
    await it.write("Siete stati gentili", "e anche veloci")
    assert [one["discarded_by"] for one in await it.messages()] == [None, "survey", "survey", "survey"]
    assert [row["answers"]["comment"] for row in await it.rows()] == ["Siete stati gentili\ne anche veloci"]
    assert len(await it.told()) == 1


@pytest.mark.parametrize(("rating", "by"), [("1", None), ("2", None), ("3", "survey")])
async def test_words_with_a_low_rating_are_for_a_person_too(shop: Open, rating: str, by: str | None) -> None:
    it = await asked(shop)
    await it.write(rating)
    await it.write("Lenti e poco chiari")
    assert (await it.messages())[-1]["discarded_by"] == by
    assert [row["answers"]["comment"] for row in await it.rows()] == ["Lenti e poco chiari"]
