"""What people of the console read where something is refused: title and advice, by the code of the refusal.

The list is closed: `connectors.errors.RejectionCode` without what only programs meet (`PROGRAMS`). `""` is for those.
"""

from collections.abc import Mapping
from typing import Final, get_args

from connectors.errors import RejectionCode
from normalizer.advice import Language

Problem = tuple[str, str]

PROGRAMS: Final[frozenset[RejectionCode]] = frozenset(
    {
        "signature_missing",
        "signature_wrong",
        "signature_stale",
        "token_unknown",
        "idempotency_conflict",
        "unknown_challenge",
        "wrong_code",
        "already_used",
        "expired",
        "too_many_attempts",
        "too_many_asked",
        "cannot_send",
        "unknown_conversation",
        "unknown_ticket",
        "ambiguous_ticket",
        "reply_refused",
    }
)
"""Answers of the API, of webhooks and of proofs alone: no address of the console gives them."""
PEOPLE: Final = tuple(code for code in get_args(RejectionCode) if code not in PROGRAMS)

_PROFILE_IT: Final = "Riapri il cliente e guarda i suoi recapiti."
_PROFILE_EN: Final = "Open the customer again and look at the addresses."

IT: Final[Mapping[str, Problem]] = {
    "": ("Non è stato possibile", "Torna indietro e riprova."),
    "not_found": ("Questa pagina non esiste", "Controlla l'indirizzo, o parti da Live."),
    "gone": ("Non c'è più", "Questo cliente è stato cancellato, e i suoi dati con lui."),
    "unknown_customer": ("Questo cliente non esiste", "Controlla l'indirizzo, o cerca il cliente."),
    "unknown_message": ("Questo messaggio non esiste", "Forse è stato cancellato, o è più vecchio di quanto si conserva."),
    "unknown_connector": ("Questo canale non c'è", "Non è nella configurazione di ora: ricarica la pagina."),
    "unknown_link": (
        "Questo recapito non c'è",
        "Non è di questo cliente, o lo era di un cliente cancellato. Riapri il cliente.",
    ),
    "unknown_suggestion": ("Questo suggerimento non c'è più", "Uno dei due clienti è stato cancellato: cerca l'altro."),
    "decided_already": (
        "Qualcun altro ha già deciso",
        "Un collega ha già unito questi due clienti, o detto che non sono la stessa persona. Da qui non è cambiato niente: "
        "riapri il cliente per vedere com'è ora.",
    ),
    "same_customer": ("Sono già un cliente solo", "Non c'è niente da unire: riapri il cliente per vederlo com'è ora."),
    "merged_already": (
        "Questo cliente è già unito a un altro",
        "Riapri il cliente: la pagina porta a quello che sta sopra. Per unirlo ad altri, annulla prima quell'unione.",
    ),
    "not_merged": ("Questa unione è già annullata", "Il cliente è già da solo: non c'è niente da annullare."),
    "other_brand": ("Sono clienti di marchi diversi", "Clienti di marchi diversi non si uniscono. Non è cambiato niente."),
    "link_ended": ("Questo recapito è già sciolto", "Qualcuno l'ha già sciolto, o è passato ad altri. Riapri il cliente."),
    "shared_handle": ("Questo recapito è di molte persone", f"Non può dire chi è un cliente. {_PROFILE_IT}"),
    "handle_cap": ("Sarebbero troppi recapiti", f"Una persona sola non ne ha tanti di questo tipo. {_PROFILE_IT}"),
    "crm_conflict": ("C'è un altro codice CRM", "Togli prima quello, o unisci i due clienti."),
    "scope_missing": ("Il tuo ruolo non basta", "Chiedi a un amministratore se ti serve questa pagina."),
    "token_missing": ("Non hai effettuato l'accesso", "Accedi, poi riprova: non è cambiato niente."),
    "handshake_refused": (
        "La richiesta non veniva da questa pagina",
        "Ricarica la pagina e riprova: forse era aperta da prima del tuo ultimo accesso.",
    ),
    "method_not_allowed": ("Non si fa così", "Parti da Live."),
    "malformed": ("La richiesta non si capisce", "Ricarica la pagina e riprova."),
    "invalid_fields": ("C'è qualcosa da correggere", "Torna indietro e controlla i campi."),
    "too_large": ("È troppo grande", "Riprova con meno testo o con file più piccoli."),
    "too_slow": ("L'invio si è interrotto", "Non è arrivato tutto: controlla la connessione e riprova. Non è cambiato niente."),
    "unsupported_media_type": (
        "Questo formato non si può leggere",
        "Riprova dalla pagina della console, con un browser aggiornato.",
    ),
    "rate_limited": ("Troppi tentativi ravvicinati", "Aspetta un momento, poi riprova."),
    "unavailable": (
        "Il database non risponde",
        "Nulla è andato perso. Tra qualche secondo ricarica la pagina, e guarda se è già fatto.",
    ),
    "internal": (
        "È un difetto di Regia",
        "Il registro del gateway dice quale. Prima di ripetere, ricarica la pagina: potrebbe essere già fatto.",
    ),
}

