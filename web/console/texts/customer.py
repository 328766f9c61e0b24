"""What the pages of one customer say."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from desk.refusals import REFUSALS
from normalizer.advice import Language
from web.console.texts import customer_en as en
from web.console.texts import customer_it as it
from web.console.texts.customers import CUSTOMERS, CustomersTexts


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerTexts:
    """`list` is what the list of customers says too, `words` single words and sentences by their name. `reasons`: why two may
    be one (`identity.suggestions.Reason`), and `guards`, which keep two from being merged by themselves. `refusals`: why a
    reply was not sent (`desk.refusals.RefusalReason`). `fields`, `wrong`: those of the profile, and what is to be corrected in
    them; `refused` why a CRM id is not taken. `acts`, `ended`, `tickets`, `states`, `codes`: of the log, of links, of what
    ticket systems tell, of replies and of why they failed. `erasing`: why an erase has to be asked for again."""

    list: CustomersTexts
    words: Mapping[str, str]
    reasons: Mapping[str, str]
    guards: Mapping[str, str]
    refusals: Mapping[str, str]
    fields: Mapping[str, str]
    wrong: Mapping[str, str]
    refused: Mapping[str, str]
    acts: Mapping[str, str]
    ended: Mapping[str, str]
    tickets: Mapping[str, str]
    states: Mapping[str, str]
    codes: Mapping[str, str]
    erasing: Mapping[str, str]


def _refusals(own: Mapping[str, str]) -> Mapping[str, str]:
    """Those that people of the console never meet are in English."""
    return {**{str(reason): text for reason, text in REFUSALS.items()}, **own}


CUSTOMER: Final[Mapping[Language, CustomerTexts]] = {
    "it": CustomerTexts(
        list=CUSTOMERS["it"],
        words=it.WORDS,
        reasons=it.REASONS,
        guards=it.GUARDS,
        refusals=_refusals(it.REFUSALS),
        fields=it.FIELDS,
        wrong=it.WRONG,
        refused=it.REFUSED,
        acts=it.ACTS,
        ended=it.ENDED,
        tickets=it.TICKETS,
        states=it.STATES,
        codes=it.CODES,
        erasing=it.ERASING,
    ),
    "en": CustomerTexts(
        list=CUSTOMERS["en"],
        words=en.WORDS,
        reasons=en.REASONS,
        guards=en.GUARDS,
        refusals=_refusals(en.REFUSALS),
        fields=en.FIELDS,
        wrong=en.WRONG,
        refused=en.REFUSED,
        acts=en.ACTS,
        ended=en.ENDED,
        tickets=en.TICKETS,
        states=en.STATES,
        codes=en.CODES,
        erasing=en.ERASING,
    ),
}
