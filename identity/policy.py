"""What may be decided without a person, as the configuration's section `identity` has it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import translate
from functools import lru_cache
from types import MappingProxyType
from typing import Final, Literal

from normalizer.inbound import Handle

Source = Literal["agent", "api", "import", "connector"]
"""Where a fact of a profile comes from."""

AUTHORITY: Final[tuple[Source, ...]] = ("agent", "api", "import", "connector")
CAPS: Final[Mapping[str, int]] = MappingProxyType({"phone": 4, "email": 6, "crm": 1})
_UNREAD: Final = (
    *("no reply", "do not reply", "non rispondere", "nicht antworten", "ne pas repondre", "no responder", "nao responder"),
)
"""What programs call the address they write from; between the words stands nothing, or one of these."""
_BETWEEN: Final = ("", "-", "_", ".")
SHARED: Final = (
    *("info@*", "office@*", "ufficio@*", "sales@*", "vendite@*", "admin@*", "amministrazione@*", "contact@*", "contatti@*"),
    *(f"{between.join(words.split())}@*" for words in _UNREAD for between in _BETWEEN),
    *("postmaster@*", "mailer-daemon@*", "webmaster@*", "ordini@*", "orders@*"),
    *("*@example.com", "*@example.org", "*@test.com", "test@*", "nobody@*", "none@*", "null@*"),
)
"""Addresses that belong to a post, or to a program, and not to a person, and what people type who do not want to give one."""
CRM: Final = "crm"
"""The kind of a handle that another system of ours gave: a customer has one."""
_DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """See docs/identity.md. `window_ms`: how long a conversation stays open without a word; `talk_most`: after how many
    messages only answers join it. `caps`: handles of a kind one customer may have, `cap_other` for the kinds it does not name.
    Times are in days."""

    window_ms: int = 72 * 3_600_000
    talk_most: int = 1_000
    caps: Mapping[str, int] = field(default_factory=lambda: CAPS)
    cap_other: int = 8
    merges_per_day: int = 3
    suggestions_per_day: int = 20
    shared: tuple[str, ...] = SHARED
    names_differ: bool = True
    recycled_kinds: frozenset[str] = frozenset({"phone"})
    recycle_days: int = 365
    reassign_days: int = 45
    order_fields: tuple[str, ...] = ("order",)
    authority: tuple[Source, ...] = AUTHORITY

    def cap(self, kind: str) -> int:
        """How many handles of a kind one customer may come to have by a merge that nobody decided."""
        return self.caps.get(kind, 1 if kind == CRM else self.cap_other)

    def is_shared(self, handle: Handle) -> bool:
        """Whether it is known to be of many people. Phones of one digit repeated are placeholders too."""
        value = handle.value.lower()
        if handle.kind == "phone" and len(set(value.lstrip("+")[3:])) <= 1:
            return True
        return _any_of(self.shared).fullmatch(value) is not None

    @property
    def recycle_ms(self) -> int:
        return self.recycle_days * _DAY_MS

    @property
    def reassign_ms(self) -> int:
        return self.reassign_days * _DAY_MS


@lru_cache(maxsize=64)
def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(translate(pattern.lower()) for pattern in patterns) or r"(?!)")
