"""What the page of figures says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from normalizer.advice import Language

NAV: Final[Mapping[Language, str]] = {"it": "Numeri", "en": "Figures"}


@dataclass(frozen=True, slots=True, kw_only=True)
class KpiTexts:
    """`figures` has title and meaning by the name of a figure (`desk.kpi.definitions`); `nothing` says what
    is missing where a figure has no groups. `groups` are what can be grouped by. `words`: small ones, outcomes."""

    title: str
    period: str
    periods: Mapping[str, str]
    from_: str
    until: str
    filters: str
    brand: str
    channel: str
    category: str
    tag: str
    field: str
    field_hint: str
    group_by: str
    and_by: str
    own_way: str
    no_more: str
    groups: Mapping[str, str]
    by_reason: tuple[str, str]
    loading: str
    too_many: str
    zone: str
    before: str
    not_counted: str
    not_understood: str
    over_time: str
    as_table: str
    spreadsheet: str
    everything: str
    more: str
    span: str
    contacts_over_time: str
    sla_kept: str
    figures: Mapping[str, tuple[str, str]]
    nothing: Mapping[str, str]
    words: Mapping[str, str]


KPI: Final[Mapping[Language, KpiTexts]] = {
    "it": KpiTexts(
        title="Numeri",
        period="Periodo",
        periods={
            "1": "Oggi",
            "7": "7 giorni",
            "30": "30 giorni",
            "90": "90 giorni",
            "month": "Questo mese",
            "last-month": "Mese scorso",
            "365": "Un anno",
        },
        from_="Dal",
        until="Prima del",
        filters="Filtri",
        brand="Marchio",
        channel="Canale",
        category="Categoria",
        tag="Etichetta",
        field="Campo",
        field_hint="nome=valore, per esempio order=IT-2231",
        group_by="Raggruppa per",
        and_by="e per",
        own_way="ciascuno a suo modo",
        no_more="nient'altro",
        groups={
            "day": "giorno",
            "week": "settimana",
            "month": "mese",
            "brand": "marchio",
            "channel": "canale",
            "category": "categoria",
            "tag": "etichetta",
            "product": "prodotto",
            "target": "coda",
            "agent": "agente",
            "reason": "motivo del ticket",
            "outcome": "esito",
            "rule": "regola",
        },
        by_reason=("Sondaggi per motivo e canale", "Voti medi dei clienti per categoria del contatto e canale."),
        loading="Si sta contando…",
        too_many="Troppi gruppi: scegli un periodo più breve, un filtro o un altro raggruppamento.",
        zone="I giorni sono quelli di {zone}.",
        before="rispetto al periodo prima",
        not_counted="I numeri si stanno contando per la prima volta: riprova tra un minuto.",
        not_understood="Il periodo o un filtro non si capisce: le date sono come 2026-11-21, il campo come nome=valore.",
        over_time="Nel tempo",
        as_table="Gli stessi numeri in tabella",
        spreadsheet="CSV",
        everything="Tutto in CSV",
        more="altri {number} nel CSV",
        span="Quando",
        contacts_over_time="Contatti",
        sla_kept="Tempi mantenuti",
        figures={
            "first_reply": (
                "Prima risposta",
                "Dal primo contatto di una conversazione alla prima risposta di una persona; conta il giorno del contatto. Le"
                " conferme automatiche non contano.",
            ),
            "reply": (
                "Risposta per canale",
                "Da ogni contatto alla prima risposta di una persona che lo segue; conta il giorno del contatto.",
            ),
            "closing": (
                "Chiusura",
                "Dall'apertura di un ticket alla sua ultima chiusura, dei ticket chiusi; conta il giorno della chiusura.",
            ),
            "agents": ("Ticket per agente", "Ticket per l'ultimo agente indicato; conta il giorno dell'apertura."),
            "reasons": ("Motivi di contatto", "Contatti per categoria, con la quota di ciascuna."),
            "pipelines": (
                "Contatti per coda",
                "Contatti per le code in cui le regole li hanno messi; può stare in più code.",
            ),
            "tickets": (
                "Ticket per coda",
                "Ticket per le code dei contatti della loro conversazione, aperti e chiusi; può stare in più code.",
            ),
            "sources": ("Provenienza", "Contatti per canale, con la quota di ciascuno."),
            "products": ("Prodotti", "Contatti per il prodotto che le regole hanno riconosciuto."),
            "sla": (
                "Tempi promessi",
                "Promesse mantenute e mancate, lasciate cadere o ancora in corso; conta quando la promessa è iniziata.",
            ),
            "surveys": (
                "Sondaggi",
                "Voti dei clienti per domanda; conta quando il ticket del sondaggio è stato chiuso.",
            ),
            "unheard": (
                "Clienti in attesa",
                "Clienti con contatti a cui nessuno ha risposto finora; conta quando hanno scritto.",
            ),
            "routing": (
                "Categorie giuste",
                "Contatti di cui qualcuno ha segnato la categoria giusta: smistati giusti e sbagliati.",
            ),
            "articles": ("Articoli più letti", "Letture degli articoli della FAQ, e quanti lettori hanno detto che è servito."),
        },
        nothing={
            "reply": "Nessuna risposta di una persona in questo periodo.",
            "agents": "Nessun ticket con un agente: i sistemi di ticket lo dicono con gli eventi dei ticket.",
            "products": "Nessun prodotto riconosciuto: le regole lo dicono con `product`.",
            "sla": "Nessuna promessa: le categorie la dichiarano con `sla`.",
            "surveys": "Nessuna risposta a un sondaggio in questo periodo.",
            "routing": "Nessuno ha segnato la categoria giusta di un messaggio di questo periodo.",
            "articles": "Nessuna lettura: sono note per giorno e marchio, non per canale, categoria o campo.",
            "": "Niente in questo periodo.",
        },
        words={
            "of": "su {number}",
            "median": "mediana",
            "kept": "mantenute",
            "breached": "mancate",
            "running": "in corso",
            "dropped": "lasciate",
            "open": "aperti",
            "closed": "chiusi",
            "right": "giusti",
            "wrong": "sbagliati",
            "contacts": "contatti",
            "helped": "è servito",
            "not_helped": "non è servito",
        },
    ),
    "en": KpiTexts(
        title="Figures",
        period="Period",
        periods={
            "1": "Today",
            "7": "7 days",
            "30": "30 days",
            "90": "90 days",
            "month": "This month",
            "last-month": "Last month",
            "365": "One year",
        },
        from_="From",
        until="Before",
        filters="Filters",
        brand="Brand",
        channel="Channel",
        category="Category",
        tag="Tag",
        field="Field",
        field_hint="name=value, such as order=IT-2231",
        group_by="Group by",
        and_by="and by",
        own_way="each in its own way",
        no_more="nothing else",
        groups={
            "day": "day",
            "week": "week",
            "month": "month",
            "brand": "brand",
            "channel": "channel",
            "category": "category",
            "tag": "tag",
            "product": "product",
            "target": "queue",
            "agent": "agent",
            "reason": "reason of the ticket",
            "outcome": "outcome",
            "rule": "rule",
        },
        by_reason=("Surveys by reason and channel", "What customers scored on average, by category and channel."),
        loading="Being counted…",
        too_many="Too many groups: choose a shorter period, a filter, or another grouping.",
        zone="Days are those of {zone}.",
        before="against the period before",
        not_counted="The figures are being counted for the first time: try again in a minute.",
        not_understood="The period or a filter is not understood: days are written 2026-11-21, a field name=value.",
        over_time="Over time",
        as_table="The same figures as a table",
        spreadsheet="CSV",
        everything="All as CSV",
        more="{number} more in the CSV",
        span="When",
        contacts_over_time="Contacts",
        sla_kept="Promises kept",
        figures={
            "first_reply": (
                "First reply",
                "From the first contact of a conversation to the first answer by a person; counted when the contact came."
                " Automatic acknowledgements do not count.",
            ),
            "reply": (
                "Reply by channel",
                "From each contact to the first answer by a person behind it; counted when the contact came.",
            ),
            "closing": (
                "Closing",
                "From a ticket's opening to its last closing, of closed tickets; counted when it was closed.",
            ),
            "agents": ("Tickets per agent", "Tickets by the agent who was named last; counted when the ticket was opened."),
            "reasons": ("Reasons for contact", "Contacts by category, with the share of each."),
            "pipelines": ("Contacts per queue", "Contacts by the queues that rules put them into; one may go to several."),
            "tickets": (
                "Tickets per queue",
                "Tickets by the queues of their conversation's contacts, open and closed; one may be in several.",
            ),
            "sources": ("Sources", "Contacts by channel, with the share of each."),
            "products": ("Products", "Contacts by the product that the rules recognised."),
            "sla": (
                "Promised times",
                "Promises kept and breached, dropped or still running; counted when the promise began.",
            ),
            "surveys": (
                "Surveys",
                "What customers scored, by question; counted when the survey's ticket was closed.",
            ),
            "unheard": (
                "Unheard customers",
                "Customers with contacts that nobody has answered until now; counted when they wrote.",
            ),
            "routing": (
                "Right categories",
                "Contacts that somebody marked with their right category: routed right and wrong.",
            ),
            "articles": ("Most read articles", "Views of the FAQ's articles, and how many readers said that it helped."),
        },
        nothing={
            "reply": "No answer by a person in this period.",
            "agents": "No ticket with an agent: ticket systems tell it by the events of tickets.",
            "products": "No product was recognised: rules tell it by `product`.",
            "sla": "No promise: categories declare one by `sla`.",
            "surveys": "Nobody answered a survey in this period.",
            "routing": "Nobody marked the right category of a message of this period.",
            "articles": "Nothing was read: readings are known by day and brand, not by channel, category or field.",
            "": "Nothing in this period.",
        },
        words={
            "of": "of {number}",
            "median": "median",
            "kept": "kept",
            "breached": "breached",
            "running": "running",
            "dropped": "dropped",
            "open": "open",
            "closed": "closed",
            "right": "right",
            "wrong": "wrong",
            "contacts": "contacts",
            "helped": "helped",
            "not_helped": "did not help",
        },
    ),
}
