"""What is an answer, what comes of it, and what goes its way as any contact."""

from typing import Any

import orjson
import pytest
from sqlalchemy import event

from desk.surveys.wording import button_id
from router.explain import as_data, render
from tests.contacts import phone
from tests.pipeline.conftest import RULESET
from tests.surveys.conftest import Open
from tests.surveys.shop import HOUR, Shop

YES_NO = {"name": "solved", "kind": "yes_no", "text": {"it": "Risolto?", "en": "Solved?"}}
CHOICE = {
    "name": "again",
    "kind": "choice",
    "text": {"it": "Ancora?"},
    "choices": {"sure": {"it": "Sicuramente"}, "perhaps": {"it": "Forse"}, "never": {"it": "Mai più"}},
}
SCALE = {"name": "score", "kind": "scale", "text": {"it": "Voto?"}}


async def asked(shop: Open, /, **settings: Any) -> Shop:
    """A shop in which somebody was asked just now."""
    contact = {name: settings.pop(name) for name in ("connector", "channel") if name in settings}
    it = shop(**settings)
    await it.begin()
    await it.closed(**contact)
    await it.follow()
    assert await it.states() == [("asked", None)]
    return it


async def buttons(it: Shop) -> list[list[str]]:
    """The ids of the buttons of each message that was sent."""
    return [[one["id"] for one in orjson.loads(row["buttons"] or "[]")] for row in await it.said()]


async def test_five_buttons_where_the_channel_has_them(shop: Open) -> None:
    it = await asked(shop, connector="telegram", channel="telegram")
    [row] = await it.rows()
    [first] = await buttons(it)
    assert first == [button_id(row["id"], 0, value) for value in range(1, 6)]
    assert max(len(id_.encode()) for id_ in first) <= 64, "what Telegram takes"
    assert "numero" not in (await it.said())[0]["text"]
    await it.press(first[3], connector="telegram")
    await it.press(first[4], connector="telegram")
    assert [row["answers"] for row in await it.rows()] == [{"satisfaction": 5}], "the last one counts while it is open"
    assert len(await it.said()) == 2, "the second question goes out once"
    assert [one["discarded_by"] for one in await it.messages()] == [None, "survey", "survey"]


async def test_a_button_that_comes_too_late_is_no_contact_either(shop: Open) -> None:
    it = await asked(shop, questions=[SCALE], connector="telegram", channel="telegram")
    [[one, *_, five]] = await buttons(it)
    await it.press(five, connector="telegram")
    await it.press(one, connector="telegram")
    assert [(row["state"], row["answers"]) for row in await it.rows()] == [("answered", {"score": 5})]
    assert [one["discarded_by"] for one in await it.messages()] == [None, "survey", "survey"]
    assert len(await it.told()) == 1


@pytest.mark.parametrize(
    ("question", "ids", "pressed", "value"),
    [(YES_NO, ["yes", "no"], 1, "no"), (CHOICE, ["sure", "perhaps", "never"], 0, "sure"), (SCALE, [], None, None)],
)
async def test_as_many_buttons_as_the_channel_takes(
    shop: Open, question: dict[str, Any], ids: list[str], pressed: int | None, value: str | None
) -> None:
    it = await asked(shop, questions=[question])
    [offered] = await buttons(it)
    assert [id_.rpartition(":")[2] for id_ in offered] == ids
    if pressed is not None:
        await it.press(offered[pressed])
        [told] = await it.told()
        assert told["answers"] == [{"question": question["name"], "value": value}]


async def test_a_list_of_numbers_where_there_are_no_buttons(shop: Open) -> None:
    it = await asked(shop, questions=[CHOICE, YES_NO], connector="sms", channel="sms")
    [said] = await it.said()
    assert said["text"].endswith("Ancora?\n1. Sicuramente\n2. Forse\n3. Mai più\nRispondi con il numero.")
    await it.write("2", connector="sms")
    assert (await it.said())[1]["text"] == "Risolto?\nRispondi sì o no."
    await it.write("sì", connector="sms")
    [told] = await it.told()
    assert told["answers"] == [{"question": "again", "value": "perhaps"}, {"question": "solved", "value": "yes"}]


async def test_an_answer_that_asks_something_goes_its_way_too(shop: Open) -> None:
    it = await asked(shop)
    await it.write("3, ma quando arriva il rimborso?")
    _, contact = await it.messages()
    assert (contact["discarded_by"], contact["category"], contact["awaits_answer"]) == (None, "returns", True)
    assert [row["answers"] for row in await it.rows()] == [{"satisfaction": 3}]
    await it.write("Dove siete?")
    assert [row["state"] for row in await it.rows()] == ["answered"]
    assert [one["discarded_by"] for one in await it.messages()] == [None, None, None]


