"""What the pages of dead letters say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from normalizer.advice import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadTexts:
    """`done`, `notes`: by what was done, and why some stayed. `reasons`: why they died."""

    title: str
    tabs: str
    dead: str
    quarantine: str
    queue: str
    lying: str
    filters: str
    reason: str
    where: str
    no_letters: str
    none_fit: str
    fitting: str
    tick: str
    tick_some: str
    died: str
    died_at: str
    category: str
    preview: str
    redriven: str
    no_text: str
    acts: str
    all_fitting: str
    to: str
    where_from: str
    redrive: str
    discard: str
    at_most: str
    sure_discard: str
    sure_says: str
    why: str
    why_hint: str
    discard_now: str
    letter: str
    times: str
    message: str
    body: str
    edit_hint: str
    save_body: str
    cut: str
    left: str
    operation: str
    done: Mapping[str, str]
    notes: Mapping[str, str]
    reasons: Mapping[str, str]
    wheres: Mapping[str, str]

    def pairs(self, reasons: Sequence[str]) -> list[tuple[str, str]]:
        """Reasons to choose from."""
        return [(one, self.reasons.get(one, one)) for one in reasons]


DEAD: Final[Mapping[Language, DeadTexts]] = {
    "it": DeadTexts(
        title="Code",
        tabs="Parti",
        dead="Lettere morte",
        quarantine="Quarantena",
        queue="Coda",
        lying="{number} in tutto",
        filters="Filtri",
        reason="Motivo",
        where="Dove",
        no_letters="Nessuna lettera morta: tutto ciò che è stato consegnato è stato accettato.",
        none_fit="Nessuna corrisponde al filtro.",
        fitting="{shown} mostrate di {number} che corrispondono, tra le {looked} più vecchie.",
        tick="Scegli",
        tick_some="Scegline almeno una, o tutte quelle che corrispondono al filtro: non è stato fatto nulla.",
        died="Morta da",
        died_at="Morta il",
        category="Categoria",
        preview="Inizio",
        redriven="Rispedita",
        no_text="(senza testo)",
        acts="Azioni",
        all_fitting="tutte le {number} che corrispondono al filtro",
        to="Verso",
        where_from="la coda da cui viene",
        redrive="Rispedisci",
        discard="Elimina…",
        at_most="Al massimo {number} alla volta.",
        sure_discard="Lettere da eliminare: {number}",
        sure_says="Non torneranno in nessuna coda. Il messaggio resta nell'archivio, finché la conservazione lo prevede.",
        why="Perché",
        why_hint="Resta nel registro: niente nomi, niente indirizzi.",
        discard_now="Elimina per sempre",
        letter="Lettera morta",
        times="Morta quante volte",
        message="Messaggio",
        body="Contenuto",
        edit_hint="Resta dov'è, con il nuovo contenuto; l'identificativo non può cambiare.",
        save_body="Salva il contenuto",
        cut="È più lungo: qui se ne vede l'inizio.",
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
        reasons={
            "rejected": "rifiutata",
            "delivery_limit": "troppe consegne",
            "expired": "scaduta",
            "maxlen": "coda piena",
            "unrouted": "senza coda",
            "unknown": "sconosciuto",
        },
        wheres={
            "dead": "Lettere morte",
            "unrouted": "Senza coda",
        },
    ),
    "en": DeadTexts(
        title="Queues",
        tabs="Parts",
        dead="Dead letters",
        quarantine="Quarantine",
        queue="Queue",
        lying="{number} in all",
        filters="Filters",
        reason="Reason",
        where="Where",
        no_letters="No dead letters: everything that was delivered was taken.",
        none_fit="None fits the filter.",
        fitting="{shown} shown of {number} that fit, among the oldest {looked}.",
        tick="Choose",
        tick_some="Choose at least one, or all that fit the filter: nothing was done.",
        died="Dead for",
        died_at="Died",
        category="Category",
        preview="Beginning",
        redriven="Driven again",
        no_text="(no text)",
        acts="Acts",
        all_fitting="all {number} that fit the filter",
        to="To",
        where_from="the queue it came from",
        redrive="Drive again",
        discard="Discard…",
        at_most="At most {number} at a time.",
        sure_discard="Letters to discard: {number}",
        sure_says="They will come back to no queue. The message stays stored for as long as retention says.",
        why="Why",
        why_hint="It is kept in the log: no names, no addresses.",
        discard_now="Discard for good",
        letter="Dead letter",
        times="Times it died",
        message="Message",
        body="Body",
        edit_hint="It stays where it is, with the new body; its id cannot change.",
        save_body="Save the body",
        cut="It is longer: this is its beginning.",
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
        reasons={
            "rejected": "rejected",
            "delivery_limit": "too many deliveries",
            "expired": "expired",
            "maxlen": "queue full",
            "unrouted": "no queue",
            "unknown": "unknown",
        },
        wheres={
            "dead": "Dead letters",
            "unrouted": "No queue",
        },
    ),
}
