"""Which rules a page of the console is about: the brand, the version that decides, a stored one, or the draft of who asks."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from connectors.errors import Rejected
from regia.http.console.visit import Visit
from regia.rules.live import EVERY_BRAND
from regia.trying.attempt import Sources
from router.load import ruleset_hash
from router.ruleset import Ruleset
from storage import drafts, rulesets
from storage.drafts import Draft

LIVE: Final = "live"
DRAFT: Final = "draft"


@dataclass(frozen=True, slots=True)
class Version:
    """Rules by their hash."""

    hash: str
    sources: Sources

    @classmethod
    def of(cls, sources: Sources) -> "Version":
        return cls(ruleset_hash([text for _, text in sources]), sources)


def brands(visit: Visit) -> list[str]:
    """The names under which rules stand: `*` and the brands with rules of their own."""
    return sorted(visit.gateway.versions.rules.live)


def brand_of(visit: Visit) -> str:
    """The one that is asked about. Raises `Rejected`."""
    known = brands(visit)
    wanted = visit.form.text("brand") or visit.word("brand") or (EVERY_BRAND if EVERY_BRAND in known else known[0])
    if wanted not in known:
        raise Rejected("not_found", "no brand of this name has rules of its own")
    return wanted


def live(visit: Visit, brand: str) -> Ruleset:
    """What decides on this node."""
    return visit.gateway.versions.rules.live[brand]


async def version(visit: Visit, brand: str, name: str) -> Version:
    """`live`, `draft`, or the hash of a stored version. Raises `Rejected`."""
    if name in (LIVE, ""):
        return Version(live(visit, brand).hash, live(visit, brand).sources)
    if name == DRAFT:
        draft = await draft_of(visit, brand)
        if draft is None:
            raise Rejected("not_found", "you have no draft for this brand")
        return Version.of(sources_in(draft.sources))
    stored = await visit.read(lambda connection: rulesets.sources_of(connection, name))
    if stored is None:
        raise Rejected("not_found", "no version of the rules has this hash")
    return Version(name, sources_in(stored))


async def draft_of(visit: Visit, brand: str) -> Draft | None:
    id_ = visit.me.person.id
    return await visit.read(lambda connection: drafts.find(connection, id_, brand))


def sources_in(stored: str) -> Sources:
    """As they are kept."""
    return tuple((name, text) for name, text in json.loads(stored))


def short_names(names: Sequence[str]) -> list[str]:
    """File names without what they all have in front."""
    last = [name.rpartition("/")[2] for name in names]
    return last if len(set(last)) == len(last) else list(names)
