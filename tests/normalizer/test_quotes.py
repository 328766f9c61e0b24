"""What counts most: a customer's words are never cut, whatever they look like."""

import time

import pytest

from normalizer.mail.quotes import new_words

KEPT = [
    "Thanks, but my order is still missing.\nPlease answer.",
    "Vorrei sapere:\n- quando arriva\n- chi lo porta",
    "Il giorno 3 giugno 2024 alle 10:30 vi ho scritto:\nla padella è rotta, e nessuno ha risposto.",
    "Da: Milano\nA: Roma\nData: 3 giugno 2024\nVorrei spostare la consegna.",
    "Oggetto: reso\nData: 3/6/2024\nOrdine: 4711",
    "Le 3 juin 2024 votre collègue a écrit :\n« tout est prêt », mais non.",
    "El repartidor escribió:\nno hay nadie.",
    "> 500 € sono troppi per una padella",
    "Totale\n--\n" + "\n".join(f"riga {n}" for n in range(20)),
    "Data: 12/03\nWysłano: tak",
    "________________________________________\nCiao, vorrei un rimborso",
    "On the phone your colleague wrote:\nnothing at all",
]


@pytest.mark.parametrize("text", KEPT)
def test_words_of_the_customer_stay(text: str) -> None:
    assert new_words(text) == text


@pytest.mark.parametrize(
    ("text", "subject", "expected"),
    [
        ("Sì.\n\n-----Messaggio originale-----\nDa: Shop\nvecchio", "R: ordine", "Sì."),
        ("Ja\n\n-------- Ursprüngliche Nachricht --------\nVon: Shop", "AW: x", "Ja"),
        ("Va bene.\nIl giorno lun 3 giu 2024 Shop <a@b.it>\nha scritto:\n\nvecchio testo", "R: x", "Va bene."),
        ("Ok\n\nOn 3 Jun 2024, at 10:30, Shop wrote:\n\n> vecchio", "Re: x", "Ok"),
        ("Ok\n\nOn 3 Jun 2024, at 10:30, Shop wrote:\n\n> old\n\nAnd one more thing.", "Re: x", "Ok\n\nAnd one more thing."),
        ("Grazie\n-- \nAnna Bianchi\nVia Roma 1", None, "Grazie"),
        ("Grazie\n\nSent from my Samsung Galaxy smartphone.", None, "Grazie"),
        ("Grazie\n\nScarica Outlook per iOS", None, "Grazie"),
        ("> tutto\n> citato", "Re: x", "> tutto\n> citato"),
        ("Vedi sotto\n\nFrom: Shop <a@b.it>\nSent: Monday\nSubject: x\n\nwords", "I: x", None),
        ("Vedi sotto\n\nInizio messaggio inoltrato:\n\nDa: Shop <a@b.it>\nOggetto: x\n\nparole", "x", None),
        ("新しい質問です。\n\n2024年6月3日(月) 10:30 Shop <a@b.jp>:\n\n> 古い", "Re: x", "新しい質問です。"),
    ],
)
def test_history(text: str, subject: str | None, expected: str | None) -> None:
    assert new_words(text, subject) == (text if expected is None else expected)


HOSTILE = {
    "newlines": "a" + "\n" * 20_000 + "b",
    "headlines": ("On " + "1 wrote " * 36 + "10:30:\n") * 700,
    "headlines with addresses": ("Am <a@b.it> " + "schrieb " * 34 + ":\n") * 700,
    "headers": "From: a@b.it\n" * 15_000,
    "marks": ">" * 200_000,
    "rulers": "-- \n" * 50_000,
    "spans": ("On 3 wrote a 10:30\nx:\n") * 9000,
    "names": ("A b " * 60 + ":\n> x\n") * 650,
    "announcements": "see " * 45_000 + "\n\nFrom: a@b.it\nSent: 10:30\nSubject: y",
    "one line": "On " * 66_000 + "wrote:",
}


@pytest.mark.parametrize("subject", ["Order", "Re: Order", "Fwd: Order"])
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_takes_bounded_time(text: str, subject: str) -> None:
    started = time.perf_counter()
    new_words(text, subject)
    assert time.perf_counter() - started < 3
