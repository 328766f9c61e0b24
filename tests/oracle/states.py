"""What is compared after every step: everything that identity knows, of the model and of the real one, in one form."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.oracle.customers import Customers
from tests.oracle.suggested import Asked
from tests.oracle.terms import Customer, Field, Key, LinkName, TalkName

FIELDS: Final[tuple[Field, ...]] = ("language", "tier")


@dataclass(frozen=True)
class LinkState:
    home: Customer
    owner: Customer
    ended: str | None


@dataclass(frozen=True)
class MessageState:
    """`owner` is whose it is now, `under` whose it was when it was written."""

    owner: Customer
    under: Customer
    sequence: int
    talk: TalkName


@dataclass(frozen=True)
class TalkState:
    """A conversation. `owner` is None while it holds words of two, and it is one of the two's."""

    owner: Customer | None
    split: bool
    messages: int
    channels: tuple[str, ...]
    opened_ms: int
    last_ms: int
    open: bool


@dataclass(frozen=True)
class CustomerState:
    """Of a customer below another only `into` and `top` count; the rest is what it is taken for while it is at the top."""

    into: Customer | None
    top: Customer
    name: str | None = None
    language: str | None = None
    tier: str | None = None
    tags: tuple[str, ...] = ()
    messages: int = 0
    first_seen_ms: int = 0


@dataclass
class State:
    """A link goes by its handle and the place it has among the handle's links that are left."""

    links: dict[LinkName, LinkState] = field(default_factory=dict)
    messages: dict[str, MessageState] = field(default_factory=dict)
    talks: dict[TalkName, TalkState] = field(default_factory=dict)
    customers: dict[Customer, CustomerState] = field(default_factory=dict)
    link_ids: dict[LinkName, str] = field(default_factory=dict)
    suggested: list[tuple[Customer, Customer, str, str]] = field(default_factory=list)
    """The two of each suggestion, its reason and its state; only of the real one."""


def state_of(model: Customers) -> State:
    state = State()
    places: dict[Key, int] = {}
    for link in model.links:
        key = link.name.key
        places[key] = places.get(key, 0) + 1
        state.links[LinkName(key, places[key])] = LinkState(link.home, model.top(link.home), link.ended)
        state.link_ids[LinkName(key, places[key])] = str(link.name)
    for message in model.messages:
        owner = model.top(message.home)
        state.messages[message.id] = MessageState(owner, message.under, message.sequence, message.talk)
    state.talks = {talk: _talk(model, talk) for talk in model.talks()}
    for one in model.first_seen:
        into = model.above(one)
        own = CustomerState(into, model.top(one))
        if into is None:
            profile = (model.name(one), *(model.fact(one, field) for field in FIELDS), tuple(sorted(model.tags(one))))
            own = CustomerState(None, one, *profile, len(model.written(one)), model.since(one))
        state.customers[one] = own
    return state


def _talk(model: Customers, talk: TalkName) -> TalkState:
    words, split = model.words_in(talk), talk in model.split
    owners = model.owners(talk)
    owner = next(iter(owners)) if len(owners) == 1 else None
    channels = tuple(sorted({one.channel for one in words}))
    times = [one.at_ms for one in words]
    return TalkState(owner, split, len(words), channels, min(times), max(times), model.is_open(talk))


class Names:
    """Which of the real one's customers and conversations is which of the model's: one for one, and for ever, also after an
    erase."""

    def __init__(self) -> None:
        self.real: dict[Customer, Customer] = {}
        self.model: dict[Customer, Customer] = {}

    def pair(self, model: Customer, real: Customer) -> bool:
        """Whether the two go together with all that was paired before."""
        return self.real.setdefault(model, real) == real and self.model.setdefault(real, model) == model

    def back(self, value: Any) -> Any:
        """A part of the real one's state, with the model's names."""
        if isinstance(value, str):
            return self.model.get(value, value)
        changed = {name: self.back(part) for name, part in vars(value).items() if isinstance(part, str)}
        return type(value)(**(vars(value) | changed))


def differences(model: State, real: State, names: Names) -> Iterator[str]:
    """Each thing that is not the same, in words. `names` learns who is new."""
    for name in model.links.keys() & real.links.keys():
        if not names.pair(model.links[name].home, real.links[name].home):
            yield f"link {name}: its home was another customer before, or this customer was another"
    for id_ in model.messages.keys() & real.messages.keys():
        if not names.pair(model.messages[id_].talk, real.messages[id_].talk):
            yield f"message {id_}: its conversation was another one before, or this conversation was another"
    yield from _unlike("link", model.links, real.links, names)
    yield from _unlike("message", model.messages, real.messages, names)
    talks = {names.back(one): state for one, state in real.talks.items()}
    yield from _unlike("conversation", model.talks, talks, names)
    customers = {names.back(one): _as_compared(state) for one, state in real.customers.items()}
    yield from _unlike("customer", model.customers, customers, names)


def unasked(model: Customers, real: State, names: Names) -> Iterator[str]:
    """What is wrong with the queue of suggestions, in words."""
    tops = {names.back(one): names.back(state.top) for one, state in real.customers.items()}
    there, closed = set(), model.closed()
    for *pair, reason, state in real.suggested:
        who = [names.back(each) for each in pair]
        now = frozenset(tops.get(each, "") for each in who)
        if "" in now or (state == "open" and (len(now) == 1 or now in closed)):
            why = "of whom one is gone, or who are one, or were taken apart"
            yield f"suggestion {reason}: expected nothing open between {' and '.join(who)}, {why}"
        if state != "accepted":
            there.add(Asked(now, reason))
    for asked in model.asked() - there:
        yield f"suggestion {asked.reason}: expected one between {' and '.join(sorted(asked.pair))}, found none"


def _as_compared(state: CustomerState) -> CustomerState:
    return state if state.into is None else CustomerState(state.into, state.top)


def _unlike(what: str, model: Mapping[Any, Any], real: Mapping[Any, Any], names: Names) -> Iterator[str]:
    for name in sorted(model.keys() | real.keys(), key=str):
        expected = model.get(name)
        found = names.back(real[name]) if name in real else None
        if expected != found:
            yield f"{what} {name}: expected {words(expected, found)}, found {words(found, expected)}"


def words(state: Any, other: Any) -> str:
    """The parts in which two states differ."""
    if state is None:
        return "none"
    parts = vars(state)
    unlike = {name: part for name, part in parts.items() if other is None or vars(other)[name] != part}
    return ", ".join(f"{name} {part}" for name, part in unlike.items())
