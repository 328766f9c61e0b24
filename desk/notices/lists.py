"""Who is told of contacts: distribution lists as the configuration has them, found by the names that rules use."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal
from zoneinfo import ZoneInfo

from desk.loops import bare
from desk.notices.schedule import Schedule
from normalizer.inbound import Handle

When = Literal["at_once", "digest", "breach"]
OWNERS: Final = "owners"
"""What figures call all addresses together that have no list: no figure names a person."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """One address of a list, and by which connector, from which of its accounts, it is told."""

    connector: str
    account: str | None
    handle: Handle


@dataclass(frozen=True, slots=True)
class Hook:
    """A web address, and the keys of the signatures."""

    url: str
    keys: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeList:
    """Who is told, and how. `brands`: of these only; empty for all. `schedule` is that of a digest. `snippet`: whether some of
    the customer's words are told. `figure` is its name in figures and the log."""

    name: str
    figure: str
    recipients: tuple[Recipient, ...]
    hook: Hook | None
    when: When
    schedule: Schedule | None
    zone: ZoneInfo
    language: str
    brands: frozenset[str]
    snippet: bool

    def serves(self, brand: str) -> bool:
        """Whether it is told of this brand's contacts."""
        return not self.brands or brand in self.brands


class Directory:
    """All lists. `address` makes the list of an owner that is a mail address and has none of its own, or gives None."""

    def __init__(self, lists: Mapping[str, NoticeList], address: Callable[[str], NoticeList | None] | None = None) -> None:
        self.lists = {key(name): one for name, one in lists.items()}
        self._address = address
        self._of_addresses: dict[str, NoticeList | None] = {}
        self._told = {bare(one.handle) for each in lists.values() for one in each.recipients}

    def __bool__(self) -> bool:
        return bool(self.lists) or self._address is not None

    def of(self, name: str) -> NoticeList | None:
        """The list of an owner or of somebody to notify; None where nobody is told by this name."""
        name = key(name)
        if name in self.lists or self._address is None:
            return self.lists.get(name)
        if name not in self._of_addresses:
            self._of_addresses[name] = found = self._address(name)
            self._told |= {bare(one.handle) for one in (found.recipients if found else ())}
        return self._of_addresses[name]

    def know(self, names: Iterable[str]) -> None:
        """These are all names that rules have: what comes from their addresses is told to nobody, from the first contact on."""
        for name in names:
            self.of(name)

    def named(self, names: Iterable[str], brand: str) -> list[NoticeList]:
        """The lists of these names that are told of a brand's contacts, each once."""
        found = (self.of(name) for name in names)
        return list({one.name: one for one in found if one is not None and one.serves(brand)}.values())

    def is_told(self, handles: Collection[Handle]) -> bool:
        """Whether one of them is an address that notices go to."""
        return any(bare(handle) in self._told for handle in handles)


def key(name: str) -> str:
    """A name as lists are found by: an address is the same in any spelling."""
    name = name.strip()
    return name.lower() if "@" in name else name
