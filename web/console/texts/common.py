"""What all pages of the console say around their own words, in every language, and what refusals are called."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from normalizer.advice import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonTexts:
    """`problems` has title and advice by the code of a refusal (`connectors.errors.RejectionCode`); `""` is for all others."""

    own_name: str
    console: str
    skip: str
    navigation: str
    language: str
    theme: str
    themes: Mapping[str, str]
    roles: Mapping[str, str]
    account: str
    log_out: str
    save: str
    cancel: str
    search: str
    show: str
    all: str
    all_f: str
    """The same of what is feminine in Italian: queues, categories."""
    anywhere: str
    older: str
    newest: str
    nothing: str
    yes: str
    no: str
    bytes: str
    back: str
    wait: str
    masked: str
    wrong: str
    said: Mapping[str, str]
    problems: Mapping[str, tuple[str, str]]


COMMON: Final[Mapping[Language, CommonTexts]] = {
    "it": CommonTexts(
        own_name="Italiano",
        console="Console",
        skip="Vai al contenuto",
        navigation="Pagine",
        language="Lingua",
        theme="Aspetto",
        themes={"auto": "Come il sistema", "light": "Chiaro", "dark": "Scuro"},
        roles={"viewer": "Osservatore", "agent": "Operatore", "admin": "Amministratore"},
        account="Il mio profilo",
        log_out="Esci",
        save="Salva",
        cancel="Annulla",
        search="Cerca",
        show="Mostra",
        all="Tutti",
        all_f="Tutte",
        anywhere="Ovunque",
        older="Precedenti",
        newest="Più recenti",
        nothing="Niente da mostrare.",
        yes="sì",
        no="no",
        bytes="byte",
        back="Torna a Live",
        wait="Riprova tra {seconds} secondi.",
        masked="I dati personali sono mascherati per il tuo ruolo.",
        wrong="Da correggere",
        said={
            "saved": "Salvato.",
            "done": "Fatto.",
            "password_changed": "Password cambiata. Gli altri accessi sono stati chiusi.",
            "logged_out_elsewhere": "Gli altri accessi sono stati chiusi.",
            "merged": "I due clienti sono uno. L'unione si può annullare.",
            "unmerged": "L'unione è annullata: il cliente è di nuovo da solo.",
            "rejected": "Suggerimento respinto: non verrà più proposto per questo motivo.",
            "released": "Il recapito è sciolto.",
            "reply_queued": "Risposta accettata: parte appena possibile.",
            "erased": "Il cliente è cancellato.",
            "lay_there": "Era già in quella coda: non c'è andato due volte.",
            "not_done": "Non è stato possibile: qualcun altro è arrivato prima.",
            "still_held": "Non si legge ancora: resta in quarantena.",
        },
        problems={
            "": ("Non è stato possibile", "Torna indietro e riprova."),
            "not_found": ("Questa pagina non esiste", "Controlla l'indirizzo, o parti da Live."),
            "gone": ("Non c'è più", "Questo cliente è stato cancellato, e i suoi dati con lui."),
            "unknown_customer": ("Questo cliente non esiste", "Controlla l'indirizzo, o cerca il cliente."),
            "unknown_message": (
                "Questo messaggio non esiste",
                "Forse è stato cancellato, o è più vecchio di quanto si conserva.",
            ),
            "scope_missing": ("Il tuo ruolo non basta", "Chiedi a un amministratore se ti serve questa pagina."),
            "handshake_refused": (
                "La richiesta non veniva da questa pagina",
                "Ricarica la pagina e riprova: forse era aperta da prima del tuo ultimo accesso.",
            ),
            "method_not_allowed": ("Non si fa così", "Parti da Live."),
            "malformed": ("La richiesta non si capisce", "Ricarica la pagina e riprova."),
            "invalid_fields": ("C'è qualcosa da correggere", "Torna indietro e controlla i campi."),
            "too_large": ("È troppo grande", "Riprova con meno testo o con file più piccoli."),
            "rate_limited": ("Troppi tentativi ravvicinati", "Aspetta un momento, poi riprova."),
            "unavailable": ("Il database non risponde", "Riprova tra qualche secondo: nulla è andato perso."),
            "internal": (
                "È un difetto di Regia",
                "Il registro del gateway dice quale. Nulla è stato cambiato da questa richiesta.",
            ),
        },
    ),
    "en": CommonTexts(
        own_name="English",
        console="Console",
        skip="Skip to content",
        navigation="Pages",
        language="Language",
        theme="Appearance",
        themes={"auto": "As the system", "light": "Light", "dark": "Dark"},
        roles={"viewer": "Viewer", "agent": "Agent", "admin": "Admin"},
        account="My profile",
        log_out="Log out",
        save="Save",
        cancel="Cancel",
        search="Search",
        show="Show",
        all="All",
        all_f="All",
        anywhere="Anywhere",
        older="Older",
        newest="Newest",
        nothing="Nothing to show.",
        yes="yes",
        no="no",
        bytes="bytes",
        back="Back to Live",
        wait="Try again in {seconds} seconds.",
        masked="Personal data is masked for your role.",
        wrong="To be corrected",
        said={
            "saved": "Saved.",
            "done": "Done.",
            "password_changed": "Password changed. Your other log-ins were ended.",
            "logged_out_elsewhere": "Your other log-ins were ended.",
            "merged": "The two customers are one. The merge can be undone.",
            "unmerged": "The merge is undone: the customer is on their own again.",
            "rejected": "Suggestion rejected: it is not made again for this reason.",
            "released": "The address is released.",
            "reply_queued": "Reply accepted: it leaves as soon as it can.",
            "erased": "The customer is erased.",
            "lay_there": "It lay in that queue already: it is not there twice.",
            "not_done": "That was not possible: somebody else was there before.",
            "still_held": "It still cannot be read: it stays in quarantine.",
        },
        problems={
            "": ("That was not possible", "Go back and try again."),
            "not_found": ("This page does not exist", "Check the address, or start at Live."),
            "gone": ("It is no longer here", "This customer was erased, and their data with them."),
            "unknown_customer": ("This customer does not exist", "Check the address, or look for the customer."),
            "unknown_message": ("This message does not exist", "It may have been erased, or be older than messages are kept."),
            "scope_missing": ("Your role is not enough", "Ask an admin if you need this page."),
            "handshake_refused": (
                "The request did not come from this page",
                "Reload the page and try again: it may have been open since before you logged in.",
            ),
            "method_not_allowed": ("That is not how it is done", "Start at Live."),
            "malformed": ("The request cannot be understood", "Reload the page and try again."),
            "invalid_fields": ("Something is to be corrected", "Go back and look at the fields."),
            "too_large": ("It is too large", "Try again with less text or smaller files."),
            "rate_limited": ("Too many tries in a short time", "Wait a moment, then try again."),
            "unavailable": ("The database does not answer", "Try again in a few seconds: nothing was lost."),
            "internal": ("This is a defect of Regia", "The gateway's log says which. This request changed nothing."),
        },
    ),
}
