"""What surveys say where the configuration says nothing else, in Italian and English."""

from typing import Final

from desk.surveys.survey import Question

INTRO: Final = {
    "it": "La tua richiesta è stata chiusa. Ci aiuti a migliorare con due domande?",
    "en": "Your request was closed. Would you help us to get better with two questions?",
}
THANKS: Final = {
    "it": "Grazie per la tua risposta!",
    "en": "Thank you for your answer!",
}
QUESTIONS: Final = (
    Question(
        name="satisfaction",
        kind="scale",
        text={"it": "Come valuti l'aiuto che ti abbiamo dato?", "en": "How do you rate the help you got from us?"},
        labels={
            "it": ("Pessimo", "Scarso", "Sufficiente", "Buono", "Ottimo"),
            "en": ("Very bad", "Bad", "Fair", "Good", "Excellent"),
        },
    ),
    Question(
        name="comment",
        kind="words",
        text={"it": "Che cosa avremmo potuto fare meglio?", "en": "What could we have done better?"},
    ),
)

SCALE: Final = {
    "it": "Rispondi con un numero da 1 a 5{ends}.",
    "en": "Please answer with a number from 1 to 5{ends}.",
}
YES_OR_NO: Final = {"it": "Rispondi sì o no.", "en": "Please answer yes or no."}
CHOICE: Final = {"it": "Rispondi con il numero.", "en": "Please answer with its number."}
PAGE: Final = {
    "it": "Scegli la tua risposta:",
    "en": "Please choose your answer:",
}
PAGE_ONLY: Final = {"it": "Rispondi qui:", "en": "Please answer here:"}
"""Hints below a question. `{ends}` is what the two ends of a scale mean, in brackets, or nothing."""
