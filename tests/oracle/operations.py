"""What can happen to customers, in a form that can be read, and done on the model and on the real one.

An operation names customers by handles: who owns one now, or whose home its link has. So it still means something
when others before it are left out, which is how a failing sequence is made short. `on` says what that is: the method to
call, and with what, in the model's names; or None where nobody has the handle.
"""

from dataclasses import dataclass
from typing import Any

from tests.oracle.customers import Customers
from tests.oracle.facts import Reply
from tests.oracle.terms import DAY_MS, Contact, Given, Key

Call = tuple[str, tuple[Any, ...]]


@dataclass(frozen=True)
class Contacts:
    batch: tuple[Contact, ...]

    def __str__(self) -> str:
        return "contacts\n" + "\n".join(f"      {_contact(one)}" for one in self.batch)

    def on(self, model: Customers) -> Call | None:
        return "contacts", (self.batch,)


@dataclass(frozen=True)
class Merge:
    """The owners of two handles; `below` takes the first one's home instead, which may not be at the top."""

    one: Key
    other: Key
    top: int | None
    below: bool
    at_ms: int

    def __str__(self) -> str:
        who = "home" if self.below else "owner"
        top = "" if self.top is None else f", {('first', 'second')[self.top]} on top"
        return f"merge the {who} of {self.one} and the owner of {self.other}{top}"

    def on(self, model: Customers) -> Call | None:
        links = model.live(self.one), model.live(self.other)
        if links[0] is None or links[1] is None:
            return None
        pair = links[0].home if self.below else model.top(links[0].home), model.top(links[1].home)
        return "merge", (*pair, None if self.top is None else pair[self.top], self.at_ms)


@dataclass(frozen=True)
class Unmerge:
    """The home of a handle's link (or of the claim that a merge has ended), or
    who stands `up` steps above it (or as many as there are) and below another."""

    key: Key
    up: int
    at_ms: int

    def __str__(self) -> str:
        return f"unmerge the home of {self.key}" + (f", {self.up} up" if self.up else "")

    def on(self, model: Customers) -> Call | None:
        if (link := model.current(self.key)) is None:
            return None
        one = link.home
        for _ in range(self.up):
            above = model.above(one)
            if above is None or model.above(above) is None:
                break
            one = above
        return "unmerge", (one, self.at_ms)


@dataclass(frozen=True)
class Release:
    key: Key
    at_ms: int

    def __str__(self) -> str:
        return f"release {self.key}"

    def on(self, model: Customers) -> Call | None:
        link = model.live(self.key)
        return None if link is None else ("release", (link.name, self.at_ms))


@dataclass(frozen=True)
class Changed:
    old: Key
    new: Key
    at_ms: int

    def __str__(self) -> str:
        return f"the owner of {self.old} has {self.new.value} now"

    def on(self, model: Customers) -> Call | None:
        return "changed", (self.old, self.new, self.at_ms)


@dataclass(frozen=True)
class Erase:
    key: Key
    at_ms: int

    def __str__(self) -> str:
        return f"erase the owner of {self.key}"

    def on(self, model: Customers) -> Call | None:
        link = model.live(self.key)
        return None if link is None else ("erase", (model.top(link.home), self.at_ms))


@dataclass(frozen=True)
class SetFact:
    """Of the home of a handle's link, or of its owner."""

    key: Key
    home: bool
    given: Given
    at_ms: int

    def __str__(self) -> str:
        said = f"{self.given.source} says {self.given.field} {self.given.value!r}"
        return f"{said} of the {'home' if self.home else 'owner'} of {self.key}"

    def on(self, model: Customers) -> Call | None:
        if (link := model.live(self.key)) is None:
            return None
        return "set_fact", (link.home if self.home else model.top(link.home), self.given, self.at_ms)


@dataclass(frozen=True)
class Answered:
    """A person's reply to a message has left."""

    reply: Reply

    @property
    def at_ms(self) -> int:
        return self.reply.at_ms

    def __str__(self) -> str:
        return " to ".join(("reply " + self.reply.id.rpartition("-")[2], self.reply.to.rpartition("-")[2]))

    def on(self, model: Customers) -> Call | None:
        there = any(message.id == self.reply.to for message in model.messages)
        return ("reply", (self.reply,)) if there else None


Operation = Contacts | Answered | Merge | Unmerge | Release | Changed | Erase | SetFact


def _contact(contact: Contact) -> str:
    parts = [f"{contact.id.rpartition('-')[2]} in {contact.space} from {contact.sender}"]
    parts += [f"alias {one}" for one in contact.aliases] + [f"names {one}" for one in contact.claims]
    parts += [f"{what} {value!r}" for what, value in (("as", contact.name), ("order", contact.order)) if value]
    parts += [f"in {contact.language}"] if contact.language else []
    parts += ["by records"] if contact.recorded else []
    parts += [f"on {contact.channel}"] if contact.channel != "whatsapp" else []
    parts += [f"of many ({contact.many})"] if contact.many else []
    parts += [
        f"{what} {id_.rpartition('-')[2]}" for what, id_ in (("answers", contact.reply_to), ("marked as", contact.mark)) if id_
    ]
    return f"{when(contact.at_ms)}  {', '.join(parts)}" + (f", {contact.words[:20]!r}" if contact.words else "")


def when(at_ms: int) -> str:
    """Days, hours and minutes since the beginning of the sequence."""
    days, rest = divmod(at_ms, DAY_MS)
    return f"{days:>4}d {rest // 3_600_000:02}:{rest // 60_000 % 60:02}"


def described(operations: tuple[Operation, ...]) -> str:
    return "\n".join(
        f"{number:>2}. {one}" if isinstance(one, Contacts) else f"{number:>2}. {when(one.at_ms)}  {one}"
        for number, one in enumerate(operations, 1)
    )
