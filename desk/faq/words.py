"""Words that say nothing of what is asked, by language: a query is searched without them."""

from collections.abc import Mapping
from typing import Final

from normalizer.advice import Language

# ruff: noqa: SIM905  # words are listed in lines rather than in columns

SAY_NOTHING: Final[Mapping[Language, frozenset[str]]] = {
    "it": frozenset(
        (
            "a ad ai al alla alle allo anche c che chi ci col come con cosa cui d da dal dalla dei del dell della "
            "delle dello di do dove e ed era gli ha hai hanno ho i il in io l la le lei li lo loro lui ma mi mia mie "
            "miei mio ne nei nel nella non o per perche piu posso puo quale quali quando quanto quella quello questa "
            "questo s se sei si siete sono su sul sulla t ti tra tu un una uno v vi voglio vorrei "
        ).split()
    ),
    "en": frozenset(
        (
            "a about am an and are as at be been but by can could d did do does for from get had has have how i if in "
            "is it its ll m me my of on or our s should so t that the their them there they this to ve was we what "
            "when where which who why will with would you your "
        ).split()
    ),
}
"""Folded, as `router.fold.words` gives them."""
