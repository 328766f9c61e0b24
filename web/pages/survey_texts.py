"""What the page of a survey says around its questions, in every language it speaks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from normalizer.advice import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyTexts:
    """`states` has title and advice by the state of the page, in which `{brand}` may stand."""

    send: str
    optional: str
    choose: str
    error: str
    states: Mapping[str, tuple[str, str]]


SURVEY_TEXTS: Final[Mapping[Language, SurveyTexts]] = {
    "it": SurveyTexts(
        send="Invia",
        optional="facoltativo",
        choose="Scegli una risposta.",
        error="Errore",
        states={
            "ask": ("Com'è andata?", "{brand} ha chiuso la tua richiesta e vorrebbe sapere com'è andata. Basta un minuto."),
            "done": ("Grazie!", "La tua risposta è arrivata a {brand}. Puoi chiudere questa pagina."),
            "already": ("Grazie, hai già risposto", "La tua risposta è arrivata a {brand}: è tutto."),
            "expired": ("Il tempo per rispondere è finito", "Se vuoi dirci qualcosa, scrivi a {brand}: ti leggiamo."),
            "unknown": ("Questa pagina non esiste", "Controlla che il link sia intero."),
            "rate_limited": ("Troppe richieste ravvicinate", "Aspetta un momento, poi riapri il link."),
            "unavailable": ("In questo momento non riusciamo a rispondere", "Riapri il link tra qualche minuto."),
        },
    ),
    "en": SurveyTexts(
        send="Send",
        optional="optional",
        choose="Please choose an answer.",
        error="Error",
        states={
            "ask": ("How did it go?", "{brand} closed your request and would like to know how it went. It takes a minute."),
            "done": ("Thank you!", "{brand} has your answer. You can close this page."),
            "already": ("Thank you, you have answered already", "{brand} has your answer: that is all."),
            "expired": ("The time to answer is over", "If you would like to tell us something, write to {brand}: we read it."),
            "unknown": ("This page does not exist", "Please check that the link is whole."),
            "rate_limited": ("Too many requests in a short time", "Please wait a moment, then open the link again."),
            "unavailable": ("We cannot answer right now", "Please open the link again in a few minutes."),
        },
    ),
}
