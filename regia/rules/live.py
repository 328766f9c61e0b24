"""The versions of the rules that decide at one moment. What changes is which of these is used, never one of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from router.ruleset import Ruleset

EVERY_BRAND: Final = "*"
"""The name under which the rules of all brands stand that have none of their own. No brand can be called so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """`live` decides, `shadow` is only asked: each by brand, or `EVERY_BRAND`, which `live` always has."""

    live: Mapping[str, Ruleset]
    shadow: Mapping[str, Ruleset] = field(default_factory=dict)

    @classmethod
    def of_all(cls, ruleset: Ruleset) -> "Rules":
        """One version for every brand."""
        return cls(live={EVERY_BRAND: ruleset})

    def of(self, brand: str) -> Ruleset:
        """What decides about a brand's messages."""
        return self.live.get(brand) or self.live[EVERY_BRAND]

    def shadow_of(self, brand: str) -> Ruleset | None:
        """What is asked beside it; None where that is nothing, or the same version."""
        found = self.shadow.get(brand) or self.shadow.get(EVERY_BRAND)
        return None if found is None or found.hash == self.of(brand).hash else found

    def slot(self, brand: str) -> str:
        """Under which name the rules of a brand stand."""
        return brand if brand in self.live else EVERY_BRAND

    def version(self, hash_: str) -> Ruleset | None:
        """The version of this hash, where it is one of these."""
        return next((one for one in self if one.hash == hash_), None)

    def __iter__(self) -> Iterator[Ruleset]:
        yield from self.live.values()
        yield from self.shadow.values()
