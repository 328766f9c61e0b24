"""What the pages of quarantine say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from normalizer.advice import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineTexts:
    """`done`, `notes`: by what was done, and why some stayed. `held_reasons`: why it is held."""

    title: str
    tabs: str
    dead: str
    quarantine: str
    filters: str
    reason: str
    none_fit: str
    tick: str
    tick_some: str
    preview: str
    no_text: str
    acts: str
    all_fitting: str
    at_most: str
    why: str
    why_hint: str
    save_body: str
    connector: str
    held_now: str
    nothing_held: str
    held_fitting: str
    came: str
    attempts: str
    edited: str
    reread: str
    aside: str
    sure_aside: str
    sure_aside_says: str
    aside_now: str
    held_one: str
    detail: str
    type: str
    raw: str
    raw_hint: str
    not_editable: str
    left: str
    operation: str
    done: Mapping[str, str]
    notes: Mapping[str, str]
    held_reasons: Mapping[str, str]
    states: Mapping[str, str]

    def held_pairs(self, reasons: Sequence[str]) -> list[tuple[str, str]]:
        """Reasons to choose from."""
        return [(one, self.held_reasons.get(one, one)) for one in reasons]


QUARANTINE: Final[Mapping[Language, QuarantineTexts]] = {
    "it": QuarantineTexts(
        title="Code",
        tabs="Parti",
        dead="Lettere morte",
        quarantine="Quarantena",
        filters="Filtri",
        reason="Motivo",
        none_fit="Nessuna corrisponde al filtro.",
        tick="Scegli",
        tick_some="Scegline almeno una, o tutte quelle che corrispondono al filtro: non è stato fatto nulla.",
        preview="Inizio",
        no_text="(senza testo)",
        acts="Azioni",
        all_fitting="tutte le {number} che corrispondono al filtro",
        at_most="Al massimo {number} alla volta.",
        why="Perché",
        why_hint="Resta nel registro: niente nomi, niente indirizzi.",
        save_body="Salva il contenuto",
        connector="Connettore",
        held_now="{number} in attesa",
        nothing_held="La quarantena è vuota: tutto ciò che è arrivato si è potuto leggere.",
        held_fitting="{shown} mostrati di {number} che corrispondono, i più vecchi.",
        came="Arrivo",
        attempts="Tentativi",
        edited="modificato",
        reread="Rileggi",
        aside="Metti da parte…",
        sure_aside="Da mettere da parte: {number}",
        sure_aside_says="Nessuno li guarderà più. I dati restano finché la conservazione lo prevede.",
        aside_now="Metti da parte",
        held_one="In quarantena",
        detail="Dettaglio",
        type="Tipo",
        raw="Com'è arrivato",
        raw_hint="L'originale resta; alla prossima rilettura si legge questo.",
        not_editable="Non è un testo che si possa modificare qui.",
        left="Ne restano {number}: ripeti per continuare.",
        operation="Operazione",
        done={
            "redrive": "{number} rispedite.",
            "discard": "{number} eliminate.",
            "reread": "{number} riletti e accettati.",
        },
        notes={
            "still_held": "{number} non si possono ancora leggere.",
            "left_out": "{number} non si possono rileggere così: vanno modificati.",
            "erased": "{number} erano di clienti cancellati.",
        },
        held_reasons={
            "undecodable": "non decodificabile",
            "unreadable": "non leggibile",
            "unknown_account": "account sconosciuto",
            "parser_failed": "lettore difettoso",
            "parser_killed": "lettura troppo pesante",
            "too_large": "troppo grande",
            "normalizer_failed": "non normalizzabile",
            "commit_failed": "rifiutato dal database",
            "conflicting_repeat": "ripetizione diversa",
        },
        states={
            "held": "in attesa",
            "redriven": "riletto",
            "discarded": "messo da parte",
        },
    ),
    "en": QuarantineTexts(
        title="Queues",
        tabs="Parts",
        dead="Dead letters",
        quarantine="Quarantine",
        filters="Filters",
        reason="Reason",
        none_fit="None fits the filter.",
        tick="Choose",
        tick_some="Choose at least one, or all that fit the filter: nothing was done.",
        preview="Beginning",
        no_text="(no text)",
        acts="Acts",
        all_fitting="all {number} that fit the filter",
        at_most="At most {number} at a time.",
        why="Why",
        why_hint="It is kept in the log: no names, no addresses.",
        save_body="Save the body",
        connector="Connector",
        held_now="{number} held",
        nothing_held="Quarantine is empty: all that came in could be read.",
        held_fitting="{shown} shown of {number} that fit, the oldest.",
        came="Arrived",
        attempts="Attempts",
        edited="edited",
        reread="Read again",
        aside="Put aside…",
        sure_aside="To be put aside: {number}",
        sure_aside_says="Nobody is to look at these any more. Their bytes stay for as long as retention says.",
        aside_now="Put aside",
        held_one="In quarantine",
        detail="Detail",
        type="Type",
        raw="As it came",
        raw_hint="The original stays; this is read instead next time.",
        not_editable="It is no text that can be edited here.",
        left="{number} are left: repeat to go on.",
        operation="Operation",
        done={
            "redrive": "{number} driven again.",
            "discard": "{number} discarded.",
            "reread": "{number} read and accepted.",
        },
        notes={
            "still_held": "{number} still cannot be read.",
            "left_out": "{number} cannot be read again as they are: edit them.",
            "erased": "{number} were of erased customers.",
        },
        held_reasons={
            "undecodable": "undecodable",
            "unreadable": "unreadable",
            "unknown_account": "unknown account",
            "parser_failed": "reader failed",
            "parser_killed": "reading took too much",
            "too_large": "too large",
            "normalizer_failed": "cannot be normalised",
            "commit_failed": "refused by the database",
            "conflicting_repeat": "another repeat",
        },
        states={
            "held": "held",
            "redriven": "read again",
            "discarded": "put aside",
        },
    ),
}