EN: Final[Mapping[str, Problem]] = {
    "": ("That was not possible", "Go back and try again."),
    "not_found": ("This page does not exist", "Check the address, or start at Live."),
    "gone": ("It is no longer here", "This customer was erased, and their data with them."),
    "unknown_customer": ("This customer does not exist", "Check the address, or look for the customer."),
    "unknown_message": ("This message does not exist", "It may have been erased, or be older than messages are kept."),
    "unknown_connector": ("There is no such channel", "It is not in the configuration of now: reload the page."),
    "unknown_link": (
        "There is no such address",
        "It is not this customer's, or was that of an erased one. Open the customer again.",
    ),
    "unknown_suggestion": ("This suggestion is no longer here", "One of the two customers was erased: look for the other."),
    "decided_already": (
        "Somebody else has decided already",
        "A colleague has merged these two customers, or said that they are not the same person. Nothing was changed from here: "
        "open the customer again to see how it is now.",
    ),
    "same_customer": ("They are one customer already", "There is nothing to merge: open the customer to see how it is now."),
    "merged_already": (
        "This customer is merged already",
        "Open the customer: the page leads to the one on top. To merge it with others, undo that merge first.",
    ),
    "not_merged": ("This merge is undone already", "The customer is on their own already: there is nothing to undo."),
    "other_brand": (
        "They are customers of different brands",
        "Customers of different brands are not merged. Nothing was changed.",
    ),
    "link_ended": ("This address was released already", "Somebody released it, or it went to others. Open the customer again."),
    "shared_handle": ("This address is of many people", f"It cannot tell who a customer is. {_PROFILE_EN}"),
    "handle_cap": ("That would be too many addresses", f"One person does not have so many of this kind. {_PROFILE_EN}"),
    "crm_conflict": ("There is another CRM id", "Take that one back first, or merge the two customers."),
    "scope_missing": ("Your role is not enough", "Ask an admin if you need this page."),
    "token_missing": ("You are not logged in", "Log in, then try again: nothing was changed."),
    "handshake_refused": (
        "The request did not come from this page",
        "Reload the page and try again: it may have been open since before you logged in.",
    ),
    "method_not_allowed": ("That is not how it is done", "Start at Live."),
    "malformed": ("The request cannot be understood", "Reload the page and try again."),
    "invalid_fields": ("Something is to be corrected", "Go back and look at the fields."),
    "too_large": ("It is too large", "Try again with less text or smaller files."),
    "too_slow": ("The upload broke off", "Not all of it came: check the connection and try again. Nothing was changed."),
    "unsupported_media_type": (
        "This form of data cannot be read",
        "Try again from the console's page, with a browser of today.",
    ),
    "rate_limited": ("Too many tries in a short time", "Wait a moment, then try again."),
    "unavailable": (
        "The database does not answer",
        "Nothing was lost. Reload the page in a few seconds, and look whether it was done.",
    ),
    "internal": (
        "This is a defect of Regia",
        "The gateway's log says which. Reload the page before you repeat anything: it may have been done.",
    ),
}

REFUSED: Final[Mapping[Language, Mapping[str, Problem]]] = {"it": IT, "en": EN}
