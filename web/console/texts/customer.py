"""What the pages of one customer say."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from desk.refusals import REFUSALS
from normalizer.advice import Language
from web.console.texts import customer_en as en
from web.console.texts import customer_it as it
from web.console.texts import customer_lists_en as lists_en
from web.console.texts import customer_lists_it as lists_it
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
    promises: Mapping[str, str]
    surveys: Mapping[str, str]
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
        reasons=lists_it.REASONS,
        guards=lists_it.GUARDS,
        refusals=_refusals(lists_it.REFUSALS),
        fields=lists_it.FIELDS,
        wrong=lists_it.WRONG,
        refused=lists_it.REFUSED,
        acts=lists_it.ACTS,
        ended=lists_it.ENDED,
        tickets=lists_it.TICKETS,
        promises=lists_it.PROMISES,
        surveys=lists_it.SURVEYS,
        states=lists_it.STATES,
        codes=lists_it.CODES,
        erasing=lists_it.ERASING,
    ),
    "en": CustomerTexts(
        list=CUSTOMERS["en"],
        words=en.WORDS,
        reasons=lists_en.REASONS,
        guards=lists_en.GUARDS,
        refusals=_refusals(lists_en.REFUSALS),
        fields=lists_en.FIELDS,
        wrong=lists_en.WRONG,
        refused=lists_en.REFUSED,
        acts=lists_en.ACTS,
        ended=lists_en.ENDED,
        tickets=lists_en.TICKETS,
        promises=lists_en.PROMISES,
        surveys=lists_en.SURVEYS,
        states=lists_en.STATES,
        codes=lists_en.CODES,
        erasing=lists_en.ERASING,
    ),
}
