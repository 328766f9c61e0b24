"""What the widget says, in every language it speaks. `{…}` is filled in by the widget."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from normalizer.advice import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class WidgetTexts:
    """The words of the widget itself; title and flow come from the settings."""

    own_name: str
    greeting: str
    open: str
    close: str
    unread_one: str
    unread_many: str
    log: str
    language: str
    here: str
    closed: str
    opens: str
    by_email: str
    email: str
    keep: str
    change: str
    offline: str
    write: str
    answer: str
    send: str
    attach: str
    remove: str
    cancel: str
    again: str
    discard: str
    you: str
    team: str
    typing: str
    file: str
    today: str
    sending: str
    sent: str
    delivered: str
    read: str
    failed: str
    files_lost: str
    upload: str
    too_long: str
    too_many: str
    too_large: str
    too_large_together: str
    wrong_email: str
    wrong_number: str
    wrong_phone: str
    wrong_text: str
    person: str
    skip: str
    next: str
    go_on: str
    restart: str
    search: str
    found: str
    none_found: str
    loading: str
    not_loaded: str
    back: str
    helped: str
    yes: str
    no: str
    glad: str
    sorry: str


TEXTS: Final[Mapping[Language, WidgetTexts]] = {
    "it": WidgetTexts(
        own_name="Italiano",
        greeting="Ciao! Come possiamo aiutarti?",
        open="Apri la chat",
        close="Chiudi la chat",
        unread_one="1 messaggio nuovo",
        unread_many="{count} messaggi nuovi",
        log="Messaggi",
        language="Lingua",
        here="Ora in linea",
        closed="Ora siamo chiusi",
        opens="Riapriamo {when}.",
        by_email="Scrivi pure: ti rispondiamo per e\u2011mail.",
        email="La tua e-mail",
        keep="Salva",
        change="Cambia",
        offline="Non siamo collegati: quello che scrivi parte appena si può.",
        write="Scrivi un messaggio",
        answer="Scrivi la risposta",
        send="Invia",
        attach="Allega file",
        remove="Togli {name}",
        cancel="Annulla",
        again="Riprova",
        discard="Elimina",
        you="Tu",
        team="Assistenza",
        typing="{name} sta scrivendo",
        file="file",
        today="Oggi",
        sending="In attesa",
        sent="Inviato",
        delivered="Consegnato",
        read="Letto",
        failed="Il messaggio non è stato accettato.",
        files_lost="I file non sono più qui: elimina e allegali di nuovo.",
        upload="Caricamento",
        too_long="Scrivi al massimo {count} caratteri.",
        too_many="Allega al massimo {count} file.",
        too_large="Allega file di {size} al massimo ciascuno.",
        too_large_together="Gli allegati insieme superano {size}.",
        wrong_email="Scrivi un indirizzo e-mail completo, per esempio anna@example.it.",
        wrong_number="Scrivi solo un numero, per esempio 12 oppure 89,90.",
        wrong_phone="Scrivi solo un numero di telefono completo.",
        wrong_text="Scrivi qualcosa.",
        person="Parla con una persona",
        skip="Salta",
        next="Avanti",
        go_on="Non ho trovato la risposta",
        restart="Ricomincia",
        search="Cerca una risposta",
        found="Risposte trovate: {count}",
        none_found="Nessuna risposta trovata: prova con altre parole.",
        loading="Un momento…",
        not_loaded="Ora non riusciamo a mostrarla: riprova tra poco.",
        back="Indietro",
        helped="Ti è stato utile?",
        yes="Sì",
        no="No",
        glad="Ne siamo contenti, grazie!",
        sorry="Ci dispiace. Scrivici: ci pensa una persona.",
    ),
    "en": WidgetTexts(
        own_name="English",
        greeting="Hello! How can we help?",
        open="Open the chat",
        close="Close the chat",
        unread_one="1 new message",
        unread_many="{count} new messages",
        log="Messages",
        language="Language",
        here="Online now",
        closed="We are closed now",
        opens="We are back {when}.",
        by_email="Do write: we will answer by e\u2011mail.",
        email="Your e-mail",
        keep="Save",
        change="Change",
        offline="Not connected: what you write leaves as soon as it can.",
        write="Write a message",
        answer="Write your answer",
        send="Send",
        attach="Attach files",
        remove="Remove {name}",
        cancel="Cancel",
        again="Try again",
        discard="Delete",
        you="You",
        team="Support",
        typing="{name} is typing",
        file="file",
        today="Today",
        sending="Waiting",
        sent="Sent",
        delivered="Delivered",
        read="Read",
        failed="The message was not accepted.",
        files_lost="The files are not here any more: delete this and attach them again.",
        upload="Upload",
        too_long="Please write at most {count} characters.",
        too_many="Please attach at most {count} files.",
        too_large="Please attach files of at most {size} each.",
        too_large_together="The attachments together are larger than {size}.",
        wrong_email="Please write a complete e-mail address, such as anna@example.com.",
        wrong_number="Please write a number only, such as 12 or 89.90.",
        wrong_phone="Please write a complete phone number only.",
        wrong_text="Please write something.",
        person="Talk to a person",
        skip="Skip",
        next="Next",
        go_on="That did not answer it",
        restart="Start again",
        search="Search for an answer",
        found="Answers found: {count}",
        none_found="No answer found: try other words.",
        loading="One moment…",
        not_loaded="This cannot be shown now: please try again soon.",
        back="Back",
        helped="Did this help?",
        yes="Yes",
        no="No",
        glad="Glad to hear, thank you!",
        sorry="Sorry about that. Write to us: a person will see to it.",
    ),
}
