"""What the page New contact says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from normalizer.advice import Language
from web.console.texts import customer_lists_en, customer_lists_it
from web.console.texts.customers import CUSTOMERS

NAV: Final[Mapping[Language, str]] = {"it": "Nuovo contatto", "en": "New contact"}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTexts:
    """`kinds` are how somebody came; `replies` where an answer goes."""

    title: str
    nowhere_at_all: str
    done: str
    see_message: str
    see_customer: str
    ringing: str
    nobody_rings: str
    take_call: str
    open_customer: str
    line: str
    no_name: str
    standing: Mapping[str, str]
    waiting: str
    ticket: str
    tickets: Mapping[str, str]
    came_in: str
    went_out: str
    hidden_number: str
    first_time: str
    it_is_them: str
    who: str
    search: str
    search_hint: str
    found: str
    nobody: str
    nobody_chosen: str
    others: str
    name: str
    phone: str
    email: str
    what: str
    kind: str
    kinds: Mapping[str, str]
    where: str
    text: str
    hint: str
    hint_none: str
    reply: str
    replies: Mapping[str, str]
    shop: str
    known: str
    more: str
    save: str
    draft: str
    nowhere: str
    no_such_address: str
    was_there: str


NEW: Final[Mapping[Language, NewTexts]] = {
    "it": NewTexts(
        title="Nuovo contatto",
        nowhere_at_all="Nessun connettore di tipo api: senza, qui non si può registrare nulla.",
        done="Registrato con il numero",
        see_message="Apri il messaggio",
        see_customer="Apri il cliente",
        ringing="Chi chiama adesso",
        nobody_rings="Nessuna chiamata in arrivo.",
        take_call="Compila da questa chiamata",
        open_customer="Apri il cliente",
        line="linea",
        no_name="Senza nome",
        standing=CUSTOMERS["it"].standing,
        waiting="{n} senza risposta",
        ticket="Ticket",
        tickets=customer_lists_it.TICKETS,
        came_in="Ha scritto",
        went_out="Risposta",
        hidden_number="Il numero è nascosto: chiedi chi è.",
        first_time="Nessun contatto prima di questa chiamata.",
        it_is_them="È questo cliente: compila",
        who="Chi è",
        search="Cerca il cliente",
        search_hint="Nome, telefono, e-mail, numero d'ordine o di pratica.",
        found="Clienti trovati",
        nobody="Nessuno trovato: scrivi i suoi recapiti qui sotto.",
        nobody_chosen="Nessuno di questi",
        others="e altri {n}",
        name="Nome",
        phone="Telefono",
        email="E-mail",
        what="Che cosa chiede",
        kind="Come è arrivato",
        kinds={"visit": "In negozio", "call": "Al telefono"},
        where="Dove",
        text="Che cosa ha detto",
        hint="Motivo",
        hint_none="lo decidono le regole",
        reply="Rispondere a",
        replies={"": "come di solito", "phone": "telefono", "email": "e-mail"},
        shop="Negozio",
        known="Conosco questa persona: l'ho riconosciuta io",
        more="Altri dati",
        save="Registra",
        draft="Quello che scrivi resta in questa scheda del browser finché non è registrato.",
        nowhere="Scegli dove registrarlo.",
        no_such_address="Scrivi prima quel recapito.",
        was_there="C'è già un contatto {reference} inviato da questo modulo. Se questo è un altro, invia ancora.",
    ),
    "en": NewTexts(
        title="New contact",
        nowhere_at_all="There is no connector of type api: without one nothing can be written down here.",
        done="Written down under the number",
        see_message="Open the message",
        see_customer="Open the customer",
        ringing="Who calls now",
        nobody_rings="No call is coming in.",
        take_call="Fill in from this call",
        open_customer="Open the customer",
        line="line",
        no_name="No name",
        standing=CUSTOMERS["en"].standing,
        waiting="{n} not answered",
        ticket="Ticket",
        tickets=customer_lists_en.TICKETS,
        came_in="Wrote",
        went_out="Answer",
        hidden_number="The number is hidden: ask who it is.",
        first_time="No contact before this call.",
        it_is_them="It is this customer: fill in",
        who="Who it is",
        search="Find the customer",
        search_hint="Name, telephone, e-mail, order or reference number.",
        found="Customers found",
        nobody="Nobody found: write their address below.",
        nobody_chosen="None of these",
        others="and {n} more",
        name="Name",
        phone="Telephone",
        email="E-mail",
        what="What they ask",
        kind="How they came",
        kinds={"visit": "In the shop", "call": "By telephone"},
        where="Where",
        text="What they said",
        hint="Reason",
        hint_none="the rules decide",
        reply="Answer to",
        replies={"": "as usual", "phone": "telephone", "email": "e-mail"},
        shop="Shop",
        known="I know this person: I recognised them",
        more="More data",
        save="Write down",
        draft="What you type stays in this tab of the browser until it is written down.",
        nowhere="Choose where to write it down.",
        no_such_address="Write that address first.",
        was_there="There is a contact {reference} from this form already. If this is another one, send it again.",
    ),
}
