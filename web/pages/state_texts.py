"""What the page of a contact's state says, in every language it speaks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from normalizer.advice import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class StateTexts:
    """`steps` has, by what happened, the state of the contact since then and what the list says of it; `ends` title and advice
    of pages that show no contact."""

    title: str
    now: str
    later: str
    history: str
    reference: str
    on: str
    steps: Mapping[str, tuple[str, str]]
    advice: Mapping[str, str]
    ends: Mapping[str, tuple[str, str]]
    months: tuple[str, ...]
    moment: str


STATE_TEXTS: Final[Mapping[Language, StateTexts]] = {
    "it": StateTexts(
        title="La tua richiesta",
        now="A che punto è",
        later="Riapri questa pagina quando vuoi: mostra sempre a che punto siamo.",
        history="Che cosa è successo",
        reference="Numero di riferimento",
        on="con {channel}",
        steps={
            "received": ("Ricevuta", "Abbiamo ricevuto la tua richiesta"),
            "in_work": ("In lavorazione", "Una persona se ne occupa"),
            "answered": ("Risposta inviata", "Ti abbiamo risposto"),
            "closed": ("Chiusa", "La richiesta è stata chiusa"),
            "reopened": ("Di nuovo in lavorazione", "La richiesta è stata riaperta"),
        },
        advice={
            "received": "Ce l'abbiamo: la legge una persona e ti risponde.",
            "in_work": "Ci stiamo lavorando: ti scriviamo appena c'è una risposta.",
            "answered": "Guarda dove ci hai scritto, o l'indirizzo che ci hai lasciato. Controlla anche lo spam.",
            "closed": "Se qualcosa non torna, rispondi al nostro messaggio o scrivici di nuovo.",
            "reopened": "Ci stiamo lavorando di nuovo.",
        },
        ends={
            "expired": ("Questo link è scaduto", "Se ti serve ancora qualcosa, scrivici: ti rispondiamo."),
            "gone": ("Questa richiesta non è più conservata", "I suoi dati sono stati cancellati."),
            "unknown": ("Questa pagina non esiste", "Controlla che il link sia intero."),
            "rate_limited": ("Troppe richieste ravvicinate", "Aspetta un momento, poi riapri il link."),
            "unavailable": ("In questo momento non riusciamo a rispondere", "Riapri il link tra qualche minuto."),
        },
        months=(
            "gennaio",
            "febbraio",
            "marzo",
            "aprile",
            "maggio",
            "giugno",
            "luglio",
            "agosto",
            "settembre",
            "ottobre",
            "novembre",
            "dicembre",
        ),
        moment="{day} {month} {year}, ore {time}",
    ),
    "en": StateTexts(
        title="Your request",
        now="Where it stands",
        later="Open this page again whenever you like: it always shows where we are.",
        history="What happened",
        reference="Reference number",
        on="by {channel}",
        steps={
            "received": ("Received", "We received your request"),
            "in_work": ("In progress", "A person is taking care of it"),
            "answered": ("Answered", "We answered you"),
            "closed": ("Closed", "The request was closed"),
            "reopened": ("In progress again", "The request was opened again"),
        },
        advice={
            "received": "We have it: a person reads it and will answer you.",
            "in_work": "We are working on it, and will write to you as soon as there is an answer.",
            "answered": "Look where you wrote to us, or at the address that you left us. Check the spam folder, too.",
            "closed": "If something is not right, answer our message or write to us again.",
            "reopened": "We are working on it again.",
        },
        ends={
            "expired": ("This link has expired", "If there is anything you still need, write to us: we will answer."),
            "gone": ("This request is not kept any more", "Its data was deleted."),
            "unknown": ("This page does not exist", "Please check that the link is whole."),
            "rate_limited": ("Too many requests in a short time", "Please wait a moment, then open the link again."),
            "unavailable": ("We cannot answer right now", "Please open the link again in a few minutes."),
        },
        months=(
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ),
        moment="{day} {month} {year}, {time}",
    ),
}

CHANNELS: Final[Mapping[str, Mapping[Language, str]]] = {
    "email": {"it": "un'e-mail", "en": "e-mail"},
    "web_form": {"it": "un'e-mail", "en": "e-mail"},
    "sms": {"it": "un SMS", "en": "text message"},
    "rcs": {"it": "un messaggio RCS", "en": "RCS message"},
    "chat": {"it": "la chat", "en": "chat"},
    "web_chat": {"it": "la chat", "en": "chat"},
    "phone": {"it": "una telefonata", "en": "phone"},
    "call": {"it": "una telefonata", "en": "phone"},
    "desk": {"it": "il nostro punto vendita", "en": "our shop counter"},
    "app": {"it": "l'app", "en": "the app"},
    "whatsapp": {"it": "WhatsApp", "en": "WhatsApp"},
    "messenger": {"it": "Messenger", "en": "Messenger"},
    "instagram": {"it": "Instagram", "en": "Instagram"},
    "telegram": {"it": "Telegram", "en": "Telegram"},
    "line": {"it": "LINE", "en": "LINE"},
    "viber": {"it": "Viber", "en": "Viber"},
    "wechat": {"it": "WeChat", "en": "WeChat"},
    "x": {"it": "X", "en": "X"},
}
"""Channels as customers call them; of any other no name is shown."""
