"""What customers' words answer, and whether they ask something."""

import pytest

from desk.surveys.asks import asks
from desk.surveys.reading import LONGEST_WORDS, Read, read
from desk.surveys.survey import Question, Value
from desk.surveys.texts import QUESTIONS

SCALE, WORDS = QUESTIONS
YES_NO = Question(name="solved", kind="yes_no", text={"it": "Risolto?"})
CHOICE = Question(
    name="again",
    kind="choice",
    text={"it": "Ancora?"},
    choices={"sure": {"it": "Sicuramente", "en": "Sure"}, "perhaps": {"it": "Forse"}, "never": {"it": "Mai più"}},
)


@pytest.mark.parametrize(
    ("question", "text", "value"),
    [
        (SCALE, "5", 5),
        (SCALE, " 1 ", 1),
        (SCALE, "5/5", 5),
        (SCALE, "4 su 5", 4),
        (SCALE, "4 out of 5!", 4),
        (SCALE, "3 stelle", 3),
        (SCALE, "5 stars", 5),
        (SCALE, "Cinque", 5),
        (SCALE, "four.", 4),
        (SCALE, "OTTIMO!!", 5),
        (SCALE, "Very bad", 1),
        (SCALE, "bad", 2),
        (SCALE, "⭐⭐⭐⭐", 4),
        (SCALE, "5️⃣", 5),
        (SCALE, "5 👍", 5),
        (SCALE, "5, grazie mille", 5),
        (SCALE, "5 grazie a voi!", 5),
        (YES_NO, "Sì", "yes"),
        (YES_NO, "si grazie", "yes"),
        (YES_NO, "YES!", "yes"),
        (YES_NO, "No.", "no"),
        (CHOICE, "2", "perhaps"),
        (CHOICE, "mai piu", "never"),
        (CHOICE, "Sure, thanks", "sure"),
        (WORDS, "Siete stati gentili", "Siete stati gentili"),
        (WORDS, "x" * LONGEST_WORDS, "x" * LONGEST_WORDS),
    ],
)
def test_what_is_an_answer_and_nothing_else(question: Question, text: str, value: Value) -> None:
    assert read(question, text) == Read(value, more=False)


@pytest.mark.parametrize(
    ("question", "text", "value"),
    [
        (SCALE, "5, ma dov'è il rimborso", 5),
        (SCALE, "2. Nessuno mi ha richiamato", 2),
        (SCALE, "4\nperò il pacco era aperto", 4),
        (SCALE, "5?", 5),
        (SCALE, "Ottimo, mandatemi la fattura", 5),
        (YES_NO, "No, manca ancora il pezzo", "no"),
        (CHOICE, "Forse: dipende dal prezzo", "perhaps"),
    ],
)
def test_what_is_an_answer_beside_something_else(question: Question, text: str, value: Value) -> None:
    assert read(question, text) == Read(value, more=True)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        *(
            (SCALE, text)
            for text in ("", "0", "6", "10", "55", "4,5", "4.5", "1-2", "5mila", "3:45", "2 problemi", "a 5", "n. 4")
        ),
        *(
            (SCALE, text)
            for text in ("Il pacco è rotto", "grazie", "⭐⭐⭐⭐⭐⭐", "5 6", "uno di voi mi chiami", "x" * 2000, "5 " * 800)
        ),
        *((SCALE, text) for text in ("Buono a sapersi", "Bad luck")),
        *((YES_NO, text) for text in ("si è rotto", "no problem", "forse", "1", "nosì", "yesterday")),
        *((CHOICE, text) for text in ("0", "4", "Forse domani", "sure thing")),
        (WORDS, " "),
        (WORDS, "x" * (LONGEST_WORDS + 1)),
    ],
)
def test_what_is_none(question: Question, text: str) -> None:
    assert read(question, text) is None


def test_a_word_that_stands_for_two_things_stands_for_none() -> None:
    both = Question(name="q", kind="scale", text={}, labels={"it": ("No", "Boh", "Boh", "Bene", "Uno")})
    assert [read(both, text) for text in ("boh", "uno")] == [None, None]
    assert read(both, "bene") == Read(4, more=False)


@pytest.mark.parametrize(
    "text",
    [
        "Dov'è il mio pacco?",
        "dove è il mio pacco",
        "Bene. Quando arriva il resto",
        "Vorrei anche la fattura",
        "tutto ok ma il manico è rotto",
        "ordine 55021",
        "Please call me",
        "Everything was fine; can you send the invoice",
        "¿y ahora",
        "什么\uff1f",
        "Il pacco è arrivato danneggiato",
        "Ho un problema con un altro ordine",
        "non funziona",
        "Il prodotto non mi è mai arrivato",
        "manca un pezzo",
        "Mandatemi la fattura",
        "Cambio idea, annullate tutto",
        "It does not work",
        "It doesn't work",
        "The item arrived damaged",
        "La sto ancora aspettando",
        "Ancora niente",
    ],
)
def test_it_asks(text: str) -> None:
    assert asks(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Siete stati veloci e gentili",
        "tutto bene, grazie!",
        "Great service",
        "5",
        "lenti, ma bravi",
        "10 minuti",
        "grazie ancora",
        "Grazie mille ancora!",
    ],
)
def test_it_does_not(text: str) -> None:
    assert not asks(text)
