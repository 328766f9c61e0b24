"""What the list of customers says, and what the parts of customers are called on all their pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from normalizer.advice import Language
from web.console.frame import Words

NAV: Final[Words] = {"it": "Clienti", "en": "Customers"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomersTexts:
    """`how` says by what somebody was found (`identity.views.search.How`), `standing` and `proofs` how sure it is who they
    are."""

    title: str
    look_for: str
    hint: str
    hint_whole: str
    newest: str
    unheard: str
    which: str
    customer: str
    addresses: str
    brand: str
    messages: str
    unanswered: str
    last_seen: str
    tier: str
    no_name: str
    none_yet: str
    none_found: str
    none_waiting: str
    found_by: str
    results: str
    more: str
    how: Mapping[str, str]
    standing: Mapping[str, str]
    proofs: Mapping[str, str]
    kinds: Mapping[str, str]


CUSTOMERS: Final[Mapping[Language, CustomersTexts]] = {
    "it": CustomersTexts(
        title="Clienti",
        look_for="Cerca un cliente",
        hint="Indirizzo, anche in parte, nome, numero di riferimento (R-…) o numero d'ordine",
        hint_whole="Indirizzo completo, numero di riferimento (R-…) o numero d'ordine: il tuo ruolo non cerca per parti",
        newest="I più recenti",
        unheard="In attesa di risposta",
        which="Quali clienti",
        customer="Cliente",
        addresses="Recapiti",
        brand="Marchio",
        messages="Messaggi",
        unanswered="In attesa",
        last_seen="Ultimo contatto",
        tier="Livello",
        no_name="Senza nome",
        none_yet="Ancora nessun cliente. Il primo che scrive compare qui.",
        none_found="Nessun cliente corrisponde. Prova con meno lettere, o con un altro recapito.",
        none_waiting="Nessuno aspetta una risposta.",
        found_by="trovato per",
        results="Risultati",
        more="altri {count}",
        how={
            "id": "codice",
            "reference": "riferimento",
            "order": "numero d'ordine",
            "handle": "recapito",
            "claim": "recapito solo dichiarato",
            "name": "nome",
        },
        standing={"verified": "verificato", "claimed": "solo dichiarato"},
        proofs={"verified": "verificato", "agent": "da un operatore", "claimed": "dichiarato"},
        kinds={
            "email": "E-mail",
            "phone": "Telefono",
            "crm": "CRM",
            "whatsapp_user": "WhatsApp",
            "chat": "Chat",
            "app_user": "App",
        },
    ),
    "en": CustomersTexts(
        title="Customers",
        look_for="Find a customer",
        hint="An address or a part of it, a name, a reference number (R-…) or an order number",
        hint_whole="The whole address, the reference number (R-…) or the order number: your role does not search by parts",
        newest="The newest",
        unheard="Waiting for an answer",
        which="Which customers",
        customer="Customer",
        addresses="Addresses",
        brand="Brand",
        messages="Messages",
        unanswered="Waiting",
        last_seen="Last contact",
        tier="Tier",
        no_name="No name",
        none_yet="No customer yet. The first who writes appears here.",
        none_found="No customer fits. Try fewer letters, or another address.",
        none_waiting="Nobody waits for an answer.",
        found_by="found by",
        results="Results",
        more="{count} more",
        how={
            "id": "id",
            "reference": "reference",
            "order": "order number",
            "handle": "address",
            "claim": "an address only claimed",
            "name": "name",
        },
        standing={"verified": "verified", "claimed": "claimed only"},
        proofs={"verified": "verified", "agent": "by an agent", "claimed": "claimed"},
        kinds={
            "email": "E-mail",
            "phone": "Phone",
            "crm": "CRM",
            "whatsapp_user": "WhatsApp",
            "chat": "Chat",
            "app_user": "App",
        },
    ),
}
