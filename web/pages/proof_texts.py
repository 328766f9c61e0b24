"""What the page of a proof says, in every language it speaks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from normalizer.advice import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofTexts:
    """`states` has title and advice by the state of the page, in which `{brand}` and `{address}` may stand."""

    confirm: str
    only_if: str
    states: Mapping[str, tuple[str, str]]


PROOF_TEXTS: Final[Mapping[Language, ProofTexts]] = {
    "it": ProofTexts(
        confirm="Sì, è mio",
        only_if="Premi solo se l'hai chiesto tu. Se non sai di che si tratta, chiudi questa pagina: non succede nulla.",
        states={
            "ask": (
                "È tuo questo indirizzo?",
                "{brand} ti ha mandato questo link perché qualcuno ha chiesto di aggiungere questo indirizzo ai propri"
                " contatti. Con la conferma, i messaggi che arrivano da qui saranno uniti ai suoi.",
            ),
            "done": ("Grazie, indirizzo confermato", "{address} è confermato. Puoi chiudere questa pagina."),
            "already_used": ("Indirizzo già confermato", "{address} è stato confermato con questo link: è tutto."),
            "expired": ("Questo link è scaduto", "Vale per un tempo limitato: chiedi a {brand} di mandartene un altro."),
            "too_many_attempts": ("Questo link non vale più", "Chiedi a {brand} di mandartene un altro."),
            "not_possible": (
                "Questo indirizzo non può essere aggiunto",
                "{address} non può essere aggiunto da solo: scrivi a {brand}, ci penserà una persona.",
            ),
            "unknown": ("Questa pagina non esiste", "Controlla che il link sia intero, oppure chiedine un altro."),
            "rate_limited": ("Troppe richieste ravvicinate", "Aspetta un momento, poi riapri il link."),
            "unavailable": ("In questo momento non riusciamo a rispondere", "Riapri il link tra qualche minuto."),
        },
    ),
    "en": ProofTexts(
        confirm="Yes, it is mine",
        only_if="Press it only if you asked for this. If you do not know what it is about, close this page: nothing happens.",
        states={
            "ask": (
                "Is this address yours?",
                "{brand} sent you this link because somebody asked to add this address to their contacts. Once you confirm,"
                " messages from here are put together with theirs.",
            ),
            "done": ("Thank you, your address is confirmed", "{address} is confirmed. You can close this page."),
            "already_used": (
                "This address is confirmed already",
                "{address} was confirmed by this link: that is all.",
            ),
            "expired": ("This link has expired", "It is good for a limited time: please ask {brand} for another one."),
            "too_many_attempts": ("This link is not good any more", "Please ask {brand} for another one."),
            "not_possible": (
                "This address cannot be added",
                "{address} cannot be added by itself: please write to {brand}, and a person will see to it.",
            ),
            "unknown": ("This page does not exist", "Please check that the link is whole, or ask for another one."),
            "rate_limited": ("Too many requests in a short time", "Please wait a moment, then open the link again."),
            "unavailable": ("We cannot answer right now", "Please open the link again in a few minutes."),
        },
    ),
}
