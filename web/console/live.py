"""The page Live: messages as they arrive, and how the system is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRow:
    """A message in the list. `queued_ms`: how long it took to its queue; None while it waits. `state` is published, pending,
    unrouted or discarded; `rule` decided the category, or discarded it; empty where none did. `emoji` is that of a reaction."""

    id: str
    received_ms: int
    brand: str
    channel: str
    connector: str
    kind: str
    customer_id: str
    customer: str
    handle_kind: str
    handle: str
    subject: str
    text: str
    emoji: str
    category: str
    rule: str
    priority: int
    state: str
    queued_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveFilter:
    """What is shown: empty stands for all."""

    brand: str = ""
    channel: str = ""
    category: str = ""

    def fits(self, row: MessageRow) -> bool:
        pairs = ((self.brand, row.brand), (self.channel, row.channel), (self.category, row.category))
        return all(wanted in ("", has) for wanted, has in pairs)

    @property
    def query(self) -> dict[str, str]:
        """As an address carries it."""
        given = {"brand": self.brand, "channel": self.channel, "category": self.category}
        return {name: value for name, value in given.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What can be chosen in the filters: value to what it is called."""

    brands: tuple[str, ...]
    channels: tuple[str, ...]
    categories: tuple[tuple[str, str], ...]
