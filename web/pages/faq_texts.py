"""What the pages of a FAQ say around its articles, in every language they speak."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from normalizer.advice import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class FaqTexts:
    search: str
    search_hint: str
    button: str
    one: str
    many: str
    none: str
    none_advice: str
    others: str
    empty: str
    back: str
    helped: str
    yes: str
    no: str
    thanks: str
    sorry: str
    write: str
    other_language: str


FAQ_TEXTS: Final[Mapping[Language, FaqTexts]] = {
    "it": FaqTexts(
        search="Cerca una risposta",
        search_hint="Scrivi due o tre parole, per esempio: rimborso bonifico.",
        button="Cerca",
        one="Una risposta trovata",
        many="{count} risposte trovate",
        none="Nessuna risposta trovata",
        none_advice="Prova con altre parole, o guarda qui sotto.",
        others="Altro",
        empty="Qui non c'è ancora nessuna risposta.",
        back="Tutte le domande",
        helped="Ti è stato utile?",
        yes="Sì, grazie",
        no="No, non ancora",
        thanks="Grazie: siamo contenti che ti sia servito.",
        sorry="Grazie, lo miglioreremo. Intanto scrivici: ti risponde una persona.",
        write="Scrivi a una persona",
        other_language="Questo articolo c'è solo in un'altra lingua.",
    ),
    "en": FaqTexts(
        search="Find an answer",
        search_hint="Write two or three words, for example: refund transfer.",
        button="Search",
        one="One answer found",
        many="{count} answers found",
        none="No answer found",
        none_advice="Try other words, or look below.",
        others="More",
        empty="There are no answers here yet.",
        back="All questions",
        helped="Was this helpful?",
        yes="Yes, thank you",
        no="No, not yet",
        thanks="Thank you: we are glad that it helped.",
        sorry="Thank you, we will make it better. Meanwhile write to us: a person will answer.",
        write="Write to a person",
        other_language="This article is there in another language only.",
    ),
}
