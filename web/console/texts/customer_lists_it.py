"""Closed lists that the pages of one customer show, in Italian: `web.console.texts.customer` says what each is."""

from collections.abc import Mapping
from typing import Final

Words = Mapping[str, str]

REASONS: Final[Words] = {
    "same_claim": "Uno dei due ha indicato un recapito dell'altro, o entrambi lo stesso",
    "recycled": "Un numero rimasto muto a lungo ha ripreso a scrivere: chi lo aveva prima e chi lo ha adesso",
    "same_order": "Hanno indicato lo stesso numero d'ordine",
    "same_words": "Hanno scritto le stesse parole entro un giorno",
    "similar_name": "Hanno lo stesso nome",
}
GUARDS: Final[Words] = {
    "unmerged": "Una persona li ha già separati una volta",
    "given_up": "Uno dei recapiti era dell'altro, e non lo è più",
    "crm_conflict": "Hanno codici CRM diversi",
    "handle_cap": "Insieme avrebbero più recapiti di un tipo di quanti ne ha una persona",
    "merge_cap": "Nelle ultime 24 ore sono già stati uniti in molti",
    "names_differ": "Hanno nomi chiaramente diversi: le famiglie condividono il telefono",
    "both_merged": "I recapiti sono stati provati per clienti che stanno sotto altri",
}
REFUSALS: Final[Words] = {
    "unknown_message": "Questo messaggio non c'è.",
    "split_conversation": "Dopo un'unione annullata la conversazione contiene parole di due clienti.",
    "gone": "Il messaggio è stato cancellato, o non si conserva più.",
    "key_used": "La risposta di prima è già partita. Questa è diversa: inviala di nuovo se vuoi mandarla davvero.",
    "no_text": "Scrivi un testo.",
    "text_too_long": "Il testo è troppo lungo: al massimo 100.000 caratteri.",
    "unknown_template": "Le regole non hanno più questo modello.",
    "unknown_language": "Il modello non ha un testo in questa lingua.",
    "unknown_field": "Un segnaposto ha un valore che il campo non accetta.",
    "not_rendered": "Al modello manca un valore: compila i segnaposto.",
    "too_many_files": "I file sono troppi.",
    "empty_file": "Un file è vuoto.",
    "bad_filename": "Un file non ha un nome utilizzabile.",
    "file_too_large": "Un file è troppo grande per questo canale.",
    "files_too_large": "I file insieme sono troppo grandi.",
    "files_not_taken": "Questo canale non accetta file di questo tipo.",
    "no_public_url": "Il canale carica i file da un indirizzo pubblico, che non è configurato.",
    "not_allowed": "Il contatto non ha lasciato un indirizzo a cui rispondere.",
    "address_gone": "Il recapito non è più di questo cliente: è stato sciolto, o ora è di un altro.",
    "window_closed": "Il canale accetta testi liberi solo per un tempo dopo l'ultimo messaggio, e quel tempo è finito.",
    "own_address": "È un nostro indirizzo: la risposta rientrerebbe da lì.",
    "cannot_send": "Il canale da cui ha scritto non sa inviare, o non è configurato.",
}
FIELDS: Final[Words] = {
    "name": "Nome",
    "language": "Lingua",
    "tier": "Livello",
    "tags": "Etichette",
    "competence": "Competenza",
    "crm_id": "Codice CRM",
}
WRONG: Final[Words] = {
    "name": "Al massimo 200 caratteri.",
    "language": "Una lingua di due lettere, come it.",
    "tier": "Al massimo 60 caratteri.",
    "tags": "Al massimo 50 etichette di 60 caratteri.",
    "competence": "Al massimo 120 caratteri.",
    "crm_id": "Al massimo 200 caratteri.",
}
REFUSED: Final[Words] = {
    "crm_conflict": "Il cliente ha già un altro codice CRM: prima svuota il campo e salva.",
    "shared_handle": "Questo codice è di molti.",
    "handle_cap": "Il cliente avrebbe troppi codici.",
}
ACTS: Final[Words] = {
    "linked": "Recapito collegato",
    "ended": "Recapito finito",
    "merged": "Unito con un altro cliente",
    "unmerged": "Unione annullata",
    "accepted": "Suggerimento accettato",
    "rejected": "Suggerimento respinto",
    "profile": "Profilo modificato",
    "asked": "Prova richiesta",
    "proven": "Recapito provato",
    "exported": "Esportato",
    "erased": "Cancellato",
}
ENDED: Final[Words] = {
    "recycled": "ora è di un altro",
    "changed": "cambiato",
    "released": "sciolto",
    "accepted": "dichiarazione accettata",
}
TICKETS: Final[Words] = {
    "opened": "aperto",
    "assigned": "assegnato",
    "updated": "aggiornato",
    "paused": "sospeso",
    "resumed": "ripreso",
    "closed": "chiuso",
    "reopened": "riaperto",
}
PROMISES: Final[Words] = {"first_reply": "Prima risposta", "next_reply": "Risposta successiva", "resolution": "Soluzione"}
SURVEYS: Final[Words] = {
    "asked": "chiesto",
    "answered": "con risposta",
    "partly": "con risposta in parte",
    "expired": "scaduto",
    "skipped": "lasciato cadere",
}
STATES: Final[Words] = {
    "queued": "in attesa di partire",
    "sending": "in partenza",
    "sent": "inviata",
    "delivered": "consegnata",
    "read": "letta",
    "failed": "non riuscita",
    "unknown": "esito sconosciuto",
}
CODES: Final[Words] = {
    "failed": "il canale non l'ha presa",
    "retryable": "il canale non ha risposto",
    "window_closed": "il tempo per i testi liberi è finito",
    "blocked_by_user": "il cliente ha bloccato il mittente",
    "invalid_recipient": "il recapito non esiste, o non è più del cliente",
    "rate_limited": "il canale ha rifiutato troppi invii",
    "auth": "il canale non accetta le nostre credenziali",
    "too_large": "è troppo grande per il canale",
    "unsupported": "il canale non ha quello che la risposta chiede",
    "unknown": "il canale non dice perché",
}
ERASING: Final[Words] = {
    "not_worked_off": "Alcuni contatti sono ancora in lavorazione: non è stato cancellato niente. Riprova tra poco.",
    "queues_away": "Il cliente è cancellato, ma le code non rispondono e possono avere copie: riprova.",
    "files_away": "Il cliente è cancellato, ma l'archivio dei file non risponde e può avere file: riprova.",
    "not_scrubbed": "Il cliente è cancellato, ma i file del database non sono ancora ripuliti: riprova.",
}
