"""The pages of the rules in Italian."""

from typing import Final

from web.console.texts.playground import PLAYGROUND
from web.console.texts.rules_texts import RulesTexts

RULES: Final = RulesTexts(
    title="Regole",
    trail="Percorso",
    brand="Marchio",
    all_brands="Tutti gli altri",
    period="Periodo",
    day_unit=("Oggi", "Ultimi {number} giorni"),
    to_playground="Banco di prova",
    broken={
        "files": "I file delle regole non si possono leggere",
        "shadow": "I file ombra non si possono leggere",
        "version": "La versione scelta non si può usare",
    },
    what_to_do={
        "files": (
            "Decide ancora la versione di prima: nessun messaggio va perso. Correggi i punti qui sotto nei "
            "file: Regia li rilegge da sola."
        ),
        "shadow": (
            "Le regole in uso non sono toccate, ma nessuna ombra viene interrogata. Correggi i punti qui "
            "sotto: Regia rilegge i file da sola."
        ),
        "version": "Decide ancora la versione di prima. Scegli un'altra versione qui sotto, o correggi i file.",
    },
    configuration="configurazione",
    not_stored="Questa versione non è conservata.",
    on_this_node="Così su questo nodo ({node}); ogni nodo legge i propri file.",
    live="In uso",
    decides="decide",
    chosen_by="scelta da {who}",
    by_files="file di {node}",
    has="{rules} regole, {categories} categorie, {tests} test",
    files="File",
    nodes="Nodi",
    node="Nodo",
    version="Versione",
    since="Da",
    state="Stato",
    follows="segue",
    not_yet="non ancora",
    files_differ=(
        "I file di un nodo dicono altro: decidono di nuovo appena qualcuno li cambia. Riporta nei file ciò che deve restare."
    ),
    shadow="Ombra",
    no_shadow=(
        "Nessuna ombra: con shadow: nella configurazione altre regole vengono interrogate accanto a queste, senza decidere."
    ),
    shadow_waits="L'ombra c'è, ma non è ancora arrivato nessun messaggio.",
    beside="accanto a",
    would_change="{number} messaggi su {total} andrebbero diversamente",
    what_changes="Che cosa cambia",
    field="Campo",
    live_short="In uso",
    shadow_short="Ombra",
    messages="Messaggi",
    examples="Esempi",
    example="Esempio",
    hits="Quanto servono le regole",
    look_for_dead="Cerca regole morte",
    nothing_counted="Il conteggio comincia con il prossimo messaggio.",
    counted=(
        "Messaggi negli ultimi {days} giorni (UTC): {total}; nessuna regola ha scelto la categoria di {by_default}. Si conta da"
    ),
    rule="Regola",
    by_day="Per giorno",
    last="Ultima volta",
    never="mai",
    dead="morta",
    unused="mai scattata",
    versions="Versioni",
    kept="Conservata",
    last_live="Scelta l'ultima volta",
    who="Da chi",
    what_to="Azioni",
    edit="Modifica",
    compare="Confronta",
    roll_back="Torna a questa…",
    download="Scarica",
    marked="Test dai messaggi segnati",
    marked_says=(
        "Ogni messaggio di cui qualcuno ha detto la categoria giusta diventa un test delle regole. Chi ha scritto non "
        "c'è; indirizzi, numeri e nomi nel testo sono sostituiti. Rileggi il file prima di conservarlo."
    ),
    marked_file="Scarica i test (YAML)",
    fields=PLAYGROUND["it"].fields,
)
