"""A ticket is closed, the customer is asked on the same channel, and the answers are known and told."""

from tests.surveys.conftest import Open

SCALE = {"name": "satisfaction", "kind": "scale", "text": {"it": "Soddisfatti?", "en": "Satisfied?"}}
WORDS = {"name": "comment", "kind": "words", "text": {"it": "Che cosa manca?"}}


async def test_a_number_and_words(shop: Open) -> None:
    it = shop()
    await it.begin()
    await it.closed(product="PAN-28")
    await it.follow()
    [asked] = await it.said()
    assert "numero da 1 a 5 (1 = pessimo, 5 = ottimo)" in asked["text"]
    assert (asked["automatic"], asked["connector"], asked["handle_value"]) == (True, "whatsapp", "+393331234567")

    await it.write("5")
    [_, second] = await it.said()
    assert second["text"] == "Che cosa avremmo potuto fare meglio?"
    assert await it.told() == []
    await it.write("Siete stati veloci e gentili")
    [row] = await it.rows()
    assert (row["state"], row["answers"]) == ("answered", {"satisfaction": 5, "comment": "Siete stati veloci e gentili"})
    [told] = await it.told()
    contact = (await it.messages())[0]
    assert told == {
        "survey": row["id"],
        "name": "closed",
        "ticket": "T1",
        "agent": "giulia",
        "category": "returns",
        "channel": "whatsapp",
        "conversation": contact["conversation_id"],
        "customer": contact["customer_id"],
        "answers": [{"question": "satisfaction", "value": 5}],
        "words": True,
        "complete": True,
    }
    assert [one["text"] for one in await it.said()][2:] == ["Grazie per la tua risposta!"]


async def test_answers_are_no_new_contacts(shop: Open) -> None:
    it = shop()
    await it.begin()
    await it.closed()
    await it.follow()
    await it.write("4/5")
    await it.write("tutto bene, grazie")
    published = len(it.line.queues.seen)
    first, *answers = await it.messages()
    assert published == 2, "the first contact, into its queue and that of the partners"
    assert [one["discarded_by"] for one in answers] == ["survey", "survey"]
    assert not any(one["awaits_answer"] for one in answers)
    assert {one["conversation_id"] for one in answers} == {first["conversation_id"]}
    [talk] = await it.conversations()
    assert (talk["open"], talk["messages"], talk["last_ms"]) == (False, 3, first["at_ms"])
    books = await it.line.books()
    assert (books.balance, books.discarded) == (True, 2)
