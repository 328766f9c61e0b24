"""What the form's pages say, in every language they speak."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from normalizer.advice import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class PageTexts:
    """The words of the pages themselves; labels and titles come from the settings."""

    own_name: str
    optional: str
    answer_at: str
    any_of: str
    one_is_enough: str
    choose: str
    files: str
    files_hint: str
    families: Mapping[str, str]
    files_again: str
    send: str
    sending: str
    errors_one: str
    errors_many: str
    error: str
    trap: str
    too_many: str
    too_large: str
    too_large_together: str
    other_language: str
    thanks_title: str
    thanks_text: str
    reference: str
    reference_hint: str
    another: str
    back: str
    wait: str
    topic_next: str
    topic_change: str
    progress: str
    cancel: str
    cancelled: str
    failed: str
    maybe: str
    maybe_close: str
    opens_apart: str
    state: str


TEXTS: Final[Mapping[Language, PageTexts]] = {
    "it": PageTexts(
        own_name="Italiano",
        optional="facoltativo",
        answer_at="Dove ti rispondiamo?",
        any_of="Compila almeno uno di questi",
        one_is_enough="ne basta uno",
        choose="Scegli…",
        files="Allegati",
        files_hint="{types}: fino a {count} file, {each} ciascuno, {total} in tutto.",
        families={"image/*": "Foto", "audio/*": "audio", "video/*": "video", "text/plain": "testo"},
        files_again="I file non restano nella pagina: se ne avevi scelti, sceglili di nuovo.",
        send="Invia",
        sending="Invio in corso…",
        errors_one="C'è una cosa da correggere",
        errors_many="Ci sono {count} cose da correggere",
        error="Errore",
        trap="Lascia vuoto questo campo",
        too_many="Allega al massimo {count} file.",
        too_large="Allega file di {each} al massimo ciascuno.",
        too_large_together="Gli allegati insieme superano {total}.",
        other_language="Lingua",
        thanks_title="Grazie, messaggio ricevuto",
        thanks_text="Lo leggiamo e ti rispondiamo all'indirizzo che ci hai lasciato.",
        reference="Numero di riferimento",
        reference_hint="Conservalo: serve a ritrovare subito la tua richiesta.",
        another="Scrivi un altro messaggio",
        back="Comincia con un modulo vuoto",
        wait="Puoi riprovare tra {seconds} secondi.",
        topic_next="Continua",
        topic_change="Cambia",
        progress="Invio dei file: {percent} %",
        cancel="Annulla l'invio",
        cancelled="Invio annullato: non è partito niente, e quello che hai scritto è ancora qui.",
        failed="La connessione si è interrotta. Quello che hai scritto è qui: premi di nuovo Invia, non arriva due volte.",
        maybe="Forse la risposta c'è già",
        maybe_close="Nascondi",
        opens_apart="si apre in un'altra scheda",
        state="Segui la tua richiesta",
    ),
    "en": PageTexts(
        own_name="English",
        optional="optional",
        answer_at="Where shall we answer?",
        any_of="Fill in at least one of these",
        one_is_enough="one is enough",
        choose="Choose…",
        files="Attachments",
        files_hint="{types}: up to {count} files, {each} each, {total} in all.",
        families={"image/*": "Photos", "audio/*": "audio", "video/*": "video", "text/plain": "text"},
        files_again="Files do not stay in the page: if you had chosen any, please choose them again.",
        send="Send",
        sending="Sending…",
        errors_one="One thing needs correcting",
        errors_many="{count} things need correcting",
        error="Error",
        trap="Leave this field empty",
        too_many="Please attach at most {count} files.",
        too_large="Please attach files of at most {each} each.",
        too_large_together="The attachments together are larger than {total}.",
        other_language="Language",
        thanks_title="Thank you, we have your message",
        thanks_text="We will read it and answer at the address you left us.",
        reference="Reference number",
        reference_hint="Please keep it: it finds your request at once.",
        another="Write another message",
        back="Start with an empty form",
        wait="You can try again in {seconds} seconds.",
        topic_next="Continue",
        topic_change="Change",
        progress="Sending files: {percent} %",
        cancel="Cancel sending",
        cancelled="Cancelled: nothing was sent, and what you wrote is still here.",
        failed="The connection broke. What you wrote is still here: press Send again, it will not arrive twice.",
        maybe="Perhaps the answer is here already",
        maybe_close="Hide",
        opens_apart="opens in another tab",
        state="Follow your request",
    ),
}

_KEPT: Final[Mapping[Language, str]] = {
    "it": "Torna indietro con il tasto del browser: quello che hai scritto è ancora lì.",
    "en": "Go back with your browser's button: what you wrote is still there.",
}

PROBLEMS: Final[Mapping[Language, Mapping[str, tuple[str, str]]]] = {
    "it": {
        "rate_limited": ("Troppi invii ravvicinati", f"Aspetta un momento, poi riprova. {_KEPT['it']}"),
        "too_large": ("Gli allegati sono troppo grandi", f"Invia meno file o file più piccoli. {_KEPT['it']}"),
        "unavailable": ("In questo momento non riusciamo a ricevere", f"Riprova tra qualche minuto. {_KEPT['it']}"),
        "malformed": ("L'invio non è arrivato intero", f"Riprova a inviare. {_KEPT['it']}"),
        "unsupported_media_type": ("L'invio non è arrivato intero", f"Riprova a inviare. {_KEPT['it']}"),
        "unknown_connector": ("Questa pagina non esiste", "Controlla l'indirizzo, oppure torna al sito da cui sei arrivato."),
        "not_found": ("Questa pagina non esiste", "Controlla l'indirizzo, oppure torna al sito da cui sei arrivato."),
        "": ("Qualcosa non ha funzionato", f"Riprova tra qualche minuto. {_KEPT['it']}"),
    },
    "en": {
        "rate_limited": ("Too many messages in a short time", f"Please wait a moment and try again. {_KEPT['en']}"),
        "too_large": ("The attachments are too large", f"Please send fewer or smaller files. {_KEPT['en']}"),
        "unavailable": ("We cannot take messages right now", f"Please try again in a few minutes. {_KEPT['en']}"),
        "malformed": ("Your message did not arrive whole", f"Please send it again. {_KEPT['en']}"),
        "unsupported_media_type": ("Your message did not arrive whole", f"Please send it again. {_KEPT['en']}"),
        "unknown_connector": ("This page does not exist", "Please check the address, or go back to the site you came from."),
        "not_found": ("This page does not exist", "Please check the address, or go back to the site you came from."),
        "": ("Something went wrong", f"Please try again in a few minutes. {_KEPT['en']}"),
    },
}
"""Rejection code to title and what to do; the empty code stands for all others."""