@pytest.mark.parametrize("text", ["La padella è ancora rotta", "2 problemi", "grazie"])
async def test_what_answers_nothing_goes_its_way_and_the_survey_stays_open(shop: Open, text: str) -> None:
    it = await asked(shop)
    await it.write(text)
    assert [one["discarded_by"] for one in await it.messages()] == [None, None]
    assert [(row["state"], row["answers"]) for row in await it.rows()] == [("asked", {})]
    await it.write("4")
    assert [row["answers"] for row in await it.rows()] == [{"satisfaction": 4}]


@pytest.mark.parametrize(
    "contact",
    [
        {"handle": phone("+393339999999")},
        {"connector": "telegram"},
        {"automated": "auto_reply"},
        {"backlog": True},
        {"kind": "edit"},
        {"kind": "reaction"},
    ],
)
async def test_the_same_word_from_elsewhere_answers_nothing(shop: Open, contact: dict[str, Any]) -> None:
    it = await asked(shop)
    await it.write("5", **contact)
    assert [row["answers"] for row in await it.rows()] == [{}]
    assert "survey" not in [one["discarded_by"] for one in await it.messages()]


async def test_what_was_written_before_it_was_asked_answers_nothing(shop: Open) -> None:
    it = await asked(shop)
    it.ahead_ms -= HOUR
    await it.write("5")
    assert [row["answers"] for row in await it.rows()] == [{}]


async def test_words_count_for_some_hours_only(shop: Open) -> None:
    it = await asked(shop, words_hours=2)
    await it.write("5")
    it.ahead_ms += 3 * HOUR
    await it.write("La pentola nuova fa rumore")
    assert [row["answers"] for row in await it.rows()] == [{"satisfaction": 5}]
    assert (await it.messages())[-1]["discarded_by"] is None


async def test_several_at_once(shop: Open) -> None:
    """The second question was not sent yet when the others were written: what is no number goes its way."""
    it = await asked(shop)
    await it.write("4", "5", "Siete stati bravi")
    assert [row["answers"] for row in await it.rows()] == [{"satisfaction": 5}]
    assert [one["discarded_by"] for one in await it.messages()] == [None, "survey", "survey", None]
    assert len(await it.said()) == 2


async def test_why_it_was_discarded_is_told(shop: Open) -> None:
    it = await asked(shop)
    await it.write("5")
    [row] = await it.rows()
    contact = (await it.messages())[-1]
    told = as_data(RULESET, contact["explanation"])
    assert told["overruled"] == {"by": "survey", "reason": f"answers survey {row['id']}"}
    assert told["decided_by"]["discard"] == "survey"
    text = render(RULESET, contact["explanation"])
    assert f"discarded by survey, whatever the rules say: answers survey {row['id']}" in text


async def test_mail_gets_links(shop: Open) -> None:
    it = await asked(shop, connector="mail", channel="email")
    [row], [said] = await it.rows(), await it.said()
    link = it.links.survey(row["id"])
    assert [f"{link}?a={value}" in said["text"] for value in range(1, 6)] == [True] * 5
    assert (row["form"], said["buttons"]) == ("page", None)
    await it.write("4", connector="mail")
    await it.write("tutto bene", connector="mail")
    assert [(row["state"], row["answers"]) for row in await it.rows()] == [("asked", {"satisfaction": 4})]
    assert [one["discarded_by"] for one in await it.messages()] == [None, "survey", None], "words are for the page"


async def test_in_the_language_of_the_customer(shop: Open) -> None:
    it = shop()
    await it.begin()
    await it.closed("I would like to have a refund for my broken frying pan, please")
    await it.follow()
    [said] = await it.said()
    assert said["text"].startswith("Your request was closed.")


async def test_nothing_is_read_for_it_where_there_are_no_surveys(shop: Open) -> None:
    counts = {}
    for configured in (True, False):
        it = shop()
        if not configured:
            object.__setattr__(it.commit, "surveys", None)
        await it.write("Prima volta")
        seen: list[str] = []
        engine = it.database.engine
        event.listen(engine, "before_cursor_execute", lambda *given, seen=seen: seen.append(given[2]))
        await it.write("Vorrei un rimborso", "E anche questo", "E poi")
        counts[configured] = sum("surveys" in one for one in seen)
        await it.line.stop()
    assert counts == {True: 1, False: 0}


async def test_what_is_told_holds_no_free_words(shop: Open) -> None:
    it = shop(questions=[SCALE])
    await it.begin()
    await it.closed(reason="Nina Rossi è arrabbiata", product="la padella di Nina")
    await it.follow()
    await it.write("4")
    [told], [row] = await it.told(), await it.rows()
    assert (row["reason"], row["product"]) == ("Nina Rossi è arrabbiata", "la padella di Nina")
    assert told.keys().isdisjoint({"reason", "product"})
    assert (told["agent"], told["ticket"]) == ("giulia", "T1")
