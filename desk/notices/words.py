"""What notices say, by language."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

FALLBACK: Final = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """`{…}` is filled in. `heads` are those of the table, in the order of its columns."""

    single: str
    digest: str
    flood: str
    warning: str
    breach: str
    promises: str
    heads: tuple[str, ...]
    promise_heads: tuple[str, ...]
    answered: str
    more: str
    ticket: str
    why: str


WORDS: Final[Mapping[str, Words]] = {
    "it": Words(
        single="Nuovo contatto: {category}, {channel} ({reference})",
        digest="Contatti: {count}",
        flood="Contatti, tutti insieme perché sono molti: {count}",
        warning="Sta per scadere: {category}, {channel} ({reference})",
        breach="Scaduto: {category}, {channel} ({reference})",
        promises="Scadenze: {count}",
        heads=("Ricevuto", "Canale", "Categoria", "Priorità", "Numero", "In attesa da", "Dove"),
        promise_heads=("Scadenza",),
        answered="ha risposta",
        more="e altri {count}",
        ticket="ticket {ticket}",
        why="Questo avviso è automatico: va a chi è responsabile di questi contatti.",
    ),
    "en": Words(
        single="New contact: {category}, {channel} ({reference})",
        digest="Contacts: {count}",
        flood="Contacts, all together since they are many: {count}",
        warning="About to be late: {category}, {channel} ({reference})",
        breach="Late: {category}, {channel} ({reference})",
        promises="Response times: {count}",
        heads=("Received", "Channel", "Category", "Priority", "Number", "Waiting since", "Where"),
        promise_heads=("Due",),
        answered="answered",
        more="and {count} more",
        ticket="ticket {ticket}",
        why="This notice is automatic: it goes to those who are responsible for these contacts.",
    ),
}


def words_of(language: str) -> Words:
    """Those of a language, or the English ones."""
    return WORDS.get(language, WORDS[FALLBACK])
