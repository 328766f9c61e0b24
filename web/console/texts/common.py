"""What all pages of the console say around their own words, in every language, and what refusals are called."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from normalizer.advice import Language
from web.console.texts import refused


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonTexts:
    """`problems` has title and advice by the code of a refusal (`connectors.errors.RejectionCode`); `""` is for all others
    (`web.console.texts.refused`)."""

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
    back_to_customer: str
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
        back_to_customer="Torna al cliente",
        wait="Riprova tra {seconds} secondi.",
        masked="I dati personali sono mascherati per il tuo ruolo.",
        wrong="Da correggere",
        said={
            "saved": "Salvato.",
            "login_ended": "Il tuo accesso era finito: quello che avevi inviato non è partito e non è stato salvato.",
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
        problems=refused.IT,
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
        back_to_customer="Back to the customer",
        wait="Try again in {seconds} seconds.",
        masked="Personal data is masked for your role.",
        wrong="To be corrected",
        said={
            "saved": "Saved.",
            "login_ended": "Your login had ended: what you sent has not left, and was not saved.",
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
        problems=refused.EN,
    ),
}
