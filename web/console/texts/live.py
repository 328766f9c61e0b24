"""What the page Live says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from normalizer.advice import Language

NAV: Final[Mapping[Language, str]] = {"it": "Live", "en": "Live"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveTexts:
    """Of the list of messages and of the state of the system beside it."""

    title: str
    messages: str
    arrived: str
    brand: str
    channel: str
    customer: str
    category: str
    rule: str
    priority: str
    to_queue: str
    by_default: str
    discarded: str
    waiting: str
    unrouted: str
    filters: str
    nobody_yet: str
    none_fits: str
    live_on: str
    live_off: str
    pause: str
    go_on: str
    system: str
    all_well: str
    not_well: str
    channels: str
    last_day: str
    silent: str
    never: str
    in_journal: str
    in_memory: str
    queues: str
    ready: str
    leased: str
    dead: str
    quarantine: str
    parts: Mapping[str, str]
    alarms: str
    alarm_kinds: Mapping[str, str]
    works: str


LIVE: Final[Mapping[Language, LiveTexts]] = {
    "it": LiveTexts(
        title="Live",
        messages="Messaggi",
        arrived="Arrivo",
        brand="Marchio",
        channel="Canale",
        customer="Cliente",
        category="Categoria",
        rule="Regola",
        priority="Priorità",
        to_queue="In coda dopo",
        by_default="predefinita",
        discarded="scartato",
        waiting="in attesa",
        unrouted="senza coda",
        filters="Filtri",
        nobody_yet="Nessun messaggio ancora. Appena qualcuno scrive, compare qui.",
        none_fits="Nessun messaggio recente corrisponde ai filtri.",
        live_on="In diretta",
        live_off="Non in diretta: riconnessione…",
        pause="Ferma",
        go_on="Riprendi",
        system="Sistema",
        all_well="Tutto funziona",
        not_well="Qualcosa non va",
        channels="Canali",
        last_day="Contatti delle ultime 24 ore, ora per ora",
        silent="silenzioso",
        never="mai",
        in_journal="Nel giornale",
        in_memory="In lavorazione",
        queues="Code",
        ready="Pronti",
        leased="Presi",
        dead="Lettere morte",
        quarantine="Quarantena",
        parts={
            "journal": "Giornale",
            "database": "Database",
            "queues": "Code",
            "outbox": "Uscita",
            "blobs": "Allegati",
            "coordination": "Coordinamento",
        },
        alarms="Avvisi",
        alarm_kinds={
            "token_expiring": "Token in scadenza",
            "token_refused": "Token rifiutato",
            "waiting": "Messaggi che aspettano",
            "dead": "Lettere morte",
            "unrouted": "Messaggi senza coda",
            "journal_filling": "Giornale quasi pieno",
        },
        works="funziona",
    ),
    "en": LiveTexts(
        title="Live",
        messages="Messages",
        arrived="Arrived",
        brand="Brand",
        channel="Channel",
        customer="Customer",
        category="Category",
        rule="Rule",
        priority="Priority",
        to_queue="Queued after",
        by_default="default",
        discarded="discarded",
        waiting="waiting",
        unrouted="no queue",
        filters="Filters",
        nobody_yet="No message yet. As soon as somebody writes, it appears here.",
        none_fits="No recent message fits the filters.",
        live_on="Live",
        live_off="Not live: connecting again…",
        pause="Pause",
        go_on="Go on",
        system="System",
        all_well="Everything works",
        not_well="Something is wrong",
        channels="Channels",
        last_day="Contacts of the last 24 hours, hour by hour",
        silent="silent",
        never="never",
        in_journal="In the journal",
        in_memory="In work",
        queues="Queues",
        ready="Ready",
        leased="Taken",
        dead="Dead letters",
        quarantine="Quarantine",
        parts={
            "journal": "Journal",
            "database": "Database",
            "queues": "Queues",
            "outbox": "Outbox",
            "blobs": "Files",
            "coordination": "Coordination",
        },
        alarms="Alarms",
        alarm_kinds={
            "token_expiring": "Token expires",
            "token_refused": "Token refused",
            "waiting": "Messages wait",
            "dead": "Dead letters",
            "unrouted": "Messages without a queue",
            "journal_filling": "Journal fills",
        },
        works="works",
    ),
}
