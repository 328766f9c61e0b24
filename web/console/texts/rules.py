"""What the pages of the rules say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from normalizer.advice import Language
from web.console.texts.playground import PLAYGROUND

NAV: Final[Mapping[Language, str]] = {"it": "Regole", "en": "Rules"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesTexts:
    """`broken`, `what_to_do`: by what cannot be read. `fields` are those of the playground."""

    title: str
    trail: str
    brand: str
    all_brands: str
    period: str
    day_unit: tuple[str, str]
    to_playground: str
    broken: Mapping[str, str]
    what_to_do: Mapping[str, str]
    configuration: str
    not_stored: str
    on_this_node: str
    live: str
    decides: str
    chosen_by: str
    by_files: str
    has: str
    files: str
    nodes: str
    node: str
    version: str
    since: str
    state: str
    follows: str
    not_yet: str
    files_differ: str
    shadow: str
    no_shadow: str
    shadow_waits: str
    beside: str
    would_change: str
    what_changes: str
    field: str
    live_short: str
    shadow_short: str
    messages: str
    examples: str
    example: str
    hits: str
    look_for_dead: str
    nothing_counted: str
    counted: str
    rule: str
    by_day: str
    last: str
    never: str
    dead: str
    unused: str
    versions: str
    kept: str
    last_live: str
    who: str
    what_to: str
    edit: str
    compare: str
    roll_back: str
    download: str
    fields: Mapping[str, str]

    def day_choices(self, days: Sequence[int]) -> list[tuple[int, str]]:
        """Periods to choose from."""
        return [(one, self.day_unit[0] if one == 1 else self.day_unit[1].format(number=one)) for one in days]


RULES: Final[Mapping[Language, RulesTexts]] = {
    "it": RulesTexts(
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
            "I file di un nodo dicono altro: decidono di nuovo appena qualcuno li cambia. Riporta nei file "
            "ciò che deve restare."
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
            "Messaggi negli ultimi {days} giorni (UTC): {total}; nessuna regola ha scelto la categoria di "
            "{by_default}. Si conta da"
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
        fields=PLAYGROUND["it"].fields,
    ),
    "en": RulesTexts(
        title="Rules",
        trail="Trail",
        brand="Brand",
        all_brands="All others",
        period="Period",
        day_unit=("Today", "Last {number} days"),
        to_playground="Playground",
        broken={
            "files": "The rule files cannot be read",
            "shadow": "The shadow's files cannot be read",
            "version": "The chosen version cannot be used",
        },
        what_to_do={
            "files": (
                "The version before still decides: no message is lost. Repair the places below in the files: "
                "Regia reads them again by itself."
            ),
            "shadow": (
                "The live rules are not touched, but no shadow is asked. Repair the places below: Regia reads "
                "the files again by itself."
            ),
            "version": "The version before still decides. Choose another version below, or repair the files.",
        },
        configuration="configuration",
        not_stored="This version is not kept.",
        on_this_node="So it is on this node ({node}); every node reads files of its own.",
        live="Live",
        decides="decides",
        chosen_by="chosen by {who}",
        by_files="files of {node}",
        has="{rules} rules, {categories} categories, {tests} tests",
        files="Files",
        nodes="Nodes",
        node="Node",
        version="Version",
        since="Since",
        state="State",
        follows="follows",
        not_yet="not yet",
        files_differ=(
            "The files of a node say something else: they decide again as soon as somebody changes them. "
            "Bring back into the files what is to stay."
        ),
        shadow="Shadow",
        no_shadow="No shadow: with shadow: in the configuration other rules are asked beside these, and decide nothing.",
        shadow_waits="There is a shadow, but no message has come in yet.",
        beside="beside",
        would_change="{number} of {total} messages would go otherwise",
        what_changes="What changes",
        field="Field",
        live_short="Live",
        shadow_short="Shadow",
        messages="Messages",
        examples="Examples",
        example="Example",
        hits="How much the rules are used",
        look_for_dead="Look for dead rules",
        nothing_counted="Counting begins with the next message.",
        counted="Messages of the last {days} days (UTC): {total}; no rule chose the category of {by_default}. Counted since",
        rule="Rule",
        by_day="By day",
        last="Last time",
        never="never",
        dead="dead",
        unused="never matched",
        versions="Versions",
        kept="Kept",
        last_live="Chosen last",
        who="By whom",
        what_to="Actions",
        edit="Edit",
        compare="Compare",
        roll_back="Back to this…",
        download="Download",
        fields=PLAYGROUND["en"].fields,
    ),
}
